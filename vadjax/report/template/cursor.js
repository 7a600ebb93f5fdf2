// Makes a drawing a slider: pointer, touch and keys move one index, a screen reader hears its text.
//   count: number of stops; at(x, y): index of a point given in [0, 1] from the left and the top;
//   show(index): draws it and returns its text; start: the first index.
function slider(field, { count, at, show, start = 0, page = 25 }) {
  if (!count) return null;
  let index = start;
  const move = (to) => {
    index = Math.min(Math.max(to, 0), count - 1);
    field.setAttribute("aria-valuenow", index);
    field.setAttribute("aria-valuetext", show(index));
  };
  const point = (event) => {
    const box = field.getBoundingClientRect();
    move(at((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height));
  };
  field.setAttribute("role", "slider");
  field.setAttribute("aria-valuemin", 0);
  field.setAttribute("aria-valuemax", count - 1);
  field.setAttribute("aria-valuenow", index);
  field.tabIndex = 0;
  field.addEventListener("pointermove", point);
  field.addEventListener("pointerdown", point);
  field.addEventListener("focus", () => field.matches(":focus-visible") && move(index));
  field.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? page : 1;
    const to = {
      ArrowRight: index + step, ArrowUp: index + step, ArrowLeft: index - step, ArrowDown: index - step,
      PageUp: index + page, PageDown: index - page, Home: 0, End: count - 1,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    move(to);
  });
  return move;
}

// A vertical hair with a dot on the curve, `x` and `y` in [0, 1] from the left and the top; no dot
// where `y` is null.
function hair(field) {
  const line = document.createElement("i");
  line.className = "cursor";
  line.hidden = true;
  field.append(line);
  return (x, y) => {
    line.hidden = false;
    line.style.left = `${100 * x}%`;
    line.classList.toggle("dotless", y === null);
    line.style.setProperty("--y", `${100 * y}%`);
  };
}
