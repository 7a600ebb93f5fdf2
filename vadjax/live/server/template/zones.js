// Zones are drawn on the picture; coordinates are shares of its width and height.
import { at, make } from "./api.js";

const SIZE = 1000;
const STEP = 0.01;
const NAMES = { ignore: "ignored", only: "only here", loiter: "only what stays", direction: "direction that is normal" };
let zones = [];
let draft = [];
let changed = () => {};

export function begin(tell) {
  changed = tell;
  const svg = at("draw");
  svg.addEventListener("pointerdown", (event) => {
    if (event.target.classList.contains("corner") || event.button) return;
    draft.push(place(event));
    draw();
  });
  svg.tabIndex = 0;
  new ResizeObserver(draw).observe(svg); // corners stay round
  svg.addEventListener("keydown", (event) => {
    if (event.key === "Enter") close();
    else if (event.key === "Escape") drop();
    else return;
    event.preventDefault();
  });
  at("zone-close").addEventListener("click", close);
  at("zone-drop").addEventListener("click", drop);
}

export function set(given) {
  zones = structuredClone(given);
  draft = [];
  draw();
  list();
}
export const get = () => zones;

const share = (value) => Math.min(1, Math.max(0, Number(value.toFixed(4))));
function place(event) {
  const box = at("draw").getBoundingClientRect();
  return [share((event.clientX - box.left) / box.width), share((event.clientY - box.top) / box.height)];
}

function close() {
  if (draft.length < 3) return;
  const kind = at("zone-kind").value;
  zones.push({ kind, points: draft, name: "", seconds: kind === "loiter" ? 30 : 0, degrees: 0 });
  draft = [];
  draw();
  list();
  changed();
}
function drop() {
  draft = [];
  draw();
}

function draw() {
  const svg = at("draw");
  const text = (points) => points.map(([x, y]) => `${x * SIZE},${y * SIZE}`).join(" ");
  const shapes = zones.map((zone) => make("polygon", { class: `zone ${zone.kind}`, points: text(zone.points) }));
  const all = [...zones.map((zone) => zone.points), draft];
  if (draft.length) shapes.push(make("polygon", { class: "zone draft", points: text(draft) }));
  const box = svg.getBoundingClientRect();
  const stretch = box.height ? box.width / box.height : 1;
  const corners = all.flatMap((points, zone) => points.map((point, number) => corner(points, number, zone === zones.length, stretch)));
  svg.replaceChildren(...shapes, ...corners);
  at("zone-close").disabled = draft.length < 3;
  at("zone-drop").disabled = !draft.length;
  at("draw-hint").textContent = draft.length < 3 ? "Click corners into the picture." : "Enter or “Close the zone” ends it.";
}

function corner(points, number, isDraft, stretch) {
  const [x, y] = points[number];
  const dot = make("ellipse", { class: "corner", cx: x * SIZE, cy: y * SIZE, rx: 9, ry: 9 * stretch, tabindex: 0, role: "button", "aria-label": `Corner ${number + 1}` });
  const move = (to) => {
    points[number] = to;
    dot.setAttribute("cx", to[0] * SIZE);
    dot.setAttribute("cy", to[1] * SIZE);
    const shapes = at("draw").querySelectorAll("polygon");
    const index = isDraft ? zones.length : zones.findIndex((zone) => zone.points === points);
    shapes[index].setAttribute("points", points.map(([a, b]) => `${a * SIZE},${b * SIZE}`).join(" "));
  };
  dot.addEventListener("pointerdown", (event) => {
    dot.setPointerCapture(event.pointerId);
    dot.focus();
    const follow = (moved) => move(place(moved));
    dot.addEventListener("pointermove", follow);
    dot.addEventListener("pointerup", () => {
      dot.removeEventListener("pointermove", follow);
      if (!isDraft) changed();
    }, { once: true });
    event.preventDefault();
  });
  dot.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!by) return;
    const [a, b] = points[number];
    move([share(a + by[0]), share(b + by[1])]);
    if (!isDraft) changed();
    event.preventDefault();
  });
  return dot;
}

function list() {
  at("zones").replaceChildren(...zones.map((zone, index) => {
    const name = make("input", { type: "text", maxlength: 80, placeholder: "name", value: zone.name, "aria-label": "Name of the zone" });
    name.addEventListener("input", () => ((zone.name = name.value), changed()));
    const row = make("li", {}, make("span", { class: `swatch ${zone.kind}` }), NAMES[zone.kind], name);
    if (zone.kind === "loiter") row.append("longer than", field(zone, "seconds", 86400, "Seconds"), "s");
    if (zone.kind === "direction") {
      const choice = make("select", { "aria-label": "Direction" }, ...["↑ up", "↗", "→ right", "↘", "↓ down", "↙", "← left", "↖"].map((text, turn) => make("option", { value: 45 * turn, selected: zone.degrees === 45 * turn }, text)));
      choice.addEventListener("change", () => ((zone.degrees = Number(choice.value)), changed()));
      row.append(choice);
    }
    const remove = make("button", {}, "Remove");
    remove.addEventListener("click", () => {
      zones.splice(index, 1);
      draw();
      list();
      changed();
    });
    row.append(remove);
    return row;
  }));
}

function field(zone, key, most, label) {
  const input = make("input", { type: "number", min: 0, max: most, value: zone[key], "aria-label": label });
  input.addEventListener("input", () => {
    zone[key] = Math.min(most, Math.max(0, Number(input.value) || 0));
    changed();
  });
  return input;
}
