// A film and its timeline move together: playing moves the cursor, pointing moves the film.
function film(item, { plot, move, edges, count }) {
  const video = item.querySelector("video");
  if (!video) return;
  let leading = false; // the film moves the cursor, not the other way round
  const lead = () => {
    if (video.paused && !video.seeking) return;
    leading = true;
    move(Math.min(count - 1, frameAt(edges, video.currentTime + 1e-4)));
    leading = false;
  };
  video.addEventListener("timeupdate", lead);
  const follow = () => {
    if (leading || !item.querySelector("details.film").open || video.readyState < 1 || !video.paused) return;
    const frame = Number(plot.getAttribute("aria-valuenow"));
    video.currentTime = (edges[frame] + edges[frame + 1]) / 2;
  };
  plot.addEventListener("click", follow);
  plot.addEventListener("keyup", follow);
}
