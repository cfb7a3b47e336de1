// Values of a line's rows. An event need not have every field of its type: a row without a value is no NaN.

import { Sample } from "./protocol";
import { Line, Part } from "./sources";

/** So many rows without a value are looked through for one that has it: a line that goes on without values has none. */
const absentRowsMax = 1024;

export function sampleAt({ rows, column }: Part, row: number): Sample {
  const value = rows.valueAt(row, column);
  const sample = { frame: rows.frameAt(row), simTime: rows.at(row, "simTime"), wallTime: rows.at(row, "wallTime"), value };
  return value === value || rows.has(row, column) ? sample : { ...sample, isAbsent: true };
}

/** The newest sample up to `last` that has a value; `last` itself if there is none near. */
export function lastMeasured({ parts }: Line, last: Sample | null): Sample | null {
  if (!last?.isAbsent) return last;
  let left = absentRowsMax;
  for (const part of [...parts].reverse()) {
    const { rows, column } = part;
    for (let row = rows.firstRowFrom(last.frame + 1, "frame") - 1; row >= rows.oldestRow && left > 0; row -= 1, left -= 1) {
      if (rows.frameAt(row) < part.from) break;
      if (rows.has(row, column)) return sampleAt(part, row);
    }
  }
  return last;
}
