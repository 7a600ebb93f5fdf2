// The page's numbers, embedded once by page.py. Scores are float32, exact.
const data = JSON.parse(document.getElementById("data").textContent);
for (const video of data.videos) {
  const bytes = Uint8Array.from(atob(video.scores), (letter) => letter.charCodeAt(0));
  video.scores = new Float32Array(bytes.buffer);
  // Seconds at which each frame begins, and at last the end; of an even video they follow from its rate.
  video.edges = video.times || (video.fps ? Array.from({ length: video.scores.length + 1 }, (_, frame) => frame / video.fps) : null);
  video.pictures = video.pictures.map(([frame, jpeg]) => ({ frame, uri: `data:image/jpeg;base64,${jpeg}` }));
}

const number = (value, digits = data.digits) => value.toFixed(digits).replace("-", "−");
const percent = (share) => `${(100 * share).toFixed(1)}\u00a0%`;

// 75.25 -> "1:15.2", as wording.clock.
function clock(seconds) {
  const tenths = Math.round(seconds * 10);
  const [hours, minutes] = [Math.floor(tenths / 36000), Math.floor(tenths / 600) % 60];
  const rest = `${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

// The frame that is shown at a time.
function frameAt(edges, seconds) {
  let [low, high] = [0, edges.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= seconds) low = middle;
    else high = middle;
  }
  return low;
}

const within = (stretches, frame) => (stretches || []).find(([start, stop]) => start <= frame && frame < stop);
