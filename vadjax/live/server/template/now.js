// The live picture, and the score against the threshold over the last hour.
import { at, ask, chosen, clock, make, number } from "./api.js";

const HOUR = 3600;
const PICTURE_MS = 200;
let points = [];
let state = "";
let arrived = 0; // when the last points came; a file has a clock of its own

export function begin() {
  chosen.listeners.push(change);
  const picture = at("picture");
  let waiting = 0;
  const next = () => {
    if (!chosen.source || document.hidden) return;
    if (Date.now() - waiting < 5000) return;
    waiting = Date.now();
    picture.src = `/api/picture?source=${encodeURIComponent(chosen.source)}&_=${waiting}`;
  };
  const done = () => {
    const took = Date.now() - waiting;
    setTimeout(() => ((waiting = 0), next()), Math.max(PICTURE_MS, Math.min(2 * took, 3000)));
  };
  picture.addEventListener("load", done);
  picture.addEventListener("error", () => setTimeout(() => ((waiting = 0), next()), 2000));
  document.addEventListener("visibilitychange", next);
  chosen.listeners.push(() => ((waiting = 0), next()));
  setInterval(next, 5000);
}

async function change(source) {
  points = [];
  draw();
  try {
    const found = await ask("/api/scores", { source });
    if (source === chosen.source) points = found.points;
  } catch {
    points = []; // a source of which only events are known
  }
  draw();
}

// A message of the stream: new points of all sources, and how they fare.
export function receive({ scores, sources }) {
  const own = sources.find((one) => one.name === chosen.source);
  if (own) fare(own);
  const added = scores[chosen.source];
  if (!added) return;
  const first = added[0][0];
  if (added.at(-1)[0] !== points.at(-1)?.[0] || added.at(-1)[1] !== points.at(-1)?.[1]) arrived = Date.now();
  points = [...points.filter(([time]) => time < first), ...added];
  draw();
}

export function fare(source) {
  state = source.watched ? source.state : "not watched now";
  at("name").textContent = source.name;
  const learnt = typeof source.learnt === "number" ? `, ${Math.floor(100 * source.learnt)} % learnt` : "";
  at("state").textContent = [state + learnt, source.message].filter(Boolean).join(" · ");
  at("now").classList.toggle("dead", ["lost", "refused", "connecting", "ended"].includes(state));
  const size = source.size ? `${source.size[0]} × ${source.size[1]}` : "";
  const note = source.picture_time ? [clock(source.picture_time), size] : ["no picture yet"];
  at("picture-note").replaceChildren(...note.map((text) => make("span", {}, text)));
}

function draw() {
  const last = points.at(-1);
  const box = at("score-box");
  const stale = !last || Math.min(Date.now() - arrived, Date.now() - 1000 * last[0]) > 15000;
  at("score").textContent = last && !stale ? last[1].toFixed(2) : "–";
  const hot = last && !stale && last[2] !== null && last[1] >= last[2];
  box.classList.toggle("hot", Boolean(hot));
  const limit = last ? last[2] : null;
  at("score-note").textContent = !last || stale ? "no score at present" : limit === null ? "no threshold yet" : hot ? `at or above the threshold of ${number(limit)}` : `below the threshold of ${number(limit)}`;

  const end = last ? last[0] : Date.now() / 1000;
  const shown = points.filter(([time]) => time > end - HOUR);
  const top = 1.08 * shown.reduce((most, [, score, own]) => Math.max(most, score, own ?? 0), 1e-9);
  const low = Math.min(0, ...shown.map(([, score]) => score));
  const y = (score) => (100 * (1 - (score - low) / (top - low))).toFixed(2);
  let line = "";
  let high = "";
  let before = null;
  for (const [time, score, own] of shown) {
    const place = `${(time - end + HOUR).toFixed(1)} ${y(score)}`;
    const joined = before !== null && time - before.time < 5;
    line += `${joined ? "L" : "M"}${place}`;
    const above = own !== null && score >= own;
    if (above) high += joined && before.above ? `L${place}` : joined ? `M${before.place}L${place}` : `M${place}l1 0`;
    before = { time, above, place };
  }
  at("hour-line").setAttribute("d", line);
  at("hour-hot").setAttribute("d", high);
  at("hour-limit").hidden = limit === null;
  if (limit !== null) at("hour-limit").style.top = `${y(limit)}%`;
  at("hour").setAttribute("aria-label", `Scores of the last hour: ${at("score").textContent} now, ${at("score-note").textContent}`);
}
