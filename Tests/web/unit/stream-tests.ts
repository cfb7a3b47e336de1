import { MemoryBudget, Stream } from "../../../web/src/data/stream";
import { equal, isTrue, test } from "./harness";

function filled(rows: number, capacity: number): Stream {
  const stream = new Stream(capacity, new MemoryBudget(Infinity));
  stream.addColumn("v");
  for (let row = 0; row < rows; row += 1) {
    stream.append(row / 10, row);
    stream.set(0, row * 2);
  }
  return stream;
}

function contents(stream: Stream): number[] {
  const values: number[] = [];
  for (let row = stream.oldestRow; row < stream.nextRow; row += 1) values.push(stream.valueAt(row, 0));
  return values;
}

test("every number of rows in every small ring keeps the newest rows in order", () => {
  for (const capacity of [1, 2, 4, 8, 512, 1024]) {
    for (const rows of [0, 1, capacity - 1, capacity, capacity + 1, 3 * capacity + 1]) {
      const first = Math.max(0, rows - capacity);
      const expected = Array.from({ length: rows - first }, (_, index) => (first + index) * 2);
      equal(contents(filled(rows, capacity)), expected);
    }
  }
});

test("a ring grows by doubling and keeps its row numbers", () => {
  const stream = filled(300, 4096);
  equal([stream.oldestRow, stream.nextRow, stream.valueAt(0, 0), stream.valueAt(299, 0)], [0, 300, 0, 598]);
});

test("a column that comes later reads as NaN before", () => {
  const stream = filled(3, 16);
  stream.addColumn("late");
  stream.append(1, 3);
  stream.set(stream.column("late"), 7);
  equal([2, 3].map((row) => stream.valueAt(row, stream.column("late"))), [NaN, 7]);
  equal(stream.valueAt(3, 0), NaN);
  equal([stream.column("none"), stream.valueAt(0, -1)], [-1, NaN]);
});

test("rows that are late are counted, not stored", () => {
  const stream = filled(10, 16);
  equal([stream.append(0.2, 4), stream.lateRows, stream.nextRow], [false, 1, 10]);
});

test("a clock set back starts the stream again", () => {
  const stream = filled(10, 16);
  const before = stream.generation;
  equal([stream.append(0, 10), stream.nextRow, stream.newestTime, stream.lateRows], [true, 1, 0, 0]);
  isTrue(stream.generation !== before, "readers are told");
});

test("rows of one time are all kept", () => {
  const stream = new Stream(8, new MemoryBudget(Infinity));
  stream.append(1, 1);
  stream.append(1, 1);
  equal(stream.nextRow, 2);
});

test("search by time", () => {
  const stream = filled(40, 16);
  equal([stream.firstRowFrom(-1), stream.firstRowFrom(3), stream.firstRowFrom(3.01), stream.firstRowFrom(99)], [24, 30, 31, 40]);
  equal([stream.nearestRow(-1), stream.nearestRow(3.04), stream.nearestRow(3.06), stream.nearestRow(99)], [24, 30, 31, 39]);
  equal(new Stream(8, new MemoryBudget(Infinity)).nearestRow(1), -1);
});

test("a copy stays as it is while the ring goes on", () => {
  const stream = filled(16, 16);
  const copy = stream.copy(0.5, 0.85);
  for (let row = 16; row < 64; row += 1) stream.append(row / 10, row);
  equal(contents(copy), [10, 12, 14, 16]);
  equal([copy.newestTime, copy.newestFrame, copy.column("v")], [0.8, 8, 0]);
});

test("a used-up budget stops growth, not recording", () => {
  const budget = new MemoryBudget(256 * 8 * 3);
  const stream = new Stream(4096, budget);
  stream.addColumn("v");
  for (let row = 0; row < 1000; row += 1) stream.append(row, row);
  equal([stream.nextRow, stream.oldestRow, stream.newestTime], [1000, 744, 999]);
  equal(stream.addColumn("w"), false);
  stream.release();
  equal(budget.bytesUsed, 0);
});
