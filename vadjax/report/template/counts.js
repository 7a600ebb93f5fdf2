// What follows from a threshold, counted from the scores of the page as evaluation/ counts it.
function merged(stretches, video) {
  const places = video.times; // seconds; else frames
  const gap = places ? data.merge_s - 1e-6 : Math.max(data.merge_s * (video.fps || 0), 1);
  const apart = (stop, start) => (places ? places[start] - places[stop] : start - stop);
  const found = [];
  for (const [start, stop] of stretches) {
    const last = found[found.length - 1];
    if (last && apart(last[1], start) < gap) last[1] = stop;
    else found.push([start, stop]);
  }
  return found;
}

// Stretches of frames at or above a threshold; none where it is null, above every score.
function calledAt(video, limit) {
  const called = [];
  if (limit === null) return called;
  video.scores.forEach((score, frame) => {
    if (!(score >= limit)) return;
    const last = called[called.length - 1];
    if (last && last[1] === frame) last[1] = frame + 1;
    else called.push([frame, frame + 1]);
  });
  return called;
}

function counted(video, limit) {
  const cells = { tp: 0, fp: 0, fn: 0, tn: 0, alarms: 0, falseAlarms: 0, events: [], matched: data.iou_levels.map(() => 0) };
  const called = calledAt(video, limit);
  const alarms = merged(called, video);
  cells.alarms = alarms.length;
  cells.called = called.reduce((sum, [start, stop]) => sum + stop - start, 0);
  if (!video.truth) return cells;
  let turn = 0; // which stretch of the truth comes next
  video.scores.forEach((score, frame) => {
    while (turn < video.truth.length && frame >= video.truth[turn][1]) turn += 1;
    const abnormal = turn < video.truth.length && frame >= video.truth[turn][0];
    const is = limit !== null && score >= limit;
    cells[is ? (abnormal ? "tp" : "fp") : abnormal ? "fn" : "tn"] += 1;
  });
  const events = merged(video.truth, video);
  cells.falseAlarms = alarms.filter(([a, b]) => !events.some(([c, d]) => a < d && c < b)).length;
  cells.matched = data.iou_levels.map((level) => numMatched(events, alarms, level));
  cells.events = events.map((event) => eventOf(event, called, alarms, video));
  return cells;
}

// As evaluation/event_matching.py: each event with the first alarm that is free and near enough.
function numMatched(events, alarms, level) {
  let [free, matched] = [0, 0];
  for (const [start, stop] of events) {
    const near = alarms.findIndex(([a, b], index) => {
      const shared = Math.min(b, stop) - Math.max(a, start);
      return index >= free && shared > 0 && shared / (b - a + stop - start - shared) >= level;
    });
    if (near < 0) continue;
    free = near + 1;
    matched += 1;
  }
  return matched;
}

// An event: its delay until the first call, the share of its frames called, the best IoU of an alarm.
function eventOf([start, stop], called, alarms, { edges, times, fps }) {
  let [delay, inside, overlap] = [Infinity, 0, 0];
  for (const [a, b] of called) {
    const shared = Math.min(b, stop) - Math.max(a, start);
    if (shared <= 0) continue;
    delay = Math.min(delay, Math.max(a, start) - start);
    inside += shared;
  }
  for (const [a, b] of alarms) {
    const shared = Math.max(0, Math.min(b, stop) - Math.max(a, start));
    overlap = Math.max(overlap, shared / (Math.max(b, stop) - Math.min(a, start)));
  }
  const exact = times && delay < Infinity ? edges[start + delay] - edges[start] : delay / (fps || 1);
  return { delay, seconds: edges ? exact : NaN, share: inside / (stop - start), overlap };
}

// The middle value; null where it is not known, or that of a missed event.
function median(values) {
  if (!values.length || values.some(Number.isNaN)) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const value = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
  return Number.isFinite(value) ? value : null;
}

// Seconds of footage outside the truth; NaN where no time is known.
function normalSeconds({ edges, truth }) {
  if (!edges) return NaN;
  const inside = truth.reduce((sum, [start, stop]) => sum + edges[stop] - edges[start], 0);
  return edges[edges.length - 1] - edges[0] - inside;
}

function eventFigures({ events, alarms, matched, falseAlarms, normalSeconds }) {
  const touched = events.filter((one) => one.delay < Infinity).length;
  const found = events.filter((one) => one.overlap >= data.found_iou).length;
  const hours = normalSeconds / 3600;
  const f1 = matched.map((count) => (events.length ? (2 * count) / (events.length + alarms) : null));
  const half = matched[data.iou_levels.indexOf(data.found_iou)];
  return {
    eventPrecision: events.length ? half / Math.max(alarms, 1) : null,
    eventRecall: share(half, events.length),
    eventF1: f1[data.iou_levels.indexOf(data.found_iou)],
    eventMeanF1: events.length ? f1.reduce((sum, one) => sum + one, 0) / f1.length : null,
    touched,
    touchedRate: share(touched, events.length),
    found,
    foundRate: share(found, events.length),
    shareCalled: share(events.reduce((sum, one) => sum + one.share, 0), events.length),
    delayFrames: median(events.map((one) => one.delay)),
    delaySeconds: median(events.map((one) => one.seconds)),
    falsePerHour: hours >= data.min_hours ? falseAlarms / hours : null,
  };
}

// limits: one threshold for all, or a function of the video; hidden: [tp, fp] of videos not shown.
function counts(limit, hidden = [0, 0]) {
  const sum = { tp: hidden[0], fp: hidden[1], fn: data.hidden.abnormal - hidden[0], tn: data.hidden.normal - hidden[1], alarms: 0, falseAlarms: 0 };
  const rest = { events: [], normalSeconds: 0, alarms: 0, matched: data.iou_levels.map(() => 0) };
  let [called, frames, seconds, alarmed] = [0, 0, 0, 0];
  for (const video of data.videos) {
    const own = counted(video, limit);
    for (const key of Object.keys(sum)) sum[key] += own[key];
    rest.events.push(...own.events);
    called += own.called;
    frames += video.scores.length;
    seconds += video.edges ? video.edges[video.edges.length - 1] - video.edges[0] : NaN;
    alarmed += own.alarms > 0;
    if (video.truth) rest.alarms += own.alarms;
    own.matched.forEach((count, level) => (rest.matched[level] += count));
    if (video.truth) rest.normalSeconds += normalSeconds(video);
  }
  const footage = { alarmed, calledShare: share(called, frames), alarmsPerHour: seconds > 0 ? (3600 * sum.alarms) / seconds : null };
  return { ...sum, ...footage, ...eventFigures({ ...rest, falseAlarms: sum.falseAlarms }) };
}

// As evaluation/frame.py: null where a class is missing, 0 by convention where nothing is called.
const share = (part, whole) => (whole ? part / whole : null);
function rates({ tp, fp, fn, tn }) {
  const [abnormal, normal] = [tp + fn, fp + tn];
  const [recall, wrong] = [share(tp, abnormal), share(fp, normal)];
  const both = abnormal && normal;
  return {
    accuracy: share(tp + tn, abnormal + normal),
    balanced_accuracy: both ? (recall + 1 - wrong) / 2 : null,
    precision: abnormal ? share(tp, tp + fp) ?? 0 : null,
    recall,
    specificity: wrong === null ? null : 1 - wrong,
    false_positive_rate: wrong,
    f1: abnormal ? (2 * tp) / (2 * tp + fp + fn) : null,
    mcc: both ? share(tp * tn - fp * fn, Math.sqrt((tp + fp) * abnormal * normal * (tn + fn))) ?? 0 : null,
  };
}
