import { LossLog } from "../../../web/src/data/loss-log";
import { quantile, Pace } from "../../../web/src/pages/run/pace";
import { gripped, inside, panned, TimeView, zoomed } from "../../../web/src/pages/run/time-view";
import { calmLogRange } from "../../../web/src/plot/value-range";
import { readRunDetail } from "../../../web/src/wire/run-types";
import { equal, isTrue, test } from "./harness";

const start = { axis: "frame" as const, windowSeconds: 10, range: null, cursors: [null, null] as const };
const view = () => new TimeView(start, (range) => Promise.resolve(range));

test("zooming keeps what is under the pointer where it is", () => {
  equal(zoomed({ from: 100, to: 200 }, 150, 0.5, "frame"), { from: 125, to: 175 });
  equal(zoomed({ from: 100, to: 200 }, 100, 0.5, "frame"), { from: 100, to: 150 });
  equal(zoomed({ from: 0, to: 100 }, 10, 4, "frame"), { from: 0, to: 400 });
  equal(zoomed({ from: 6, to: 10 }, 8, 0.01, "frame"), { from: 7, to: 9 });
});

test("zooming never shows more than the run, nor less of a young one's window than before", () => {
  const limits = { from: 0, to: 1679 };
  equal(zoomed({ from: 100, to: 1600 }, 800, 4, "frame", limits), limits);
  equal(zoomed({ from: 1500, to: 1600 }, 1550, 4, "frame", limits), { from: 1279, to: 1679 });
  equal(zoomed({ from: 0, to: 600 }, 300, 2, "frame", { from: 0, to: 120 }), { from: 0, to: 600 });
  equal(panned({ from: 1500, to: 1600 }, 5, limits), { from: 1579, to: 1679 });
  equal([inside({ from: 1600, to: 1800 }, limits), inside({ from: -50, to: 2000 }, limits)], [{ from: 1479, to: 1679 }, limits]);
  equal(panned({ from: 777_050, to: 777_060 }, -20, { from: 777_000, to: 778_000 }), { from: 777_000, to: 777_010 });
});

test("panning stops where the run begins", () => {
  equal(panned({ from: 100, to: 200 }, 0.5), { from: 150, to: 250 });
  equal(panned({ from: 20, to: 120 }, -0.5), { from: 0, to: 100 });
});

test("one goes back through what was shown, to following", () => {
  const time = view();
  time.show({ from: 0, to: 10 });
  time.show({ from: 2, to: 4 });
  time.zoom({ from: 2, to: 4 }, 3, 2);
  time.show({ from: 5, to: 5 });
  time.back();
  equal(time.range.value, { from: 2, to: 4 });
  time.back();
  equal(time.range.value, { from: 0, to: 10 });
  time.back();
  equal([time.range.value, time.canGoBack], [null, false]);
});

test("each gesture is one step back, whatever it followed", () => {
  let now = 0;
  const time = new TimeView(start, (range) => Promise.resolve(range), () => now);
  const turnWheel = () => {
    for (let step = 0; step < 3; step += 1) {
      now += 100;
      time.zoom(time.range.value ?? { from: 0, to: 1000 }, 500, 0.5);
    }
  };
  time.show({ from: 400, to: 600 });
  turnWheel();
  now += 2000;
  turnWheel();
  time.back();
  equal(time.range.value, { from: 487.5, to: 512.5 });
  time.back();
  equal(time.range.value, { from: 400, to: 600 });
  time.back();
  equal(time.range.value, null);
});

