// Draws lines that were reduced to pixel columns (worker/line-reducer.ts): per column at most one vertical stroke, whatever the
// number of samples behind it.

import { markFilled, markLowFirst, markNotFinite } from "../worker/protocol";

export interface DrawnLine {
  colour: string;
  dash: readonly number[];
  /** Index into the panel's buckets. */
  index: number;
  /** From a value to canvas pixels, NaN for what the axis cannot show. */
  toY: (value: number) => number;
}

export interface Columns {
  count: number;
  values: Float64Array;
  marks: Uint8Array;
  /** Canvas pixels of the middle of the first column, and from one to the next. */
  left: number;
  step: number;
}

export interface PlotBox {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Samples further apart than this are shown as dots as well. */
const dotDistance = 9;
/** Where samples are missing that should be there, the line breaks: so many times their usual distance, and so many pixels. */
const breakFactor = 12;
const breakPixelsMin = 16;

export function drawLines(ctx: CanvasRenderingContext2D, box: PlotBox, columns: Columns, lines: readonly DrawnLine[], ratio: number): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.left, box.top, box.width, box.height);
  ctx.clip();
  ctx.lineWidth = lineWidth(ratio);
  ctx.lineJoin = "bevel";
  for (const line of lines) {
    ctx.strokeStyle = line.colour;
    ctx.fillStyle = line.colour;
    ctx.setLineDash(line.dash.map((length) => length * ratio));
    drawLine(ctx, box, columns, line, ratio);
  }
  ctx.restore();
}

/**
 * One pixel where pixels are large. Browsers that draw in software draw that as a hairline, without making an outline of the path
 * and filling it: three quarters of a frame's time.
 */
function lineWidth(ratio: number): number {
  return ratio < 1.5 ? 1 : 1.5 * ratio;
}

function drawLine(ctx: CanvasRenderingContext2D, box: PlotBox, columns: Columns, line: DrawnLine, ratio: number): void {
  const { count, values, marks, left, step } = columns;
  const lows = line.index * count * 2;
  const marksAt = line.index * count;
  const breakDistance = Math.max(breakPixelsMin * ratio, usualDistance(columns, marksAt) * breakFactor * step);
  let isDown = false;
  let filled = 0;
  let notFinite = 0;
  let lastX = NaN;
  ctx.beginPath();
  for (let index = 0; index < count; index += 1) {
    const mark = marks[marksAt + index] as number;
    if ((mark & markNotFinite) !== 0) notFinite += 1;
    if ((mark & markFilled) === 0) {
      // A value that is no number breaks the line; a column without any sample lets it pass.
      if (mark !== 0) isDown = false;
      continue;
    }
    const x = left + index * step;
    const low = line.toY(values[lows + index] as number);
    const high = line.toY(values[lows + count + index] as number);
    const [first, last] = (mark & markLowFirst) !== 0 ? [low, high] : [high, low];
    if (first !== first) {
      isDown = false;
      continue;
    }
    filled += 1;
    if (x - lastX > breakDistance) isDown = false;
    lastX = x;
    if (isDown) ctx.lineTo(x, first);
    else ctx.moveTo(x, first);
    if (last !== first) ctx.lineTo(x, last);
    // A single sample between gaps would be a line without length.
    else if (!isDown) ctx.lineTo(x + 0.01, last);
    isDown = true;
  }
  ctx.stroke();
  if (filled > 0 && filled * dotDistance * ratio < count * step) drawDots(ctx, columns, line, ratio);
  if (notFinite > 0) drawNotFinite(ctx, box, columns, line, ratio);
}

/** The middle one of the distances between filled columns, in columns. */
function usualDistance({ count, marks }: Columns, marksAt: number): number {
  const distances: number[] = [];
  let last = -1;
  for (let index = 0; index < count; index += 1) {
    if (((marks[marksAt + index] as number) & markFilled) === 0) continue;
    if (last >= 0) distances.push(index - last);
    last = index;
  }
  if (distances.length === 0) return 1;
  distances.sort((a, b) => a - b);
  return distances[distances.length >> 1] as number;
}

function drawDots(ctx: CanvasRenderingContext2D, columns: Columns, line: DrawnLine, ratio: number): void {
  const { count, values, marks, left, step } = columns;
  const size = 4 * ratio;
  for (let index = 0; index < count; index += 1) {
    if (((marks[line.index * count + index] as number) & markFilled) === 0) continue;
    const low = line.toY(values[line.index * count * 2 + index] as number);
    const high = line.toY(values[line.index * count * 2 + count + index] as number);
    ctx.fillRect(left + index * step - size / 2, low - size / 2, size, size);
    if (high !== low) ctx.fillRect(left + index * step - size / 2, high - size / 2, size, size);
  }
}

/** A tick on the lower edge wherever a value was NaN or infinite. */
function drawNotFinite(ctx: CanvasRenderingContext2D, box: PlotBox, columns: Columns, line: DrawnLine, ratio: number): void {
  const height = 7 * ratio;
  const bottom = box.top + box.height;
  for (let index = 0; index < columns.count; index += 1) {
    if (((columns.marks[line.index * columns.count + index] as number) & markNotFinite) === 0) continue;
    const x = columns.left + index * columns.step;
    ctx.beginPath();
    ctx.moveTo(x, bottom - height);
    ctx.lineTo(x - 3 * ratio, bottom);
    ctx.lineTo(x + 3 * ratio, bottom);
    ctx.fill();
  }
}
