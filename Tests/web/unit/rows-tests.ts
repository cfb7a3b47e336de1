import { markFilled, markLowFirst, markNotFinite, Summary, TimeAxis } from "../../../web/src/protocol/protocol";
import { bucketRange, BucketRange, LineReducer } from "../../../web/src/worker/line-reducer";
import { MemoryBudget, Rows } from "../../../web/src/worker/rows";
import { lastMeasured } from "../../../web/src/worker/samples";
import { readSeriesLines } from "../../../web/src/worker/series-lines";
import { summarise, together } from "../../../web/src/worker/summaries";
import { equal, isTrue, test } from "./harness";

type Sample = [frame: number, value: number | undefined, simTime?: number, wallTime?: number];

function add(rows: Rows, [frame, value, simTime = frame / 10, wallTime = frame * 100]: Sample): number {
  const row = rows.add(frame, simTime, wallTime);
  if (row >= 0 && value !== undefined) rows.set(row, rows.addColumn("v"), value);
  return row;
}

function made(samples: Sample[], capacity = 4096, budget = new MemoryBudget(Infinity)): Rows {
  const rows = new Rows(capacity, budget);
  rows.addColumn("v");
  for (const sample of samples) add(rows, sample);
  return rows;
}

const framesOf = (rows: Rows) => Array.from({ length: rows.nextRow - rows.oldestRow }, (_, index) => rows.frameAt(rows.oldestRow + index));

function reduce(rows: Rows, range: BucketRange, reducer = new LineReducer(), from = -Infinity): [low: number, high: number, mark: number][] {
  const values = new Float64Array(range.count * 2);
  const marks = new Uint8Array(range.count);
  reducer.take(rows, 0, range, from);
  reducer.add(range, values, marks, 0, 0);
  return Array.from(marks, (mark, index) => [values[index] as number, values[range.count + index] as number, mark]);
}

test("the oldest rows go when there is no room, and rows keep their numbers", () => {
  const rows = made(Array.from({ length: 1000 }, (_, frame): Sample => [frame, frame]), 512);
  isTrue(rows.oldestRow > 0 && rows.nextRow === 1000, "numbers go on");
  for (let row = rows.oldestRow; row < 1000; row += 1) equal([rows.frameAt(row), rows.valueAt(row, 0)], [row, row]);
});

test("a budget that is used up keeps rows from growing", () => {
  const budget = new MemoryBudget(40_000);
  const rows = made(Array.from({ length: 5000 }, (_, frame): Sample => [frame, frame]), 65_536, budget);
  isTrue(budget.bytesUsed <= 40_000, "within the budget");
  equal(rows.nextRow, 5000);
  rows.release();
  equal(budget.bytesUsed, 0);
});

test("rows that come late are put where they belong", () => {
  const rows = made([[1, 1], [2, 2], [5, 5], [3, 3], [4, 4], [6, 6]]);
  equal(framesOf(rows), [1, 2, 3, 4, 5, 6]);
  equal([0, 1, 2, 3, 4, 5].map((row) => rows.valueAt(row, 0)), [1, 2, 3, 4, 5, 6]);
  equal([rows.insertions, rows.lateDepth, rows.lateRows], [2, 1, 0]);
});

test("a measured NaN is something else than no value", () => {
  const rows = made([[1, NaN], [2, undefined], [3, 0], [4, Infinity]]);
  equal([0, 1, 2, 3].map((row) => rows.has(row, 0)), [true, false, true, true]);
  // Growing moves them, and must not make them alike.
  for (let frame = 5; frame <= 400; frame += 1) add(rows, [frame, frame % 2 === 0 ? NaN : undefined]);
  equal([0, 1, 2, 3, 398, 399].map((row) => rows.has(row, 0)), [true, false, true, true, false, true]);
});

test("rows are found on each axis", () => {
  const rows = made([[10, 1, 1, 1000], [20, 2, 2, 2000], [30, 3, 3, NaN], [40, 4, 4, 4000]]);
  const found = (place: number, axis: TimeAxis) => rows.nearestRow(place, axis);
  equal([found(0, "frame"), found(24, "frame"), found(26, "frame"), found(99, "frame")], [0, 1, 2, 3]);
  equal([found(2.4, "simTime"), found(2.6, "simTime")], [1, 2]);
  equal([found(1900, "wallTime"), found(3900, "wallTime")], [1, 3]);
  equal(rows.at(2, "wallTime"), 2000);
  equal(made([]).nearestRow(1, "frame"), -1);
});

test("simulation time that is set back begins anew on its own axis only", () => {
  const rows = made([[1, 1, 5], [2, 2, 6], [3, 3, 0], [4, 4, 1]]);
  equal([rows.oldestOn("frame"), rows.oldestOn("simTime")], [0, 2]);
  equal(rows.nearestRow(0.1, "simTime"), 2);
});

test("buckets cover the view and one more at each edge", () => {
  equal(bucketRange("frame", 2, 4, 4), { axis: "frame", first: 3, count: 7, width: 0.5 });
  const widths = Array.from({ length: 1000 }, (_, index) => bucketRange("simTime", index / 60 + 90, index / 60 + 100, 417).width);
  equal(new Set(widths).size, 1);
});

test("a bucket gives its lowest and highest value in the order in which they came", () => {
  const range = bucketRange("frame", 0, 10, 1);
  equal(reduce(made([[1, 5], [2, 1], [3, 9], [4, 3]]), range)[1], [1, 9, markFilled | markLowFirst]);
  equal(reduce(made([[1, 5], [2, 9], [3, 1]]), range)[1], [1, 9, markFilled]);
});

