// One video: what the cursor says, which picture it shows, and on which scale it is drawn.
function timeline(item, video) {
  const plot = item.querySelector(".plot");
  const readout = item.querySelector(".readout");
  const single = item.querySelector(".with-picture img");
  const standing = [...item.querySelectorAll("img[data-frame]")];
  const pictures = [
    ...video.pictures,
    ...standing.map((image) => ({ frame: Number(image.dataset.frame), uri: image.src, image })),
  ];
  const count = video.scores.length;
  const place = hair(plot);
  const bend = data.log ? (score) => Math.log(Math.max(score, 1e-30)) : (score) => score;
  let [low, high] = [data.low, data.high];
  let limit = video.threshold; // the run's, or what the slider tries

  const describe = (frame) => {
    const words = [`frame ${frame}`];
    if (video.edges) words.push(`${video.assumed ? "about " : ""}${clock(video.edges[frame])}`);
    words.push(`score ${number(video.scores[frame])}`);
    if (limit !== null) words.push(video.scores[frame] >= limit ? "at or above the threshold" : "below the threshold");
    if (video.truth) words.push(within(video.truth, frame) ? "truly abnormal" : "truly normal");
    const kind = within(video.kinds, frame);
    if (kind) words.push(kind[2]);
    if (within(video.filled, frame)) words.push("filled");
    return words.join(" · ");
  };

  const picture = (frame) => {
    if (!pictures.length) return;
    const gap = (one) => Math.abs(one.frame - frame);
    const near = pictures.reduce((best, one) => (gap(one) < gap(best) ? one : best));
    if (single) {
      if (single.dataset.frame === String(near.frame)) return;
      single.src = near.uri;
      single.dataset.frame = near.frame;
      single.alt = `Frame ${near.frame} of ${video.id}, score ${number(video.scores[near.frame])}`;
      single.closest("figure").querySelector("figcaption").textContent =
        `${video.edges ? `${clock(video.edges[near.frame])} · ` : ""}frame ${near.frame}`;
    } else {
      for (const image of standing) image.closest("figure").classList.toggle("near", image === near.image);
    }
  };

  const show = (frame) => {
    place((frame + 0.5) / count, 1 - (bend(video.scores[frame]) - low) / (high - low));
    picture(frame);
    return (readout.textContent = describe(frame));
  };
  let peak = 0;
  for (let frame = 1; frame < count; frame++) if (video.scores[frame] > video.scores[peak]) peak = frame;
  const move = slider(plot, { count, at: (x) => Math.floor(x * count), show, start: peak });
  if (!move) return null;
  for (const image of single ? [] : standing) {
    image.setAttribute("role", "button");
    image.tabIndex = 0;
    const go = () => move(Number(image.dataset.frame));
    image.addEventListener("click", go);
    image.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      go();
    });
  }

  const line = plot.querySelector(".limit");
  const ruled = () => {
    if (!line) return;
    const top = limit === null ? -1 : 1 - (bend(limit) - low) / (high - low);
    line.style.top = `${100 * top}%`;
    line.hidden = top < 0 || top > 1;
  };

  // Draw the alarms of a threshold that is tried; of none, the run's own again.
  const lane = item.querySelector(".lane");
  const drawn = [...lane.querySelectorAll(".alarm")];
  const hot = plot.querySelector("clipPath rect");
  const own = hot && hot.getAttribute("height");
  const follow = (tried) => {
    limit = tried === undefined ? video.threshold : tried;
    for (const one of lane.querySelectorAll(".alarm")) one.remove();
    const blocks = tried === undefined ? drawn : merged(calledAt(video, tried), video).map(([start, stop]) => {
      const block = document.createElement("i");
      block.className = "alarm";
      block.style.left = `${(100 * start) / count}%`;
      block.style.width = `${(100 * (stop - start)) / count}%`;
      return block;
    });
    lane.prepend(...blocks);
    if (hot) {
      const height = limit === null ? 0 : 400 + 200 * (1 - (bend(limit) - data.low) / (data.high - data.low));
      hot.setAttribute("height", tried === undefined ? own : Math.max(height, 0));
    }
    ruled();
  };

  // Redraw on the shared scale or on the video's own, by moving what page.py has drawn.
  const rescale = (own) => {
    [low, high] = [data.low, data.high];
    if (own) {
      low = bend(video.scores.reduce((a, b) => Math.min(a, b)));
      high = bend(video.scores[peak]);
      const air = 0.06 * (high - low || Math.abs(high) || 1);
      [low, high] = [low - air, high + air];
    }
    const factor = (data.high - data.low) / (high - low);
    const shift = 200 * ((high - data.high) / (high - low));
    const drawing = plot.querySelector("svg > g");
    if (drawing) drawing.setAttribute("transform", `translate(0 ${shift}) scale(1 ${factor})`);
    ruled();
    const cursor = plot.querySelector(".cursor");
    if (!cursor.hidden) show(Number(plot.getAttribute("aria-valuenow")));
  };
  // A film of a video without times has 10 frames a second.
  const edges = video.edges || Array.from({ length: count + 1 }, (_, frame) => frame / 10);
  return { item, move, rescale, follow, plot, count, edges, moments: video.moments };
}