test("what a hand holds stays below its fingers, within the run", () => {
  const held = { from: 100, to: 200 };
  const limits = { from: 0, to: 1000 };
  const grip = { at: 0.5, by: 0, factor: 1 };
  equal(gripped(held, { ...grip, by: 0.25 }, "frame", limits), { from: 75, to: 175 });
  equal(gripped(held, { ...grip, factor: 0.5 }, "frame", limits), { from: 125, to: 175 });
  // 150 was at the middle: it goes along to three quarters of the width.
  equal(gripped(held, { at: 0.5, by: 0.25, factor: 0.5 }, "frame", limits), { from: 112.5, to: 162.5 });
  equal(gripped(held, { ...grip, by: 5 }, "frame", limits), { from: 0, to: 100 });
  equal(gripped(held, { ...grip, factor: 100 }, "frame", limits), limits);
  equal(gripped(held, { ...grip, factor: 0.001 }, "frame", limits), { from: 149, to: 151 });
});

test("a gesture that somebody holds is one step, however long it rests", () => {
  let now = 0;
  const time = new TimeView(start, (range) => Promise.resolve(range), () => now);
  const drag = (...places: number[]) => {
    const letGo = time.hold();
    for (const from of places) {
      time.replace({ from, to: from + 10 });
      now += 5000;
    }
    letGo();
    now -= 5000;
  };
  drag(100, 110, 120);
  drag(130, 140);
  time.zoom({ from: 140, to: 150 }, 145, 0.5);
  time.back();
  equal(time.range.value, { from: 140, to: 150 });
  time.back();
  equal(time.range.value, { from: 120, to: 130 });
  time.back();
  equal([time.range.value, time.canGoBack], [null, false]);
});

test("the second cursor needs a first one", () => {
  const time = view();
  time.setCursor(1, 7.4);
  equal(time.cursors.value, [7, 7]);
  time.setCursor(0, -3);
  equal(time.cursors.value, [0, 7]);
  time.clearCursors();
  equal(time.cursors.value, [null, null]);
});

test("losses are those that the collector has noted, and what this page did not get", () => {
  const log = new LossLog();
  const run = (losses: unknown[]) => readRunDetail({ status: "running", lastFrame: 500, losses });
  log.noteRun(run([]));
  equal(log.ranges.value, []);
  log.noteRun(run([{ kind: "refused", reason: "full", from: 200, to: 400, count: 15 }]));
  log.add({ from: 300, to: 301, count: 7, kind: "skipped" });
  log.add({ from: 301, to: 302, count: 2, kind: "skipped" });
  equal(log.ranges.value.map(({ from, to, count }) => [from, to, count]), [[200, 400, 15], [300, 302, 9]]);
  log.noteRun(run([
    { kind: "refused", reason: "full", from: 200, to: 450, count: 25 }, { kind: "lost", reason: "new_reason", from: 450, to: 450, count: 3 },
  ]));
  equal(log.ranges.value.map(({ from, to, count, words }) => [from, to, count, words]).slice(0, 2), [
    [200, 450, 25, "refused: the ring was full"], [450, 451, 3, "lost: new_reason"],
  ]);
  equal(log.ranges.value.length, 3);
});

test("delays are those of rows that were not on the screen before", () => {
  const now = Date.now();
  const pace = new Pace(now - 1000);
  for (let frame = 0; frame < 4; frame += 1) pace.note(1000 + frame, 1, now - 100);
  const read = pace.read(1010);
  isTrue(read.delayP50 >= 100 && read.delayP50 < 5000 && read.framesPerSecond === 2, JSON.stringify(read));
  equal(Number.isNaN(new Pace().read(0).delayP50), true);
  equal([quantile([3, 1, 2], 0.5), quantile([], 0.5), quantile([1, 2, 3, 4], 0.99)], [2, NaN, 4]);
});

test("what was there before anybody looked is not late", () => {
  const pace = new Pace(Date.now());
  pace.note(1000, 1, Date.now() - 23_000);
  equal(Number.isNaN(pace.read(1010).delayP50), true);
});

test("a logarithmic axis shows whole powers of ten above zero", () => {
  equal(calmLogRange(null, 0.02, 3), { from: 0.01, to: 10 });
  equal(calmLogRange(null, -5, 1000), { from: 0.001, to: 10_000 });
  equal(calmLogRange(null, -5, -1), { from: 0.1, to: 10 });
});
