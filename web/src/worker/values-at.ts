// What lines are at the pointer and at the cursors: the value of that very frame, or none. A value of another frame is never given
// without saying so.

import { PlaceAnswer, Range, Sample, TimeAxis, ValueAt } from "../protocol/protocol";
import { gapLimit, gapPlace, isFlat } from "./gaps";
import { Line, Part } from "./lines";
import { Rows } from "./rows";

/** A frame, and where on the axis it was pointed at. */
export interface Place {
  frame: number;
  at: number;
  axis: TimeAxis;
}

/** All rows around a frame, of a line of which only extremes are here; null: they have been asked for. */
export type Closer = (line: Line, frame: number, span: number) => Rows | null | undefined;

const none: ValueAt = { kind: "none", sample: null };
/** All rows are asked for of so many frames to each side; further if values are further apart. */
const closerFrames = 64;
const closerFramesMax = 20_000;

export function sampleAt({ rows, column }: Pick<Part, "rows" | "column">, row: number): Sample {
  return {
    frame: rows.frameAt(row), simTime: rows.at(row, "simTime"), wallTime: rows.at(row, "wallTime"), value: rows.valueAt(row, column),
  };
}

export function valueAt(line: Line, place: Place, closer: Closer): ValueAt {
  const part = partAt(line, place.frame);
  if (!part) return none;
  if (isFlat(part.rows)) return valueOfFlat(part, place);
  const found = valueIn(part, place.frame);
  const isThinned = part.rows.grain > 1 || part.rows.isThinned;
  if (found.kind === "at" || !isThinned) return found;
  const near = nearIn(part, place.frame);
  // Which of its rows the live stream has left out can only be asked for when the run is over.
  if (part.rows.isThinned || near.kind === "none") return near;
  const span = Math.min(closerFramesMax, Math.max(closerFrames, 3 * part.rows.grain));
  const rows = closer(line, place.frame, span);
  if (!rows) return rows === undefined ? near : none;
  return valueIn({ rows, column: 0, from: -Infinity }, place.frame);
}

/** The part whose rows lie around a frame: live ones from their beginning on. */
function partAt({ parts }: Line, frame: number): Part | undefined {
  const last = parts[parts.length - 1];
  if (parts.length < 2 || !last || last.rows.isEmpty) return parts.find(({ rows }) => !rows.isEmpty);
  return frame >= last.from && frame >= last.rows.frameAt(last.rows.oldestRow) ? last : parts[0];
}

/** The rows with a value around a frame: the last one up to it, and the first one behind it; -1: there is none. */
function around({ rows, column, from }: Part, frame: number): { before: number; after: number } {
  const begin = Math.max(rows.oldestRow, from === -Infinity ? rows.oldestRow : rows.firstRowFrom(from, "frame"));
  let after = rows.firstRowFrom(frame, "frame");
  let before = after - 1;
  // Of several rows of one frame the last one counts.
  while (after < rows.nextRow && rows.frameAt(after) === frame) before = after++;
  while (before >= begin && !rows.has(before, column)) before -= 1;
  while (after < rows.nextRow && !rows.has(after, column)) after += 1;
  return { before: before >= begin ? before : -1, after: after < rows.nextRow ? after : -1 };
}

function valueIn(part: Part, frame: number): ValueAt {
  const { rows, column } = part;
  const { before, after } = around(part, frame);
  if (before < 0) return none;
  if (rows.frameAt(before) === frame) return { kind: "at", sample: sampleAt(part, before) };
  const limit = gapLimit(rows, column);
  const distance = (after < 0 ? frame : gapPlace(rows, after)) - gapPlace(rows, before);
  return distance <= limit && Number.isFinite(limit) ? { kind: "before", sample: sampleAt(part, before) } : none;
}

/** Of thinned rows: the nearest extreme, if the frame lies among those that it stands for. */
function nearIn(part: Part, frame: number): ValueAt {
  const { rows, column } = part;
  const { before, after } = around(part, frame);
  const away = (row: number) => (row < 0 ? Infinity : Math.abs(rows.frameAt(row) - frame));
  const nearest = away(before) <= away(after) ? before : after;
  if (nearest < 0) return none;
  const place = rows.grain > 1 ? Math.floor((frame - rows.grainOrigin) / rows.grain) : frame;
  const limit = gapLimit(rows, column);
  const isBetween = before >= 0 && after >= 0 && gapPlace(rows, after) - gapPlace(rows, before) <= limit;
  const isOf = Math.abs(gapPlace(rows, nearest) - place) <= 1;
  return isBetween || isOf ? { kind: "near", sample: sampleAt(part, nearest) } : none;
}

