// Curves with a readout: ROC (points of false-positive rate, true-positive rate, threshold) and losses.
function nearest(points, x, y) {
  let best = 0;
  const gap = ([a, b]) => (a - x) ** 2 + (b - y) ** 2;
  points.forEach((point, index) => { if (gap(point) < gap(points[best])) best = index; });
  return best;
}

function roc(field, readout, points) {
  const place = hair(field);
  slider(field, {
    count: points.length,
    at: (x, y) => nearest(points, x, 1 - y),
    show(index) {
      const [fpr, tpr, threshold] = points[index];
      place(fpr, 1 - tpr);
      const limit = threshold === null ? "above every score" : number(threshold);
      return (readout.textContent = `threshold ${limit} · true-positive rate ${percent(tpr)} · false-positive rate ${percent(fpr)}`);
    },
    page: 10,
  });
}

// points: recall, precision; those of the ROC curve but its first.
function precisionRecall(field, readout, points, thresholds) {
  const place = hair(field);
  slider(field, {
    count: points.length,
    at: (x, y) => nearest(points, x, 1 - y),
    show(index) {
      const [recall, precision] = points[index];
      place(recall, 1 - precision);
      return (readout.textContent = `threshold ${number(thresholds[index])} · recall ${percent(recall)} · precision ${percent(precision)}`);
    },
    page: 10,
  });
}

function losses(field, readout, rows) {
  const place = hair(field);
  const [first, last] = [rows[0][0], rows[rows.length - 1][0]];
  const across = ([epoch]) => (epoch - first) / (last - first || 1);
  slider(field, {
    count: rows.length,
    at: (x) => nearest(rows.map((row) => [across(row), 0]), x, 0),
    show(index) {
      const [epoch, fitted, heldOut] = rows[index];
      place(across(rows[index]), null);
      const rest = heldOut === null ? "" : ` · validation loss ${heldOut.toPrecision(4)}`;
      return (readout.textContent = `epoch ${epoch} · loss ${fitted.toPrecision(4)}${rest}`);
    },
    page: 5,
  });
}
