// A line over the whole run, as small as the bar that it is drawn in. It shows what of the line is here and asks for nothing.

import { markFilled, SketchAnswer, SketchRequest } from "../protocol/protocol";
import { bucketRange, LineReducer } from "./line-reducer";
import { Line } from "./lines";

export function sketchOf(line: Line | undefined, { series, axis, range, columns }: SketchRequest): SketchAnswer | null {
  if (!line || !(range.from < range.to) || columns <= 0) return null;
  const buckets = bucketRange(axis, range.from, range.to, columns);
  const { count } = buckets;
  const [values, marks] = [new Float64Array(2 * count), new Uint8Array(count)];
  line.parts.forEach((part, place) => {
    const earlier = line.parts[place - 1]?.rows;
    const reducer = new LineReducer();
    reducer.take(part.rows, part.column, buckets, part.from, earlier && !earlier.isEmpty ? earlier.frameAt(earlier.nextRow - 1) : NaN);
    reducer.add(buckets, values, marks, 0, 0);
  });
  let [min, max] = [Infinity, -Infinity];
  for (let index = 0; index < count; index += 1) {
    if (((marks[index] as number) & markFilled) === 0) continue;
    min = Math.min(min, values[index] as number);
    max = Math.max(max, values[count + index] as number);
  }
  return min <= max ? { series, range, buckets: count, firstBucket: buckets.first, bucketWidth: buckets.width, values, marks, min, max } : null;
}
