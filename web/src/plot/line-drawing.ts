// Draws lines that were reduced to pixel columns (worker/line-reducer.ts): per column at most one vertical stroke, whatever the
// number of samples behind it.

import { markBroken, markCoarse, markFilled, markLowFirst, markNotFinite, Range } from "../protocol/protocol";

export interface DrawnLine {
  colour: string;
  dash: readonly number[];
  /** Drawn stronger than the others, or fainter. */
  weight: "usual" | "strong" | "faint";
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
const faint = 0.3;
/** Values whose neighbours are not known yet. */
const coarseAlpha = 0.45;
const lossPixelsMin = 2;
const bandAlpha = 0.4;
/** A band is at least so high, */
const bandPixelsMin = 4;
/** and so much of a column lies beside its neighbour. */
const bandShare = 0.5;
/** The share of a line's tall columns that are such: else they are strokes that happen to be beside each other. */
const bandDensity = 0.93;

/** `isMoving`: the next picture comes at once. */
export function drawLines(
  ctx: CanvasRenderingContext2D, box: PlotBox, columns: Columns, lines: readonly DrawnLine[], ratio: number, isMoving: boolean,
): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.left, box.top, box.width, box.height);
  ctx.clip();
  ctx.lineJoin = "bevel";
  const order = [...lines].sort((a, b) => Number(a.weight === "strong") - Number(b.weight === "strong"));
  for (const line of order) {
    ctx.lineWidth = line.weight === "strong" ? 2 * ratio : lineWidth(ratio, isMoving);
    ctx.globalAlpha = line.weight === "faint" ? faint : 1;
    ctx.strokeStyle = line.colour;
    ctx.fillStyle = line.colour;
    ctx.setLineDash(line.dash.map((length) => length * ratio));
    drawLine(ctx, box, columns, line, ratio);
  }
  ctx.restore();
}

/**
 * While lines move and pixels are large: one pixel. Browsers that draw in software draw that as a hairline, without making an outline
 * of the path and filling it: a third of all work for a picture, sixty times a second.
 */
function lineWidth(ratio: number, isMoving: boolean): number {
  return isMoving && ratio < 1.5 ? 1 : 1.5 * ratio;
}

function drawLine(ctx: CanvasRenderingContext2D, box: PlotBox, columns: Columns, line: DrawnLine, ratio: number): void {
  const { count, marks, left, step } = columns;
  const marksAt = line.index * count;
  const { lows, highs } = heightsOf(columns, line);
  // A column that is part of a band is drawn through its middle, the others from one of their ends to the other.
  const hasBand = drawBand(ctx, columns, line, ratio);
  let isDown = false;
  let filled = 0;
  let notFinite = 0;
  let coarse = 0;
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
    const low = lows[index] as number;
    const high = highs[index] as number;
    let [first, last] = (mark & markLowFirst) !== 0 ? [low, high] : [high, low];
    if (hasBand && isBand[index] === 1) first = last = (low + high) / 2;
    if (first !== first) {
      isDown = false;
      continue;
    }
    filled += 1;
    if ((mark & markBroken) !== 0) isDown = false;
    if ((mark & markCoarse) !== 0) {
      coarse += 1;
      continue;
    }
    if (isDown) ctx.lineTo(x, first);
    else ctx.moveTo(x, first);
    if (last !== first) ctx.lineTo(x, last);
    // A single sample between gaps would be a line without length.
    else if (!isDown) ctx.lineTo(x + 0.01, last);
    isDown = true;
  }
  ctx.stroke();
  const isSparse = filled * dotDistance * ratio < count * step;
  if (coarse > 0) {
    const alpha = ctx.globalAlpha;
    ctx.globalAlpha = alpha * coarseAlpha;
    drawDots(ctx, columns, line, ratio);
    ctx.globalAlpha = alpha;
  } else if (filled > 0 && isSparse) {
    drawDots(ctx, columns, line, ratio);
  }
  if (notFinite > 0) drawNotFinite(ctx, box, columns, line, ratio);
}

// MARK: bands

/** The columns of the line that is being drawn, in canvas pixels: used again for each line. */
let lowHeights = new Float64Array(0);
let highHeights = new Float64Array(0);
let isBand = new Uint8Array(0);

