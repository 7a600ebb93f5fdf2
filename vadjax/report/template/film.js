// A film and its timeline move together: playing moves the cursor, pointing moves the film.
// The film of a long video shows some stretches of its frames alone, one behind the other.
function film(item, { plot, move, edges, count, moments }) {
  const video = item.querySelector("video");
  if (!video) return;
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
}
