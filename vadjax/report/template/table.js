// Sorts a table by the column whose heading is pressed; again reverses. Missing numbers come last.
function sortable(table) {
  const body = table.tBodies[0];
  for (const [column, heading] of [...table.tHead.rows[0].cells].entries()) {
    const kind = heading.dataset.sort;
    if (!kind) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const order = (a, b) => {
        if (kind === "text") return (down ? -1 : 1) * value(a).localeCompare(value(b), undefined, { numeric: true });
        const [x, y] = [a, b].map((row) => (value(row) === "" ? NaN : Number(value(row))));
        if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
        return down ? y - x : x - y;
      };
      body.append(...[...body.rows].sort(order));
    });
  }
}
