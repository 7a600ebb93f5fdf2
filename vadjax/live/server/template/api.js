// Requests to the watch, and what all parts of the page share.
export const at = (id) => document.getElementById(id);

export async function ask(path, { method = "GET", body, ...query } = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value != null);
  const url = given.length ? `${path}?${new URLSearchParams(given)}` : path;
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(url, options);
  if (answer.status === 401) location.assign("/login");
  const content = await answer.json();
  if (!answer.ok && answer.status !== 503) throw new Error(content.error || answer.statusText);
  return content;
}

export function make(name, attributes = {}, ...children) {
  const svg = ["svg", "path", "polygon", "rect", "circle", "ellipse"].includes(name);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

export const number = (value, digits = 3) =>
  value === null || value === undefined ? "–" : Number(value.toPrecision(digits)).toLocaleString("en", { maximumSignificantDigits: digits });

export const clock = (seconds) => new Date(1000 * seconds).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
export const dayOf = (seconds) => {
  const date = new Date(1000 * seconds);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
};

export function lasting(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${number(seconds / 3600, 2)} h` : `${Math.round(seconds / 86400)} days`;
}

// The camera that is shown; parts of the page are told when it changes.
export const chosen = { source: "", listeners: [] };
export function choose(source) {
  chosen.source = source;
  for (const listener of chosen.listeners) listener(source);
}
