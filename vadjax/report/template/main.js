const items = [...document.querySelectorAll(".video")];
const timelines = items.map((item) => timeline(item, data.videos[Number(item.dataset.index)])).filter(Boolean);

const field = document.getElementById("roc");
if (field) {
  roc(field, document.getElementById("roc-readout"), data.roc);
  precisionRecall(document.getElementById("pr"), document.getElementById("pr-readout"), data.pr, data.roc.slice(1).map((point) => point[2]));
  const rings = ["roc", "pr"].map((name) => [name, document.querySelector(`[data-ring=${name}]`)]);
  tryThresholds(document.getElementById("try"), rings, timelines);
} else if (document.getElementById("try")) {
  tryThresholds(document.getElementById("try"), [], timelines);
}
for (const one of timelines) one.film = film(one.item, one);
for (const fold of document.querySelectorAll("[data-fold]")) {
  losses(fold, fold.closest("figure").querySelector(".readout"), data.training[Number(fold.dataset.fold)]);
}
document.querySelectorAll("table.sortable").forEach(sortable);

const tools = document.querySelector(".tools"); // a page of images has no timelines
if (tools) tools.hidden = items.length === 0;
document.getElementById("order")?.addEventListener("change", ({ target }) => {
  const rank = (item) => Number(item.dataset[target.value]);
  const list = document.querySelector(".videos");
  list.append(...[...items].sort((a, b) => rank(a) - rank(b) || a.dataset.index - b.dataset.index));
});
document.getElementById("scale")?.addEventListener("change", ({ target }) => {
  for (const one of timelines) one.rescale(target.value === "own");
});

// An alarm's link goes to its video and plays the alarm; that of another frame puts the cursor there.
for (const link of document.querySelectorAll("a[data-frame]")) {
  link.addEventListener("click", (event) => {
    const one = timelines.find(({ item }) => `#${item.id}` === link.hash);
    event.preventDefault(); // following the link would take the focus away again
    one.item.scrollIntoView();
    one.plot.focus({ preventScroll: true });
    const { frame, start, stop } = link.dataset;
    one.move(Number(frame));
    if (start !== undefined) playMoment(one, Number(start), Number(stop), Number(frame));
  });
}

for (const note of document.querySelectorAll(".play")) note.hidden = false;

const copy = document.getElementById("copy");
if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById("command").textContent);
    copy.textContent = "Copied";
  });
}
