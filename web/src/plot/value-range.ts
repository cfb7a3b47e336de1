// The range of a vertical axis: calm. It grows at once, and shrinks only when the lines have become much smaller than it.

export interface Range {
  min: number;
  max: number;
}

const margin = 0.06;
/** Closer to the edge than this share of the axis, and the axis grows. */
const marginMin = 0.015;
/** Below this share of the axis the lines look lost. */
const shrinkBelow = 0.45;

/** A range for values low … high (null: no values) that keeps `previous` where it still fits. */
export function calmRange(previous: Range | null, low: number | null, high: number | null): Range {
  if (low === null || high === null) return previous ?? { min: -1, max: 1 };
  const fitting = fit(low, high);
  if (!previous || isMuchLarger(previous, fitting)) return fitting;
  const edge = (previous.max - previous.min) * marginMin;
  return {
    min: low < previous.min + edge ? Math.min(previous.min, fitting.min) : previous.min,
    max: high > previous.max - edge ? Math.max(previous.max, fitting.max) : previous.max,
  };
}

function isMuchLarger(range: Range, than: Range): boolean {
  return than.max - than.min < (range.max - range.min) * shrinkBelow;
}

/** Rounds outwards to a quarter of the span's power of ten, so that limits are round numbers and seldom move. */
function fit(low: number, high: number): Range {
  if (low === high) {
    const half = low === 0 ? 1 : Math.abs(low) * 0.1;
    return { min: low - half, max: high + half };
  }
  const span = high - low;
  if (!Number.isFinite(span)) return { min: low, max: high };
  const step = 10 ** Math.floor(Math.log10(span)) / 4;
  if (!(step > 0)) return { min: low, max: high };
  const min = Math.floor((low - span * margin) / step) * step;
  const max = Math.ceil((high + span * margin) / step) * step;
  return { min, max };
}
