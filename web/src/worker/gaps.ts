// Which rows of a line are neighbours. Between two that are not, values are missing: no line may be drawn there, and a value of
// the one side says nothing about a frame in between.

import { Rows } from "./rows";

/** So many distances, spread over the rows, tell how far neighbours are apart. */
const samplesMax = 256;
/** Rows looked at for the next value of a column that is not in each of them. */
const searchMax = 256;
/** A regular line misses something as soon as a distance is half as long again as usual. */
const regularFactor = 1.5;
const isRegularBelow = 1.25;
/** An irregular one, such as of events that happen now and then, only where a distance is far out of the ordinary. */
const irregularFactor = 12;
/** What is known is found anew once so many times more rows are there. */
const growth = 1.25;

interface Known {
  generation: number;
  rows: number;
  limit: number;
}

const known = new WeakMap<Rows, Map<number, Known>>();

/**
 * Where a row lies, for distances between rows: its frame; of thinned rows, which of the stretches that each left its extremes. Of
 * rows without frames of their own, their time.
 */
export function gapPlace(rows: Rows, row: number): number {
  if (rows.grain > 1) return Math.floor((rows.frameAt(row) - rows.grainOrigin) / rows.grain);
  if (!isFlat(rows)) return rows.frameAt(row);
  const simTime = rows.at(row, "simTime");
  return rows.at(rows.oldestRow, "simTime") < rows.at(rows.nextRow - 1, "simTime") ? simTime : rows.at(row, "wallTime");
}

/** Whether all rows lie in one frame: their sender counts none. */
export function isFlat(rows: Rows): boolean {
  return rows.nextRow - rows.oldestRow > 1 && rows.frameAt(rows.oldestRow) === rows.frameAt(rows.nextRow - 1);
}

/** Two rows whose `gapPlace`s are further apart than this have a hole between them. Infinity: nobody can tell. */
export function gapLimit(rows: Rows, column: number): number {
  let columns = known.get(rows);
  if (!columns) known.set(rows, columns = new Map());
  const count = rows.nextRow - rows.oldestRow;
  const before = columns.get(column);
  if (before && before.generation === rows.generation && count >= before.rows && count < before.rows * growth) return before.limit;
  const limit = limitOf(distances(rows, column));
  columns.set(column, { generation: rows.generation, rows: count, limit });
  return limit;
}

/** @param sorted distances, none of them 0 */
export function limitOf(sorted: readonly number[]): number {
  if (sorted.length === 0) return Infinity;
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
  const [usual, most] = [at(0.5), at(0.9)];
  return most <= usual * isRegularBelow ? most * regularFactor : Math.max(usual * irregularFactor, most * 4);
}

function distances(rows: Rows, column: number): number[] {
  const count = rows.nextRow - rows.oldestRow;
  const step = Math.max(1, Math.floor(count / samplesMax));
  const found: number[] = [];
  for (let start = rows.oldestRow; start < rows.nextRow - 1; start += step) {
    const first = nextWith(rows, column, start);
    const place = first < 0 ? NaN : gapPlace(rows, first);
    // Several rows of one frame are no distance.
    let second = first < 0 ? -1 : nextWith(rows, column, first + 1);
    while (second >= 0 && second < start + searchMax && gapPlace(rows, second) === place) second = nextWith(rows, column, second + 1);
    const distance = second < 0 ? NaN : gapPlace(rows, second) - place;
    if (distance > 0) found.push(distance);
  }
  return found.sort((a, b) => a - b);
}

function nextWith(rows: Rows, column: number, from: number): number {
  const end = Math.min(rows.nextRow, from + searchMax);
  for (let row = from; row < end; row += 1) if (rows.has(row, column)) return row;
  return -1;
}
