// What the rows between two frames come to. Kept until the rows there can have changed: cursors stand still most of the time.

import { Range, Summary } from "../protocol/protocol";
import { Line } from "./lines";

const keptMax = 512;

export function summarise(line: Line, frames: Range, isExact: boolean): Summary {
  let [count, finite, min, max, mean] = [0, 0, Infinity, -Infinity, 0];
  for (const { rows, column, from } of line.parts) {
    const begin = Math.max(frames.from, from);
    for (let row = rows.firstRowFrom(begin, "frame"); row < rows.nextRow && rows.frameAt(row) <= frames.to; row += 1) {
      const value = rows.valueAt(row, column);
      if (value !== value && !rows.has(row, column)) continue;
      count += 1;
      if (!Number.isFinite(value)) continue;
      finite += 1;
      min = Math.min(min, value);
      max = Math.max(max, value);
      // A running mean does not overflow where a sum would.
      mean += (value - mean) / finite;
    }
  }
  return finite > 0 ? { count, finite, min, max, mean, isExact } : { count, finite, min: NaN, max: NaN, mean: NaN, isExact };
}

/** Of two stretches that lie next to each other. */
export function together(a: Summary, b: Summary): Summary {
  const count = a.count + b.count;
  if (a.finite === 0 || b.finite === 0) return { ...(a.finite === 0 ? b : a), count, isExact: a.isExact && b.isExact };
  const finite = a.finite + b.finite;
  return {
    count, finite, min: Math.min(a.min, b.min), max: Math.max(a.max, b.max), mean: a.mean + (b.mean - a.mean) * (b.finite / finite),
    isExact: a.isExact && b.isExact,
  };
}

export class SummaryCache {
  private readonly kept = new Map<string, { signature: string; summary: Summary }>();

  take(line: Line, frames: Range, isExact: boolean): Summary {
    const name = `${line.id.channel}\n${line.id.type}\n${line.id.field}\n${line.key}`;
    const reaches = line.parts.some(({ rows }) => rows.isEmpty || rows.frameAt(rows.nextRow - 1) <= frames.to);
    const rows = line.parts.map((part) => `${part.rows.generation} ${part.rows.oldestRow} ${reaches ? part.rows.nextRow : ""}`);
    const signature = `${frames.from} ${frames.to} ${isExact} ${rows.join(" ")}`;
    const known = this.kept.get(name);
    if (known?.signature === signature) return known.summary;
    if (this.kept.size >= keptMax) this.kept.clear();
    const summary = summarise(line, frames, isExact);
    this.kept.set(name, { signature, summary });
    return summary;
  }
}
