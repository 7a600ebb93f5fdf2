// Zones, times and sensitivity of a camera: tried on the last week before they are saved.
import { at, ask, chosen, make, number } from "./api.js";
import * as zones from "./zones.js";

const DAYS = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
const [FEWEST, MOST] = [0.05, 100]; // alarms on a normal day, at the ends of the slider
let saved = null;
let schedule = [];
let rate = null;
let timer = 0;

export function begin() {
  zones.begin(changed);
  at("rate").addEventListener("input", () => {
    rate = Number((FEWEST * (MOST / FEWEST) ** (at("rate").value / 100)).toPrecision(2));
    changed();
  });
  at("rate-off").addEventListener("click", () => ((rate = null), changed()));
  at("period-add").addEventListener("click", () => {
    schedule.push({ days: [0, 1, 2, 3, 4], begin: "18:00", end: "07:00" });
    list();
    changed();
  });
  at("save").addEventListener("click", save);
  at("undo").addEventListener("click", () => set(saved));
  addEventListener("beforeunload", (event) => at("save").disabled || event.preventDefault());
  let before = "";
  chosen.listeners.push(async (source) => {
    if (source === before && !at("save").disabled) return; // connected again: what was drawn stays
    before = source;
    still();
    set(await ask("/api/settings", { source }));
  });
}

// The picture to draw on; a camera that has shown none yet is asked again.
function still() {
  const image = at("still");
  image.onerror = () => setTimeout(still, 3000);
  image.src = `/api/picture?source=${encodeURIComponent(chosen.source)}&_=${Date.now()}`;
}

const current = () => ({ zones: zones.get(), schedule, alarms_per_day: rate });

function set(settings) {
  saved = structuredClone(settings);
  schedule = structuredClone(settings.schedule);
  rate = settings.alarms_per_day;
  zones.set(settings.zones);
  list();
  changed();
}

function changed() {
  const same = JSON.stringify(current()) === JSON.stringify(saved);
  at("save").disabled = at("undo").disabled = same;
  if (!same) at("save-note").textContent = "";
  at("rate").value = rate === null ? 50 : (100 * Math.log(rate / FEWEST)) / Math.log(MOST / FEWEST);
  at("try").classList.toggle("trying", rate !== null);
  at("rate-value").textContent = rate === null ? "as the watch was started" : rate < 1 ? `one in ${number(1 / rate, 2)} days` : `${number(rate, 2)} a day`;
  at("rate").setAttribute("aria-valuetext", at("rate-value").textContent);
  at("rate-off").hidden = rate === null;
  at("rate-note").textContent = rate === null ? "The threshold of the watch decides." : `Only what is rarer than once in ${number(24 / rate, 2)} hours of normal video.`;
  clearTimeout(timer);
  timer = setTimeout(preview, 250);
}

async function preview() {
  const source = chosen.source;
  try {
    const found = await ask("/api/preview", { method: "POST", body: current(), source });
    if (source === chosen.source) week(found);
  } catch (error) {
    at("week").replaceChildren(make("p", { class: "fault" }, error.message));
  }
}

function week(found) {
  const most = Math.max(1, ...found.days.map((day) => day.recorded));
  const bars = found.days.map((day) => {
    const [bar, inner] = [make("i"), make("b")];
    bar.style.height = `${(70 * day.recorded) / most}%`;
    inner.style.height = day.recorded ? `${(100 * day.counted) / day.recorded}%` : "0";
    bar.append(inner);
    return make("div", { title: `${day.day}: ${day.counted} of ${day.recorded}` }, make("span", {}, String(day.counted)), bar, make("span", {}, new Date(`${day.day}T12:00`).toLocaleDateString([], { weekday: "short" })));
  });
  const words = found.recorded ? `${found.counted} of the ${found.recorded} events that were recorded would count, ${number(found.per_day, 2)} a day.` : "No event was recorded in the last week.";
  at("week").replaceChildren(...bars, make("p", {}, words, " What was below the threshold of the watch is not recorded."));
}

async function save() {
  try {
    set(await ask("/api/settings", { method: "PUT", body: current(), source: chosen.source }));
    at("save-note").textContent = "Saved. It holds from now on.";
  } catch (error) {
    at("save-note").textContent = error.message;
  }
}

function list() {
  at("always").hidden = schedule.length > 0;
  at("periods").replaceChildren(...schedule.map((period, index) => {
    const days = make("span", { class: "days", role: "group", "aria-label": "Days" }, ...DAYS.map((name, day) => {
      const box = make("input", { type: "checkbox", checked: period.days.includes(day) });
      box.addEventListener("change", () => {
        const others = period.days.filter((one) => one !== day);
        const now = box.checked ? [...others, day].sort() : others;
        if (!now.length) box.checked = true;
        else period.days = now;
        changed();
      });
      return make("label", {}, box, name);
    }));
    const times = ["begin", "end"].map((key) => {
      const input = make("input", { type: "time", value: period[key] === "24:00" ? "00:00" : period[key], "aria-label": key, required: true });
      input.addEventListener("change", () => input.value && ((period[key] = input.value), changed()));
      return input;
    });
    const remove = make("button", {}, "Remove");
    remove.addEventListener("click", () => (schedule.splice(index, 1), list(), changed()));
    return make("li", {}, days, times[0], "to", times[1], remove);
  }));
}
