// The slider: one threshold for all frames, and everything marked in the page follows it.
function tryThresholds(box, rings, timelines) {
  const input = box.querySelector("input");
  const said = box.querySelector("output");
  const note = box.querySelector("[role=status]");
  const back = box.querySelector("button");
  const live = [...document.querySelectorAll("[data-live]")];
  const cells = [...document.querySelectorAll("[data-cell]")];
  const kept = new Map(live.map((one) => [one, [...one.childNodes]]));
  const places = new Map(rings.map(([name, ring]) => [name, ring && [ring.style.left, ring.style.bottom]]));
  const limits = data.limits;
  const own = data.threshold; // null where folds have different ones
  const start = own === null ? Math.floor(limits.length / 2) : Math.max(0, limits.indexOf(own));

  const labelled = data.videos.some((video) => video.truth);
  const forms = { touchedRate: percent, foundRate: percent, shareCalled: percent, calledShare: percent };
  for (const key of ["delayFrames", "delaySeconds", "falsePerHour", "alarmsPerHour"]) forms[key] = (value) => number(value, 1);
  for (const key of ["eventPrecision", "eventRecall", "eventF1", "eventMeanF1"]) forms[key] = (value) => number(value, 3);
  for (const cell of ["tp", "fp", "fn", "tn"]) forms[`share-${cell}`] = percent;
  for (const key of Object.keys(rates({ tp: 0, fp: 0, fn: 0, tn: 0 }))) forms[key] = (value) => number(value, 3);
  const count = (value) => value.toLocaleString("en");

  const say = (limit) => (limit === null ? "above every score" : number(limit));
  const fill = (values) => {
    for (const one of live) {
      const value = values[one.dataset.live];
      if (value === undefined) continue;
      one.textContent = value === null ? "–" : (forms[one.dataset.live] ?? count)(value);
    }
  };
  const put = (name, x, y) => {
    const ring = rings.find(([one]) => one === name)?.[1]; // without labels there are no curves
    if (!ring || x === null || y === null) return;
    ring.style.left = `${100 * x}%`;
    ring.style.bottom = `${100 * y}%`;
  };

  function show(index) {
    const limit = limits[index];
    const sum = counts(limit, data.hidden.counts ? data.hidden.counts[index] : undefined);
    const found = rates(sum);
    const shares = { "share-tp": found.recall, "share-fn": found.recall === null ? null : 1 - found.recall };
    shares["share-fp"] = found.false_positive_rate;
    shares["share-tn"] = found.false_positive_rate === null ? null : 1 - found.false_positive_rate;
    fill({ ...sum, ...found, ...shares });
    for (const cell of cells) cell.style.setProperty("--share", shares[`share-${cell.dataset.cell}`] ?? 0);
    put("roc", found.false_positive_rate, found.recall);
    put("pr", found.recall, sum.tp + sum.fp ? found.precision : null);
    said.textContent = say(limit);
    for (const one of timelines) one.follow(limit);
    const alarms = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
    const words = labelled ? `${sum.tp} detected, ${sum.fn} missed, ${alarms(sum.fp, "false alarm")}` : alarms(sum.alarms, "alarm");
    input.setAttribute("aria-valuetext", `threshold ${say(limit)}: ${words}`);
    const mine = limit === own && own !== null;
    const warning = labelled ? "A threshold chosen on test labels is not a result. " : "";
    note.textContent = mine ? "This is the run’s own threshold." : `${warning}Values marked ◆ and the timelines follow the slider; all others are at the run’s threshold.`;
    box.classList.toggle("trying", !mine);
    document.getElementById("threshold").closest("section").classList.toggle("trying", !mine);
  }

  function reset() {
    input.value = start;
    for (const one of timelines) one.follow();
    for (const [one, nodes] of kept) one.replaceChildren(...nodes);
    for (const cell of cells) cell.style.setProperty("--share", cell.dataset.share);
    for (const [name, ring] of rings) if (ring) [ring.style.left, ring.style.bottom] = places.get(name);
    said.textContent = own === null ? "each fold its own" : say(own);
    input.setAttribute("aria-valuetext", `threshold ${said.textContent}, the run’s`);
    note.textContent = "Values marked ◆ and the timelines follow the slider.";
    box.classList.remove("trying");
    document.getElementById("threshold").closest("section").classList.remove("trying");
  }

  for (const cell of cells) cell.dataset.share = cell.style.getPropertyValue("--share");
  input.addEventListener("input", () => show(Number(input.value)));
  back.addEventListener("click", reset);
  for (const button of document.querySelectorAll("[data-limit]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const index = limits.indexOf(Number(button.dataset.limit));
      if (index < 0) return;
      input.value = index;
      show(index);
      input.scrollIntoView({ block: "center" });
      input.focus({ preventScroll: true });
    });
  }
  box.hidden = false;
  reset();
}