/** Rows without frames of their own are told apart by their time only. */
function valueOfFlat(part: Part, { at, axis, frame }: Place): ValueAt {
  const row = axis === "frame" || Number.isNaN(at) ? part.rows.nextRow - 1 : part.rows.nearestRow(at, axis);
  if (row < 0 || part.rows.frameAt(row) !== frame) return none;
  return part.rows.has(row, part.column) ? { kind: "at", sample: sampleAt(part, row) } : none;
}

// MARK: the pointer

/**
 * Which frame a place of the axis is: that of the nearest row, unless the place lies in a hole; then the frame that would be there.
 * @param reach so far from a row one still means it
 */
export function placeOf(lines: readonly Line[], at: number, axis: TimeAxis, reach: number): Place | null {
  let [best, distance]: [Place | null, number] = [null, Infinity];
  let between: Place | null = null;
  for (const { parts } of lines) {
    for (const { rows, column, from } of parts) {
      const row = rows.nearestRow(at, axis);
      if (row < 0 || rows.frameAt(row) < from) continue;
      const place = rows.at(row, axis);
      const away = Math.abs(place - at);
      const isMeant = away <= reach || isAmongNeighbours(rows, column, row, at, axis);
      if (isMeant && away < distance) [best, distance] = [{ frame: rows.frameAt(row), at: place, axis }, away];
      between ??= reckoned(rows, row, at, axis);
    }
  }
  if (best) return best;
  return axis === "frame" ? { frame: Math.max(0, Math.round(at)), at: Math.max(0, Math.round(at)), axis } : between;
}

/** Whether a place lies between a row and a neighbour of it. */
function isAmongNeighbours(rows: Rows, column: number, row: number, at: number, axis: TimeAxis): boolean {
  const other = at < rows.at(row, axis) ? row - 1 : row + 1;
  if (other < rows.oldestOn(axis) || other >= rows.nextRow) return false;
  const isBetween = (rows.at(other, axis) - at) * (rows.at(row, axis) - at) <= 0;
  return isBetween && Math.abs(gapPlace(rows, other) - gapPlace(rows, row)) <= gapLimit(rows, column);
}

function reckoned(rows: Rows, row: number, at: number, axis: TimeAxis): Place | null {
  const other = at < rows.at(row, axis) ? row - 1 : row + 1;
  if (other < rows.oldestOn(axis) || other >= rows.nextRow) return null;
  const share = (at - rows.at(row, axis)) / (rows.at(other, axis) - rows.at(row, axis));
  if (!(share >= 0 && share <= 1)) return null;
  return { frame: Math.round(rows.frameAt(row) + share * (rows.frameAt(other) - rows.frameAt(row))), at, axis };
}

// MARK: places of a frame

/** The times of a frame: those of a row of it, else reckoned from the rows around. NaN: beyond all rows. */
export function timesOf(lines: readonly Line[], frame: number): Omit<PlaceAnswer, "isHole"> {
  let found = { frame, simTime: NaN, wallTime: NaN, isExact: false };
  for (const { parts } of lines) {
    for (const { rows } of parts) {
      const after = rows.firstRowFrom(frame, "frame");
      if (after < rows.nextRow && rows.frameAt(after) === frame) {
        return { frame, simTime: rows.at(after, "simTime"), wallTime: rows.at(after, "wallTime"), isExact: true };
      }
      if (after <= rows.oldestRow || after >= rows.nextRow || !Number.isNaN(found.simTime)) continue;
      const share = (frame - rows.frameAt(after - 1)) / (rows.frameAt(after) - rows.frameAt(after - 1));
      const between = (axis: TimeAxis) => rows.at(after - 1, axis) + share * (rows.at(after, axis) - rows.at(after - 1, axis));
      found = { frame, simTime: between("simTime"), wallTime: between("wallTime"), isExact: false };
    }
  }
  return found;
}

/** A stretch of frames on an axis, from the row before it to the row behind it; null: there are no rows. */
export function stretchOn(line: Line | undefined, { from, to }: Range, axis: TimeAxis): Range | null {
  if (axis === "frame") return { from, to };
  let [before, after, begin, end] = [-Infinity, Infinity, NaN, NaN];
  let known: Range | null = null;
  for (const { rows } of line?.parts ?? []) {
    if (rows.isEmpty) continue;
    const extent = rows.extent(axis);
    if (extent) known = known ? { from: Math.min(known.from, extent.from), to: Math.max(known.to, extent.to) } : extent;
    const [last, next] = [rows.firstRowFrom(from, "frame") - 1, rows.firstRowFrom(to + 1, "frame")];
    if (last >= rows.oldestRow && rows.frameAt(last) > before) [before, begin] = [rows.frameAt(last), rows.at(last, axis)];
    if (next < rows.nextRow && rows.frameAt(next) < after) [after, end] = [rows.frameAt(next), rows.at(next, axis)];
  }
  if (!known) return null;
  const moved = { from: Number.isNaN(begin) ? known.from : begin, to: Number.isNaN(end) ? known.to : end };
  return moved.from <= moved.to ? moved : null;
}
