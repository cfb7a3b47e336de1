// Axes of a chart, as uPlot wants them: where ticks lie, what they say, how wide an axis is.

import { Signal } from "../base/signal";
import { formatPlace, formatTick } from "../format/numbers";
import { formatAxisTime, timeSteps } from "../format/times";
import { TimeAxis } from "../protocol/protocol";
import { chartTheme } from "./theme";

export const axisFont = "11px system-ui, sans-serif";
const digitWidth = 6.4;
const valueAxisWidthMin = 44;
const valueAxisWidthMax = 96;
/** Room for the half of the last label that reaches beyond the plot. */
export const lastLabelWidth = 28;
/** Frames are counted: no tick lies between two. */
const wholeSteps = Array.from({ length: 15 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

/** The value axes on the left of all charts are as wide as the widest of them, so that times lie below each other. */
class SharedWidth {
  readonly width = new Signal(valueAxisWidthMin);
  private readonly wanted = new Map<object, number>();

  /** What `owner` needs; returned is what it gets. */
  want(owner: object, width: number): number {
    if (this.wanted.get(owner) !== width) {
      this.wanted.set(owner, width);
      this.spread();
    }
    return Math.max(this.width.value, width);
  }

  forget(owner: object): void {
    this.wanted.delete(owner);
    this.spread();
  }

  private spread(): void {
    const widest = Math.max(valueAxisWidthMin, ...this.wanted.values());
    // A chart asks while it is drawn: the others are told afterwards.
    queueMicrotask(() => { if (widest === Math.max(valueAxisWidthMin, ...this.wanted.values())) this.width.value = widest; });
  }
}

export const leftAxis = new SharedWidth();

function axis(size: number, space: number): UPlotAxis {
  return {
    stroke: () => chartTheme().value.axis,
    grid: { stroke: () => chartTheme().value.grid, width: 1 },
    ticks: { stroke: () => chartTheme().value.grid, width: 1, size: 4 },
    font: axisFont, size, gap: 4, space,
  };
}

export function timeAxis(time: TimeAxis): UPlotAxis {
  const words = (value: number, step: number) => {
    if (time === "wallTime") return formatAxisTime(value, step);
    return time === "frame" ? formatPlace(value) : formatTick(value, step);
  };
  return {
    ...axis(30, time === "wallTime" ? 92 : 76),
    ...(time === "frame" ? { incrs: wholeSteps } : time === "wallTime" ? { incrs: timeSteps } : {}),
    values: (self, splits, _axis, _space, step) => splits.map((value) => {
      if (value === null) return null;
      const text = words(value, step);
      // A label that would be cut says something else than it means. Of the picture as it is being laid out: the elements
      // on the page still have the size that they had before.
      const room = self.width - self.bbox.left / devicePixelRatio - self.valToPos(value, "x");
      return (text.length * digitWidth) / 2 > room ? null : text;
    }),
  };
}

export interface ValueAxisLooks {
  index: number;
  unit: string;
  scale: "linear" | "log";
  /** There are others. */
  isOneOfSeveral: boolean;
  /** Of its lines, if they all have the same. */
  colour: () => string;
}

export function valueAxis(owner: object, { index, unit, scale, isOneOfSeveral, colour }: ValueAxisLooks): UPlotAxis {
  return {
    ...axis(0, 30), scale: `y${index}`, side: index === 0 ? 3 : 1,
    size: (_self, values) => {
      const width = widthOf(values);
      return index === 0 ? leftAxis.want(owner, width) : width;
    },
    ...(index > 0 ? { grid: { show: false } } : {}),
    ...(isOneOfSeveral ? { label: unit || "no unit", labelSize: 16, labelGap: 0, labelFont: axisFont, stroke: colour } : {}),
    values: (_self, splits, _axis, _space, step) => splits.map((value) => value === null ? null
      : scale === "log" ? formatPower(value) : formatTick(value, step)),
  };
}

function formatPower(value: number): string {
  return value >= 1e-3 && value < 1e5 ? String(Number(value.toPrecision(3))) : value.toExponential(0).replace("e+", "e").replace("-", "−");
}

/** As wide as the longest label, in steps, so that the plot does not jump with each new label. */
function widthOf(values: string[] | null): number {
  const longest = Math.max(0, ...(values ?? []).map((value) => value?.length ?? 0));
  return Math.min(valueAxisWidthMax, Math.max(valueAxisWidthMin, Math.ceil((longest * 6.5 + 14) / 8) * 8));
}
