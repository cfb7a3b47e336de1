// Rows that are neighbours and rows that are not: where lines break, and what a line is at a frame.

import { markBroken, markCoarse, markFilled, TimeAxis } from "../../../web/src/protocol/protocol";
import { gapLimit, limitOf } from "../../../web/src/worker/gaps";
import { bucketRange, LineReducer } from "../../../web/src/worker/line-reducer";
import { Line } from "../../../web/src/worker/lines";
import { MemoryBudget, Rows } from "../../../web/src/worker/rows";
import { moveRange, wholeRange } from "../../../web/src/worker/stretches";
import { placeOf, stretchOn, timesOf, valueAt } from "../../../web/src/worker/values-at";
import { equal, isTrue, test } from "./harness";

type Sample = [frame: number, value?: number | undefined, wallTime?: number];

function rowsOf(samples: Iterable<Sample>): Rows {
  const rows = new Rows(1 << 17, new MemoryBudget(Infinity));
  const column = rows.addColumn("v");
  for (const [frame, value, wallTime = frame * 10] of samples) {
    const row = rows.add(frame, frame / 100, wallTime);
    if (value !== undefined) rows.set(row, column, value);
  }
  return rows;
}

const frames = (from: number, to: number, step = 1): Sample[] => (
  Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => [from + index * step, from + index * step]));
const lineOf = (...parts: [Rows, number?][]): Line => ({
  series: 0, id: { channel: "", type: "t", key: "", field: "v" }, key: "", joinFrame: Infinity,
  parts: parts.map(([rows, from = -Infinity]) => ({ rows, column: 0, from })),
});

/** The buckets before which the line breaks, by where they are on the axis. */
function breaks(rows: Rows, from: number, to: number, columns: number, axis: TimeAxis = "frame", before = NaN): number[] {
  const range = bucketRange(axis, from, to, columns);
  const [values, marks, reducer] = [new Float64Array(range.count * 2), new Uint8Array(range.count), new LineReducer()];
  reducer.take(rows, 0, range, Number.isNaN(before) ? -Infinity : 0, before);
  reducer.add(range, values, marks, 0, 0);
  return [...marks].flatMap((mark, index) => ((mark & markBroken) !== 0 ? [(range.first + index) * range.width] : []));
}

test("a line breaks where frames are missing, at any zoom", () => {
  const rows = rowsOf([...frames(0, 650), ...frames(810, 2000)]);
  equal([breaks(rows, 0, 2000, 500), breaks(rows, 0, 48_000, 480), breaks(rows, 600, 900, 300)], [[808], [800], [810]]);
  // One sample, and values that are not there although their rows are.
  equal(breaks(rowsOf([...frames(0, 100), ...frames(101, 200)]), 90, 110, 20), [101]);
  equal(breaks(rowsOf(frames(0, 400).map(([frame, value]) => (frame >= 100 && frame < 150 ? [frame] : [frame, value]))), 0, 400, 400), [150]);
});

test("values that come more seldom are a line, too", () => {
  equal(breaks(rowsOf(frames(0, 6000, 60)), 0, 6000, 500), []);
  equal(breaks(rowsOf([...frames(0, 1200, 60), ...frames(1320, 6000, 60)]), 0, 6000, 500), [1320]);
  // Now and then: what is usual is told by the others.
  const now = [0, 7, 9, 30, 31, 55, 60, 61, 80, 83, 90, 111, 120, 125, 150, 152];
  equal(breaks(rowsOf([...now, 900, 905].map((frame): Sample => [frame, 1])), 0, 1000, 500), [900]);
  equal([limitOf([]), limitOf([1, 1, 1]), limitOf([3, 3, 3, 3, 3, 3, 3, 3, 4, 4])], [Infinity, 1.5, 36]);
});

test("thinned rows break where a whole stretch left nothing, and are no line where they are too far apart", () => {
  // Of each twenty frames the smallest and the largest value.
  const rows = rowsOf([...frames(0, 20_000, 20), ...frames(24_000, 40_000, 20)].flatMap(([frame]): Sample[] => [[frame + 3, 1], [frame + 17, 2]]));
  [rows.grain, rows.grainOrigin] = [20, 0];
  equal(breaks(rows, 0, 40_000, 500), [24_000]);
  const range = bucketRange("frame", 1000, 1200, 400);
  const [marks, reducer] = [new Uint8Array(range.count), new LineReducer()];
  reducer.take(rows, 0, range, -Infinity);
  reducer.add(range, new Float64Array(range.count * 2), marks, 0, 0);
  const filled = [...marks].filter((mark) => (mark & markFilled) !== 0);
  isTrue(filled.length > 0 && filled.every((mark) => (mark & markBroken) !== 0 && (mark & markCoarse) !== 0), filled.join());
});

test("a line breaks between stored rows and those in memory that are no neighbours", () => {
  const live = rowsOf(frames(500, 600));
  equal([breaks(live, 400, 600, 200, "frame", 499), breaks(live, 400, 600, 200, "frame", 450)], [[], [500]]);
});

test("a hole that late rows fill is one no longer", () => {
  const rows = rowsOf([...frames(0, 100), ...frames(103, 200)]);
  const range = bucketRange("frame", 0, 200, 200);
  const reducer = new LineReducer();
  const marks = () => {
    const taken = new Uint8Array(range.count);
    reducer.take(rows, 0, range, -Infinity);
    reducer.add(range, new Float64Array(range.count * 2), taken, 0, 0);
    return [...taken].filter((mark) => (mark & markBroken) !== 0).length;
  };
  equal(marks(), 1);
  for (const frame of [100, 101, 102]) rows.set(rows.add(frame, frame / 100, frame * 10), 0, frame);
  equal(marks(), 0);
});

