// The list of events, the day that they lie in, and what a person says of them.
import { at, ask, chosen, clock, dayOf, lasting, make, number } from "./api.js";

const NAMES = { camera_lost: "The camera is lost", camera_back: "The camera is back", camera_changed: "The camera was moved, covered or changed", clock_jump: "The clock jumped", disk_full: "The disk is full: clips are not kept" };
let shown = [];
let following = null;
let request = 0;

export function begin() {
  at("day").value = dayOf(Date.now() / 1000);
  for (const id of ["kind", "answer", "whole-day"]) at(id).addEventListener("change", () => reload());
  at("day").addEventListener("change", () => turn(0));
  at("day-before").addEventListener("click", () => turn(-1));
  at("day-after").addEventListener("click", () => turn(1));
  at("more").addEventListener("click", () => reload(following));
  document.addEventListener("keydown", key);
  chosen.listeners.push(() => (reload(), drawDay()));
}

const noon = () => new Date(`${at("day").value || dayOf(Date.now() / 1000)}T12:00`);
function turn(days) {
  const date = noon();
  date.setDate(date.getDate() + days);
  at("day").value = dayOf(date / 1000);
  drawDay();
  if (at("whole-day").checked) reload();
}
function day() {
  const begin = noon();
  begin.setHours(0, 0, 0, 0);
  const end = new Date(begin);
  end.setDate(end.getDate() + 1);
  return [begin / 1000, end / 1000];
}

async function reload(before = null) {
  const mine = ++request;
  const answer = at("answer").value;
  const [since, until] = at("whole-day").checked ? day() : [null, null];
  const query = { source: chosen.source, kind: at("kind").value, answer: answer === "none" ? "" : answer, since, until, before, limit: 12 };
  const found = await ask("/api/events", query);
  if (mine !== request) return;
  const fitting = found.events.filter((event) => answer !== "none" || event.answer === null);
  shown = before ? [...shown, ...fitting] : fitting;
  following = found.next;
  if (!before) at("list").replaceChildren();
  for (const event of fitting) at("list").append(card(event));
  note();
}

function note() {
  at("more").hidden = following === null;
  at("nothing").hidden = shown.length > 0;
  const filtered = at("kind").value || at("answer").value || at("whole-day").checked;
  at("nothing").textContent = filtered ? "No event is like that." : "Nothing unusual so far.";
  const open = shown.filter((event) => event.state !== "closed" && event.kind === "anomaly").length;
  at("events-scope").textContent = open ? `${open} going on now` : "";
}

// An event has changed: its card is made anew, in its place.
export function receive(event) {
  if (event.source !== chosen.source) return;
  const old = document.getElementById(`event-${event.id}`);
  const index = shown.findIndex((one) => one.id === event.id);
  if (index >= 0) shown[index] = event;
  if (old) {
    const focused = old === document.activeElement;
    if (old.querySelector("video")) fill(old, event, true);
    else old.replaceWith(card(event));
    if (focused) document.getElementById(`event-${event.id}`).focus();
  } else if (index < 0 && !at("kind").value && !at("answer").value && !at("whole-day").checked) {
    shown.unshift(event);
    at("list").prepend(card(event));
  }
  note();
  drawDay();
}

function card(event) {
  const node = at("event").content.firstElementChild.cloneNode(true);
  node.id = `event-${event.id}`;
  node.querySelector(".play").addEventListener("click", () => play(node));
  for (const button of node.querySelectorAll("[data-answer]")) button.addEventListener("click", () => reply(node, button.dataset.answer));
  fill(node, event, false);
  return node;
}

