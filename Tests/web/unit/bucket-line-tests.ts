import { MemoryBudget, Stream } from "../../../web/src/data/stream";
import { BucketLine, bucketRange, bucketTimes, PlotValue } from "../../../web/src/plot/bucket-line";
import { equal, isTrue, test } from "./harness";

function stream(samples: [time: number, value: number][]): Stream {
  const made = new Stream(4096, new MemoryBudget(Infinity));
  made.addColumn("v");
  samples.forEach(([time, value], frame) => {
    made.append(time, frame);
    made.set(0, value);
  });
  return made;
}

function inView(from: number, to: number, columns: number, made: Stream): PlotValue[] {
  return new BucketLine().values(made, 0, bucketRange(from, to, columns));
}

test("buckets cover the view and one more at each edge", () => {
  const range = bucketRange(2, 4, 4);
  equal(range, { first: 3, count: 7, width: 0.5 });
  const times = bucketTimes(range);
  equal([times[0], times[1], times.length], [1.625, 1.875, 14]);
  isTrue(times.every((time, index) => index === 0 || time > (times[index - 1] as number)), "times rise");
});

test("a bucket gives its lowest and highest value in the order in which they came", () => {
  const rising = inView(0, 1, 1, stream([[0.1, 5], [0.2, 1], [0.3, 9], [0.4, 3]]));
  equal(rising.slice(2, 4), [1, 9]);
  const falling = inView(0, 1, 1, stream([[0.1, 5], [0.2, 9], [0.3, 1]]));
  equal(falling.slice(2, 4), [9, 1]);
});

test("no sample lets a line pass, only non-finite samples break it", () => {
  const values = inView(0, 3, 3, stream([[0.5, 1], [1.5, NaN], [1.6, Infinity], [2.1, NaN], [2.5, 2]]));
  equal(values, [undefined, undefined, 1, 1, null, null, 2, 2, undefined, undefined, undefined, undefined]);
});

test("following a moving window gives the same as looking anew, for every step", () => {
  const samples = Array.from({ length: 400 }, (_, index): [number, number] => [index / 50, Math.sin(index * 0.7)]);
  const growing = stream([]);
  const following = new BucketLine();
  samples.forEach(([time, value], frame) => {
    growing.append(time, frame);
    growing.set(0, value);
    if (frame % 7 !== 0) return;
    const range = bucketRange(time - 2, time, 40);
    equal(following.values(growing, 0, range), new BucketLine().values(growing, 0, range));
  });
});

test("a moving window keeps the width of its buckets", () => {
  const widths = Array.from({ length: 1000 }, (_, index) => bucketRange(index / 60 + 100 - 10, index / 60 + 100, 417).width);
  equal(new Set(widths).size, 1);
});

test("another width, a step back or a stream begun anew are looked at from the start", () => {
  const made = stream(Array.from({ length: 100 }, (_, index): [number, number] => [index / 10, index]));
  const line = new BucketLine();
  for (const [from, to] of [[8, 10], [2, 4], [0, 10], [5, 6]] as [number, number][]) {
    const range = bucketRange(from, to, 20);
    equal(line.values(made, 0, range), new BucketLine().values(made, 0, range));
  }
  made.append(0, 1000);
  made.set(0, -7);
  isTrue(line.values(made, 0, bucketRange(0, 1, 20)).includes(-7), "the new clock's first row");
});

test("rows behind the view wait until the view reaches them", () => {
  const made = stream(Array.from({ length: 100 }, (_, index): [number, number] => [index / 10, index]));
  const line = new BucketLine();
  line.values(made, 0, bucketRange(0, 2, 20));
  isTrue(line.values(made, 0, bucketRange(1, 3, 20)).includes(29), "rows up to 2.9 s");
});

test("views that are empty or far from zero do not break", () => {
  equal(bucketRange(5, 5, 100).count < 200, true);
  const far = bucketRange(1e12, 1e12 + 1, 400);
  isTrue(Number.isFinite(far.first) && far.count < 500, "bounded");
  equal(inView(-1, 0, 4, stream([[-0.5, 3]])).filter((value) => value === 3).length, 2);
});
