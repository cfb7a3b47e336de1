// The range of a vertical axis: calm. It grows at once, and shrinks only when the lines have become much smaller than it.

import { Range } from "../protocol/protocol";

const margin = 0.06;
/** Closer to the edge than this share of the axis, and the axis grows. */
const marginMin = 0.015;
/** Below this share of the axis the lines look lost. */
const shrinkBelow = 0.45;

/** A range for values low … high (null: no values) that keeps `previous` where it still fits. */
export function calmRange(previous: Range | null, low: number | null, high: number | null): Range {
  if (low === null || high === null) return previous ?? { from: -1, to: 1 };
  const fitting = fit(low, high);
  if (!previous || isMuchLarger(previous, fitting)) return fitting;
  const edge = (previous.to - previous.from) * marginMin;
  const grown = {
    from: low < previous.from + edge ? Math.min(previous.from, fitting.from) : previous.from,
    to: high > previous.to - edge ? Math.max(previous.to, fitting.to) : previous.to,
  };
  // Values of elsewhere: what has just been left is no reason to make them small.
  return isMuchLarger(grown, fitting) ? fitting : grown;
}

function isMuchLarger(range: Range, than: Range): boolean {
  return than.to - than.from < (range.to - range.from) * shrinkBelow;
}

/** Rounds outwards to a quarter of the span's power of ten, so that limits are round numbers and seldom move. */
function fit(low: number, high: number): Range {
  if (low === high) {
    const half = low === 0 ? 1 : Math.abs(low) * 0.1;
    return { from: low - half, to: high + half };
  }
  const span = high - low;
  if (!Number.isFinite(span)) return { from: low, to: high };
  const step = 10 ** Math.floor(Math.log10(span)) / 4;
  if (!(step > 0)) return { from: low, to: high };
  const from = Math.floor((low - span * margin) / step) * step;
  const to = Math.ceil((high + span * margin) / step) * step;
  return { from, to };
}

/** The same for a logarithmic axis: whole powers of ten around what is above zero. */
export function calmLogRange(previous: Range | null, low: number, high: number): Range {
  if (!(high > 0)) return previous ?? { from: 0.1, to: 10 };
  // What is zero or below has no place on this axis: six decades below the largest value are shown then.
  const bottom = low > 0 ? low : high / 1e6;
  const from = 10 ** Math.floor(Math.log10(bottom));
  const to = 10 ** Math.ceil(Math.log10(high) + 1e-9);
  return { from, to: to > from ? to : from * 10 };
}