function heightsOf({ count, values, marks }: Columns, { index, toY }: DrawnLine): { lows: Float64Array; highs: Float64Array } {
  if (lowHeights.length < count) {
    lowHeights = new Float64Array(2 * count);
    highHeights = new Float64Array(2 * count);
    isBand = new Uint8Array(2 * count);
  }
  const at = index * count * 2;
  for (let place = 0; place < count; place += 1) {
    const isThere = ((marks[index * count + place] as number) & markFilled) !== 0;
    const low = isThere ? toY(values[at + place] as number) : NaN;
    lowHeights[place] = low;
    highHeights[place] = isThere && values[at + count + place] !== values[at + place] ? toY(values[at + count + place] as number) : low;
  }
  return { lows: lowHeights, highs: highHeights };
}

/**
 * Where values go up and down within each pixel, strokes from the smallest to the largest would be one solid block: it is drawn as a
 * band that others can be seen through. A column far from what lies beside it is no part of it: a spike is as strong as ever.
 */
function drawBand(ctx: CanvasRenderingContext2D, { count, marks, left, step }: Columns, line: DrawnLine, ratio: number): boolean {
  const least = bandPixelsMin * ratio;
  const marksAt = line.index * count;
  let [columns, tall] = [0, 0];
  for (let place = 0; place < count; place += 1) {
    const size = (lowHeights[place] as number) - (highHeights[place] as number);
    isBand[place] = 0;
    // Written so that NaN, no value or none that the axis can show, is no band.
    if (!(size >= least) || ((marks[marksAt + place] as number) & markCoarse) !== 0) continue;
    tall += 1;
    if (overlap(place, place - 1, count) < size * bandShare && overlap(place, place + 1, count) < size * bandShare) {
      // A steep line is soon known to be none.
      if (tall - columns > count * (1 - bandDensity)) return false;
      continue;
    }
    isBand[place] = 1;
    columns += 1;
  }
  if (columns === 0 || columns < tall * bandDensity) return false;
  const alpha = ctx.globalAlpha;
  ctx.globalAlpha = alpha * bandAlpha;
  ctx.beginPath();
  for (let place = 0; place < count; place += 1) {
    if (isBand[place] === 0) continue;
    const high = highHeights[place] as number;
    ctx.rect(left + (place - 0.5) * step, high, step, (lowHeights[place] as number) - high);
  }
  ctx.fill();
  ctx.globalAlpha = alpha;
  return true;
}

/** How much of its height a column shares with another one; 0 if there is none. */
function overlap(place: number, other: number, count: number): number {
  if (other < 0 || other >= count) return 0;
  const shared = Math.min(lowHeights[place] as number, lowHeights[other] as number) - Math.max(highHeights[place] as number, highHeights[other] as number);
  return shared > 0 ? shared : 0;
}

function drawDots(ctx: CanvasRenderingContext2D, columns: Columns, line: DrawnLine, ratio: number): void {
  const { count, values, marks, left, step } = columns;
  const radius = 1.5 * ratio;
  ctx.beginPath();
  for (let index = 0; index < count; index += 1) {
    if (((marks[line.index * count + index] as number) & markFilled) === 0) continue;
    const x = left + index * step;
    const low = line.toY(values[line.index * count * 2 + index] as number);
    const high = line.toY(values[line.index * count * 2 + count + index] as number);
    for (const y of high === low ? [low] : [low, high]) {
      ctx.moveTo(x + radius, y);
      ctx.arc(x, y, radius, 0, 2 * Math.PI);
    }
  }
  ctx.fill();
}

/** Hatches where events are missing: places on the canvas from left to right. */
export function drawLosses(ctx: CanvasRenderingContext2D, box: PlotBox, losses: readonly Range[], colour: string, ratio: number): void {
  if (losses.length === 0) return;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour;
  ctx.lineWidth = ratio;
  for (const { from, to } of losses) {
    const width = Math.max(lossPixelsMin * ratio, to - from);
    const left = Math.min(from, box.left + box.width - width);
    if (to < box.left || from > box.left + box.width) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(Math.max(box.left, left), box.top, Math.min(width, box.left + box.width - left), box.height);
    ctx.clip();
    ctx.globalAlpha = 0.1;
    ctx.fillRect(box.left, box.top, box.width, box.height);
    ctx.globalAlpha = 0.45;
    ctx.beginPath();
    const distance = 7 * ratio;
    const first = Math.floor((Math.max(box.left, left) - box.height) / distance) * distance;
    for (let x = first; x < Math.min(box.left + box.width, left + width); x += distance) {
      ctx.moveTo(x, box.top + box.height);
      ctx.lineTo(x + box.height, box.top);
    }
    ctx.stroke();
    ctx.restore();
  }
  ctx.restore();
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