test("a line's value at a frame is of that frame, or says of which it is, or there is none", () => {
  const at = (rows: Rows, frame: number) => {
    const { kind, sample } = valueAt(lineOf([rows]), { frame, at: NaN, axis: "frame" }, () => undefined);
    return [kind, sample?.frame ?? null];
  };
  const dense = rowsOf([...frames(0, 1200), ...frames(1500, 2000)]);
  equal([at(dense, 700), at(dense, 1199), at(dense, 1200), at(dense, 1350), at(dense, 1500), at(dense, 2100)],
    [["at", 700], ["at", 1199], ["none", null], ["none", null], ["at", 1500], ["none", null]]);
  const seldom = rowsOf([...frames(0, 600, 60), ...frames(900, 1500, 60)]);
  equal([at(seldom, 100), at(seldom, 700), at(seldom, 960), at(seldom, 1460)], [["before", 60], ["none", null], ["at", 960], ["before", 1440]]);
  // A row without the value has none.
  equal(at(rowsOf([...frames(0, 50), [50], ...frames(51, 90)]), 50), ["none", null]);
  equal(gapLimit(rowsOf([[1, 1]]), 0), Infinity);
});

test("of thinned rows the very value is asked for, and what is near is called so until then", () => {
  const thinned = rowsOf(frames(0, 4000, 20).flatMap(([frame]): Sample[] => [[frame + 3, 1], [frame + 17, 2]]));
  [thinned.grain, thinned.grainOrigin] = [20, 0];
  const around = rowsOf(frames(950, 1050).filter(([frame]) => frame < 1010 || frame > 1030));
  const at = (frame: number, rows: Rows | null | undefined) => {
    const { kind, sample } = valueAt(lineOf([thinned]), { frame, at: NaN, axis: "frame" }, () => rows);
    return [kind, sample?.frame ?? null];
  };
  equal([at(1003, undefined), at(1006, undefined), at(1006, around), at(1020, around), at(1006, null)],
    [["at", 1003], ["near", 1003], ["at", 1006], ["none", null], ["none", null]]);
});

test("a place between two rows means the nearer one, a place in a hole itself", () => {
  const line = lineOf([rowsOf([...frames(0, 600, 60), ...frames(900, 1500, 60)])]);
  const frameOf = (at: number, axis: TimeAxis) => placeOf([line], at, axis, axis === "frame" ? 4 : 0.04)?.frame;
  equal([frameOf(100, "frame"), frameOf(130, "frame"), frameOf(543, "frame"), frameOf(700, "frame")], [120, 120, 540, 700]);
  equal([frameOf(1, "simTime"), frameOf(7, "simTime"), frameOf(30, "simTime")], [120, 700, undefined]);
  const times = timesOf([line], 700);
  equal([timesOf([line], 960).isExact, times.isExact, Math.round(times.simTime * 100), times.wallTime], [true, false, 700, 7000]);
  equal(stretchOn(line, { from: 601, to: 899 }, "simTime"), { from: 5.4, to: 9 });
});

test("a clock that was set back takes no row off its axis", () => {
  const hour = 3_600_000;
  const start = 1_760_000_000_000;
  for (const step of [-hour, hour, -2000]) {
    const rows = rowsOf(frames(0, 1000).map(([frame, value]) => [frame, value, start + frame * 10 + (frame >= 500 ? step : 0)]));
    for (const [from, to] of [[start, start + 5000], [start + 5000 + step, start + 10_000 + step]] as const) {
      const range = bucketRange("wallTime", from, to, 500);
      const [values, marks, reducer] = [new Float64Array(range.count * 2), new Uint8Array(range.count), new LineReducer()];
      reducer.take(rows, 0, range, -Infinity);
      reducer.add(range, values, marks, 0, 0);
      const wanted = new Set(frames(0, 1000).map(([frame]) => Math.floor(rows.at(frame, "wallTime") / range.width) - range.first)
        .filter((bucket) => bucket >= 0 && bucket < range.count));
      equal([step, marks.filter((mark) => (mark & markFilled) !== 0).length], [step, wanted.size]);
    }
    equal(rows.frameAt(rows.nearestRow(start + 1000, "wallTime")), 100);
    equal(rows.frameAt(rows.nearestRow(start + 9990 + step, "wallTime")), 999);
    equal(wholeRange([rows], "wallTime"), { from: start + Math.min(0, 5000 + step), to: start + Math.max(4990, 9990 + step) });
    // What lies before and behind the turn is no line on this axis, an hour apart.
    if (step === -hour) equal(breaks(rows, start - hour, start + 5000, 500, "wallTime").length, 2);
  }
  const back = rowsOf(frames(0, 1000).map(([frame, value]) => [frame, value, start + frame * 10 - (frame >= 500 ? hour : 0)]));
  equal(moveRange([back], { from: start, to: start + 4990 }, "wallTime", "frame"), { from: 0, to: 499 });
  equal(moveRange([back], { from: start - hour, to: start + 4990 }, "wallTime", "frame"), { from: 0, to: 999 });
});

test("an axis that goes back all the time is looked through row by row, late rows included", () => {
  const rows = rowsOf(frames(0, 500).map(([frame, value]) => [frame, value, (frame * 7919) % 5003]));
  equal(rows.stretches("wallTime"), null);
  equal(rows.frameAt(rows.nearestRow((123 * 7919) % 5003, "wallTime")), 123);
  const steady = rowsOf(frames(0, 100, 2));
  equal(steady.stretches("wallTime")?.length, 1);
  steady.add(41, 0.41, 5);
  equal(steady.stretches("wallTime"), [{ begin: 0, end: 21 }, { begin: 21, end: 51 }]);
  equal(steady.frameAt(steady.nearestRow(5, "wallTime")), 41);
});
