// Reads the answer of /api/analysis/series: one JSON object per line.

import { Rows } from "./rows";

const notFinite: Record<string, number> = { NaN, Infinity, "-Infinity": -Infinity };

/**
 * Rows told apart by their key ("" where they have none). Lines that are no rows are left out, and so are instances none of whose
 * events has the field.
 */
export function readSeriesLines(lines: readonly string[], column: string, makeRows: () => Rows): Map<string, Rows> {
  const byKey = new Map<string, Rows>();
  const keysWithValues = new Set<string>();
  for (const line of lines) {
    let json;
    try {
      json = JSON.parse(line);
    } catch {
      // The last line of an answer that was cut off: what came before it is still true.
      continue;
    }
    const frame = Number(json?.frame_index);
    if (!Number.isFinite(frame)) continue;
    const key = json.key === undefined || json.key === null ? "" : String(json.key);
    let rows = byKey.get(key);
    if (!rows) byKey.set(key, rows = makeRows());
    const place = rows.addColumn(column);
    const row = rows.add(frame, toNumber(json.sim_time), json.wall_time_ms === null ? NaN : toNumber(json.wall_time_ms));
    // No such value in this event: nothing was measured, which is something else than NaN.
    if (row < 0 || place < 0 || json.value === null) continue;
    rows.set(row, place, toNumber(json.value));
    keysWithValues.add(key);
  }
  for (const [key, rows] of byKey) {
    if (keysWithValues.has(key)) continue;
    rows.release();
    byKey.delete(key);
  }
  return byKey;
}

function toNumber(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" ? notFinite[value] ?? Number(value) : NaN;
}
