// Stretches of a run on its axes: how far all rows reach, and where a stretch of one axis lies on another one.

import { Range, TimeAxis } from "../protocol/protocol";
import { Rows } from "./rows";

/** From the first row to the last one. A run of one place gets some room around it. */
export function wholeRange(all: readonly Rows[], axis: TimeAxis): Range | null {
  let [from, to] = [Infinity, -Infinity];
  for (const rows of all) {
    const extent = rows.extent(axis);
    if (!extent) continue;
    from = Math.min(from, extent.from);
    to = Math.max(to, extent.to);
  }
  if (!(from <= to)) return null;
  return from < to ? { from, to } : { from: from - 0.5, to: to + 0.5 };
}

/** The same stretch of the run on another axis; null: nobody can tell. */
export function moveRange(all: readonly Rows[], range: Range, from: TimeAxis, to: TimeAxis): Range | null {
  const move = (position: number) => {
    let [place, distance] = [NaN, Infinity];
    for (const rows of all) {
      const row = rows.nearestRow(position, from);
      const away = row < 0 ? NaN : Math.abs(rows.at(row, from) - position);
      if (away < distance || (Number.isNaN(place) && row >= 0)) [place, distance] = [rows.at(row, to), Number.isNaN(away) ? Infinity : away];
    }
    return place;
  };
  const moved = { from: move(range.from), to: move(range.to) };
  // An axis that goes back reaches some places twice: all rows in the stretch are meant.
  const within = all.some((rows) => (rows.stretches(from)?.length ?? 2) > 1) ? rowsWithin(all, range, from, to) : null;
  if (within) return within;
  return moved.from < moved.to ? moved : null;
}

function rowsWithin(all: readonly Rows[], range: Range, from: TimeAxis, to: TimeAxis): Range | null {
  let [low, high] = [Infinity, -Infinity];
  for (const rows of all) {
    for (let row = rows.oldestOn(from); row < rows.nextRow; row += 1) {
      const place = rows.at(row, from);
      if (!(place >= range.from && place <= range.to)) continue;
      low = Math.min(low, rows.at(row, to));
      high = Math.max(high, rows.at(row, to));
    }
  }
  return low < high ? { from: low, to: high } : null;
}