function fill(node, event, playing) {
  node.event = event;
  const picture = `/api/events/${event.id}/picture`;
  const image = node.querySelector("img");
  if (!playing) {
    if (event.picture) image.src = `${picture}?${event.state}`;
    image.hidden = !event.picture;
    image.alt = event.picture ? `Picture of the event at ${clock(event.peak)}` : "";
    node.querySelector(".play").hidden = !event.clip;
    node.querySelector(".shot").hidden = !event.picture && !event.clip;
  }
  const when = node.querySelector("time");
  when.dateTime = new Date(1000 * event.start).toISOString();
  when.textContent = `${new Date(1000 * event.start).toLocaleDateString([], { weekday: "short", day: "numeric", month: "short" })}, ${clock(event.start)}`;
  const tag = node.querySelector(".tag");
  tag.hidden = event.state === "closed";
  tag.textContent = "going on";
  node.querySelector("h3").textContent = event.sentence || NAMES[event.kind] || "Something unusual";
  const facts = [];
  if (event.end !== null) facts.push(`lasted ${lasting(event.end - event.start)}`);
  if (event.like) facts.push("like one that matters");
  if (event.rarer_than_hours !== null) facts.push(`rarer than once in ${lasting(3600 * event.rarer_than_hours)}`);
  if (event.score !== null) facts.push(`score ${number(event.score)}${event.threshold === null ? "" : ` (threshold ${number(event.threshold)})`}`);
  if (event.expected !== null && event.actual !== null) facts.push(`usual ${number(event.expected, 2)}, here ${number(event.actual, 2)}`);
  if (event.cue) facts.push(event.cue);
  node.querySelector(".facts").replaceChildren(...facts.map((text) => make("span", {}, text)));
  node.classList.toggle("is-normal", event.answer === "normal");
  node.querySelector(".answers").hidden = event.kind !== "anomaly";
  for (const button of node.querySelectorAll("[data-answer]")) button.setAttribute("aria-pressed", String(button.dataset.answer === event.answer));
}

async function reply(node, answer) {
  const given = node.event.answer === answer ? null : answer;
  const event = await ask(`/api/events/${node.event.id}/answer`, { method: "PUT", body: { answer: given } });
  fill(node, event, Boolean(node.querySelector("video")));
  drawDay();
}

function play(node) {
  const old = node.querySelector("video");
  if (old) return old.paused ? old.play() : old.pause();
  if (!node.event.clip) return;
  const video = make("video", { controls: true, playsinline: true, src: `/api/events/${node.event.id}/clip` });
  video.muted = true;
  node.querySelector(".shot").replaceChildren(video);
  video.play().catch(() => {});
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, svg[role=application]")) return;
  const cards = [...at("list").children];
  const here = cards.indexOf(document.activeElement?.closest(".event"));
  const go = { j: Math.min(here + 1, cards.length - 1), k: Math.max(here - 1, 0) }[event.key];
  if (go !== undefined && cards[go]) {
    cards[go].focus();
    cards[go].scrollIntoView({ block: "nearest" });
  } else if (here >= 0 && event.key === "c") play(cards[here]);
  else if (here >= 0 && event.key === "n") reply(cards[here], "normal");
  else if (here >= 0 && event.key === "m") reply(cards[here], "matters");
  else return;
  event.preventDefault();
}

// A mark for each event of the day, as high as it was rare.
async function drawDay() {
  const [begin, end] = day();
  const found = await ask("/api/events", { source: chosen.source, since: begin, until: end, limit: 500 });
  const marks = found.events.map((event) => {
    const mark = make("button", { class: event.kind !== "anomaly" ? "plain" : event.answer === "normal" ? "normal" : "", "aria-label": `${clock(event.start)}, ${event.sentence || NAMES[event.kind] || "something unusual"}`, title: clock(event.start) });
    const length = (event.end ?? Date.now() / 1000) - event.start;
    mark.style.left = `${(100 * (event.start - begin)) / (end - begin)}%`;
    mark.style.width = `${(100 * length) / (end - begin)}%`;
    const rare = event.rarer_than_hours === null ? 0.5 : Math.min(1, Math.log10(1 + event.rarer_than_hours) / 3);
    mark.style.height = `${35 + 65 * rare}%`;
    mark.addEventListener("click", () => show(event));
    return mark;
  });
  const hours = [0, 3, 6, 9, 12, 15, 18, 21].map((hour) => {
    const label = make("span", { class: "hour" }, `${String(hour).padStart(2, "0")}:00`);
    label.style.left = `${(100 * hour) / 24}%`;
    return label;
  });
  at("hours").replaceChildren(...hours, ...marks);
}

function show(event) {
  let node = document.getElementById(`event-${event.id}`);
  if (!node) {
    shown.unshift(event);
    node = card(event);
    at("list").prepend(node);
    note();
  }
  node.focus();
  node.scrollIntoView({ block: "center" });
}
