// How the watch fares.
import { at, ask, chosen, lasting, make, number } from "./api.js";

export function receive({ sources }) {
  const own = sources.find((one) => one.name === chosen.source);
  if (own?.watched) tiles(own);
}

function tiles(source) {
  const ms = (seconds) => (seconds === null ? "–" : `${Math.round(1000 * seconds)} ms`);
  const seen = source.frames + source.dropped;
  const rows = [
    ["Frames a second", number(source.fps, 3), "over the last minute"],
    ["Latency", ms(source.latency_p50_s), `99 of 100 frames within ${ms(source.latency_p99_s)}`],
    ["Left out", seen ? `${number((100 * source.dropped) / seen, 2)} %` : "–", `${source.dropped.toLocaleString("en")} of ${seen.toLocaleString("en")} frames`],
    ["Connected again", String(source.reconnects), source.reconnects === 1 ? "time" : "times"],
    ["Memory", `${Math.round(source.memory_bytes / 1e6)} MB`, "of the whole process"],
    ["Watched for", lasting(Date.now() / 1000 - source.since), `since ${new Date(1000 * source.since).toLocaleString()}`],
  ];
  at("tiles").replaceChildren(...rows.map(([name, value, note]) => make("div", {}, make("dt", {}, name), make("dd", {}, value), make("dd", { class: "note" }, note))));
}

export async function sinks() {
  const found = await ask("/api/health");
  at("health-scope").textContent = found.well ? "all well" : `lost: ${found.lost.join(", ")}`;
  at("sinks").hidden = !found.sinks.length;
  at("sinks").tBodies[0].replaceChildren(...found.sinks.map((sink) => make("tr", {}, make("td", {}, sink.address), ...["delivered", "waiting", "attempts_failed"].map((key) => make("td", { class: "n" }, String(sink[key]))), make("td", { class: "note" }, sink.fault || "none"))));
}