test("no sample leaves a bucket empty, NaN and infinity mark it", () => {
  const rows = made([[5, 1], [15, NaN], [16, Infinity], [25, undefined], [35, 2], [36, NaN]]);
  equal(reduce(rows, bucketRange("frame", 0, 40, 4)).map(([, , mark]) => mark),
    [0, markFilled | markLowFirst, markNotFinite, 0, markFilled | markLowFirst | markNotFinite, 0, 0]);
});

test("following a moving window gives the same as looking anew, also with late rows", () => {
  const growing = made([]);
  const following = new LineReducer();
  const order = Array.from({ length: 600 }, (_, index) => index + (index % 5 === 4 ? -3.5 : 0));
  order.forEach((frame, index) => {
    add(growing, [frame, Math.sin(frame * 0.7)]);
    if (index % 7 !== 0) return;
    const range = bucketRange("frame", Math.max(0, index - 200), Math.max(200, index), 40);
    // Which of the two came first is not told by rows that came late.
    const plain = (buckets: [number, number, number][]) => buckets.map(([low, high, mark]) => [low, high, mark & ~markLowFirst]);
    equal(plain(reduce(growing, range, following)), plain(reduce(growing, range)));
  });
});

test("rows before the join are left out, and two parts of a line become one", () => {
  const [stored, live] = [made([[1, 1], [2, 7], [3, 3]]), made([[3, 30], [4, 4], [5, 5]])];
  const range = bucketRange("frame", 0, 10, 1);
  const values = new Float64Array(range.count * 2);
  const marks = new Uint8Array(range.count);
  for (const [rows, from] of [[stored, -Infinity], [live, 4]] as const) {
    const reducer = new LineReducer();
    reducer.take(rows, 0, range, from);
    reducer.add(range, values, marks, 0, 0);
  }
  equal([values[1], values[range.count + 1]], [1, 7]);
});

test("stored rows tell instances apart, and null is no value", () => {
  const lines = [
    '{"frame_index":1,"sim_time":0.1,"wall_time_ms":1000,"value":1,"key":"a"}', '{"frame_index":1,"sim_time":0.1,"wall_time_ms":null,"value":"NaN","key":"b"}',
    '{"frame_index":2,"sim_time":0.2,"wall_time_ms":1100,"value":null,"key":"a"}', '{"frame_index":3,"sim', "7",
    '{"frame_index":2,"sim_time":0.2,"wall_time_ms":1100,"value":null,"key":"c"}',
  ];
  const byKey = readSeriesLines(lines, "v", () => new Rows(16, new MemoryBudget(Infinity)));
  equal([...byKey.keys()], ["a", "b"]);
  const [a, b] = [byKey.get("a") as Rows, byKey.get("b") as Rows];
  equal([framesOf(a), a.has(0, 0), a.has(1, 0), b.has(0, 0), b.valueAt(0, 0)], [[1, 2], true, false, true, NaN]);
});

test("the newest value is the newest that was measured", () => {
  const part = { rows: made([[1, 5], [2, NaN], [3, undefined], [4, undefined]]), column: 0, from: -Infinity };
  const line = { series: 0, id: { channel: "c", type: "t", key: "", field: "v" }, key: "", parts: [part], joinFrame: Infinity };
  const upTo = (of: typeof line, frame: number) => lastMeasured(of, { frame, simTime: 0, wallTime: 0, value: NaN });
  equal([4, 3, 2, 1, 0].map((frame) => upTo(line, frame)?.frame), [2, 2, 2, 1, undefined]);
  equal(upTo(line, 4)?.value, NaN);
  const bare = { ...line, parts: [{ ...part, rows: made([[1, undefined]]) }] };
  equal([upTo(bare, 1), lastMeasured(line, null)], [null, null]);
});

test("what storage and memory have counted goes together", () => {
  const [stored, live] = [[1, NaN, 3], [8]].map((values) => {
    const rows = made(values.map((value, frame) => [frame, value]));
    const line = { series: 0, id: { channel: "", type: "t", key: "", field: "v" }, key: "", parts: [{ rows, column: 0, from: 0 }], joinFrame: 0 };
    return summarise(line, { from: 0, to: 9 }, true);
  }) as [Summary, Summary];
  equal(together(stored, live), { count: 4, finite: 3, min: 1, max: 8, mean: 4, isExact: true });
  const empty = { count: 2, finite: 0, min: NaN, max: NaN, mean: NaN, isExact: false };
  equal(together(empty, live), { count: 3, finite: 1, min: 8, max: 8, mean: 8, isExact: false });
});

test("what lies between two cursors is counted, numbers apart from NaN", () => {
  const rows = made([[1, 1], [2, NaN], [3, 5], [4, undefined], [5, 3], [6, 100]]);
  const line = { series: 0, id: { channel: "", type: "t", key: "", field: "v" }, key: "", parts: [{ rows, column: 0, from: -Infinity }], joinFrame: 0 };
  equal(summarise(line, { from: 1, to: 5 }, true), { count: 4, finite: 3, min: 1, max: 5, mean: 3, isExact: true });
  equal(summarise(line, { from: 10, to: 20 }, true), { count: 0, finite: 0, min: NaN, max: NaN, mean: NaN, isExact: true });
});
