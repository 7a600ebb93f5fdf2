// A film and its timeline move together: playing moves the cursor, pointing moves the film.
// The film of a long video shows some stretches of its frames alone, one behind the other.
function film(item, { plot, move, edges, count, moments }) {
  const video = item.querySelector("video");
  if (!video) return null;
  const spans = moments || [[0, count]];
  const lasts = ([start, stop]) => edges[stop] - edges[start];
  const frameOf = (time) => {
    for (const span of spans) {
      if (time < lasts(span)) return Math.min(span[1] - 1, frameAt(edges, edges[span[0]] + time));
      time -= lasts(span);
    }
    return spans[spans.length - 1][1] - 1;
  };
  const timeOf = (frame) => {
    let before = 0;
    for (const [start, stop] of spans) {
      const shown = Math.max(frame, start);
      if (frame < stop) return before + (edges[shown] + edges[shown + 1]) / 2 - edges[start];
      before += lasts([start, stop]);
    }
    const last = spans[spans.length - 1][1];
    return before - (edges[last] - edges[last - 1]) / 2;
  };
  let leading = false; // the film moves the cursor
  let following = false; // the cursor moves the film
  const lead = () => {
    if (following || (video.paused && !video.seeking)) return;
    leading = true;
    move(frameOf(video.currentTime + 1e-4));
    leading = false;
  };
  for (const name of ["timeupdate", "seeking"]) video.addEventListener(name, lead);
  video.addEventListener("seeked", () => (following = false));
  const follow = () => {
    if (leading || !item.querySelector("details.film").open || video.readyState < 1 || !video.paused) return;
    following = true;
    video.currentTime = timeOf(Number(plot.getAttribute("aria-valuenow")));
  };
  plot.addEventListener("click", follow);
  plot.addEventListener("keyup", follow);
  const shows = (frame) => spans.some(([start, stop]) => start <= frame && frame < stop);
  return { video, timeOf, shows, details: item.querySelector("details.film") };
}

// Plays an alarm from a second before it: the film if it shows the alarm, else the cursor, and with
// it the pictures, walks through the alarm. A reader who wants no motion stays at the peak.
const LEAD_S = 1;
let walking = null; // one alarm at a time
function playMoment(one, start, stop, peak) {
  clearInterval(walking);
  for (const other of document.querySelectorAll("video")) other.pause();
  let first = start;
  while (first > 0 && one.edges[start] - one.edges[first - 1] <= LEAD_S) first -= 1;
  if (one.film && one.film.shows(peak)) {
    while (!one.film.shows(first)) first += 1; // of a long video the film has moments alone
    const { video, timeOf, details } = one.film;
    details.open = true;
    details.scrollIntoView({ block: "center" });
    const begin = () => {
      video.currentTime = timeOf(first);
      video.play().catch(() => {}); // a browser may refuse; the film stands at the alarm then
    };
    if (video.readyState >= 1) return begin();
    video.addEventListener("loadedmetadata", begin, { once: true });
    video.preload = "auto";
    return video.load();
  }
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return undefined;
  const began = performance.now();
  one.move(first);
  walking = setInterval(() => {
    const frame = frameAt(one.edges, one.edges[first] + (performance.now() - began) / 1000);
    if (frame >= stop) {
      clearInterval(walking);
      return one.move(peak);
    }
    return one.move(frame);
  }, 40);
  for (const name of ["pointerdown", "keydown"]) {
    one.plot.addEventListener(name, () => clearInterval(walking), { once: true });
  }
  return undefined;
}
