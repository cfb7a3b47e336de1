// Values of a line's rows. An event need not have every field of its type: a row without a value is no NaN.

import { Sample } from "../protocol/protocol";
import { Line } from "./lines";

/** So many rows without a value are looked through for one that has it: a line that goes on without values has none. */
const absentRowsMax = 1024;

/** What was measured at a row, or before it if that event had no such field; null if there is nothing near. */
export function lastMeasured({ parts }: Line, last: Sample | null): Sample | null {
  let left = absentRowsMax;
  for (const { rows, column, from } of last ? [...parts].reverse() : []) {
    for (let row = rows.firstRowFrom((last as Sample).frame + 1, "frame") - 1; row >= rows.oldestRow && left > 0; row -= 1, left -= 1) {
      if (rows.frameAt(row) < from) break;
      if (!rows.has(row, column)) continue;
      return { frame: rows.frameAt(row), simTime: rows.at(row, "simTime"), wallTime: rows.at(row, "wallTime"), value: rows.valueAt(row, column) };
    }
  }
  return null;
}
