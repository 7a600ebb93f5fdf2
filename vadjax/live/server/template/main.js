// The page of a watch: one camera at a time, followed by server-sent events.
import { at, ask, choose, chosen, make } from "./api.js";
import * as events from "./events.js";
import * as health from "./health.js";
import * as now from "./now.js";
import * as rules from "./rules.js";

async function begin() {
  const about = await ask("/api/about");
  document.title = about.title;
  for (const part of document.querySelectorAll(".of-live")) part.hidden = !about.watching;
  events.begin();
  if (about.watching) {
    now.begin();
    rules.begin();
  }
  const select = at("source");
  const sources = await ask("/api/sources");
  select.replaceChildren(...sources.map(({ name }) => make("option", {}, name)));
  select.closest("label").hidden = sources.length < 2;
  select.addEventListener("change", () => {
    history.replaceState(null, "", `#camera=${encodeURIComponent(select.value)}`);
    take(sources.find((one) => one.name === select.value));
  });
  const wanted = decodeURIComponent(location.hash.replace("#camera=", ""));
  const first = sources.find((one) => one.name === wanted) || sources[0];
  if (first) {
    select.value = first.name;
    take(first);
  } else {
    at("nothing").hidden = false;
    at("nothing").textContent = "Nothing is here yet.";
  }
  if (about.watching) {
    health.sinks();
    setInterval(() => document.hidden || health.sinks().catch(() => {}), 10000);
  }
  listen();
}

function take(source) {
  choose(source.name);
  now.fare(source);
  health.receive({ sources: [source] });
}

function listen() {
  const stream = new EventSource("/api/stream");
  let gone = false;
  stream.addEventListener("open", () => {
    at("offline").hidden = true;
    if (gone) choose(chosen.source); // what was missed meanwhile
    gone = false;
  });
  stream.addEventListener("error", () => {
    gone = true;
    at("offline").hidden = false;
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  });
  stream.addEventListener("now", ({ data }) => {
    const message = JSON.parse(data);
    now.receive(message);
    health.receive(message);
  });
  stream.addEventListener("event", ({ data }) => events.receive(JSON.parse(data)));
}

begin();
