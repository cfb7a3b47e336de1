// One chart: uPlot with the looks of this UI. Knows nothing of streams: it gets numbers and says where the pointer is.

import { formatTick } from "../format/numbers";
import { PlotValue } from "./bucket-line";
import { chartTheme, lineColour, lineDash } from "./theme";
import { calmRange, Range } from "./value-range";

export interface LineChartEvents {
  /** A stretch of time was marked with the pointer. */
  onZoom: (from: number, to: number) => void;
  /** Double click. */
  onResetZoom: () => void;
  /** The pointer has moved in this chart, or in one that moves with it. */
  onCursor: () => void;
}

const axisFont = "11px system-ui, sans-serif";
const lineWidth = 1.5;
/** A shorter drag is a shaky click. */
const zoomPixelsMin = 6;
const valueAxisWidthMin = 44;

export class LineChart {
  private readonly chart: UPlot;
  private range: Range | null = null;
  private readonly leaveTheme: () => void;

  constructor(host: HTMLElement, lines: number, width: number, height: number, private readonly events: LineChartEvents) {
    const data = Array.from({ length: lines + 1 }, () => [] as number[]);
    this.chart = new uPlot(this.options(lines, width, height), data, host);
    let first = true;
    this.leaveTheme = chartTheme().subscribe(() => {
      if (!first) this.chart.redraw(false);
      first = false;
    });
  }

  draw(times: number[], lines: PlotValue[][], from: number, to: number): void {
    this.chart.batch(() => {
      this.chart.setData([times, ...lines], false);
      this.chart.setScale("x", { min: from, max: to });
    });
  }

  resize(width: number, height: number): void {
    if (width !== this.chart.width || height !== this.chart.height) this.chart.setSize({ width, height });
  }

  /** Forgets how tall the axis was: the lines of another stretch of time are about to come. */
  forgetRange(): void {
    this.range = null;
  }

  /** Width of the plot itself without axes, in CSS pixels. */
  get plotWidth(): number {
    return this.chart.over.clientWidth;
  }

  /** Time under the pointer; null when it is elsewhere. It changes while the chart moves under a pointer at rest. */
  get cursorTime(): number | null {
    const { left } = this.chart.cursor;
    return left >= 0 ? this.chart.posToVal(left, "x") : null;
  }

  destroy(): void {
    this.leaveTheme();
    this.chart.destroy();
  }

  private options(lines: number, width: number, height: number): UPlotOptions {
    const series: UPlotSeries[] = [{}];
    for (let index = 0; index < lines; index += 1) {
      const dash = lineDash(index);
      series.push({
        scale: "y", stroke: () => lineColour(index), width: lineWidth, points: { show: false }, pxAlign: 0,
        ...(dash ? { dash } : {}),
      });
    }
    return {
      width,
      height,
      series,
      axes: [this.axis(30, 64), { ...this.axis(0, 30), size: valueAxisWidth }],
      scales: {
        x: { time: false },
        y: {
          range: (_, min, max) => {
            this.range = calmRange(this.range, min, max);
            return [this.range.min, this.range.max];
          },
        },
      },
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: zoomPixelsMin },
        sync: { key: "run", scales: ["x", null], setSeries: false },
        points: { size: 6 },
        bind: {
          dblclick: () => () => {
            this.events.onResetZoom();
            return null;
          },
        },
      },
      hooks: { setSelect: [() => this.takeSelect()], setCursor: [() => this.events.onCursor()] },
      padding: [8, 12, 0, 0],
    };
  }

  private axis(size: number, space: number): UPlotAxis {
    return {
      stroke: () => chartTheme().value.axis,
      grid: { stroke: () => chartTheme().value.grid, width: 1 },
      ticks: { stroke: () => chartTheme().value.grid, width: 1, size: 4 },
      font: axisFont,
      size,
      gap: 4,
      space,
      values: (_self, splits, _axis, _space, increment) => splits.map((value) => formatTick(value, increment)),
    };
  }

  private takeSelect(): void {
    const { left, width } = this.chart.select;
    if (width < zoomPixelsMin) return;
    const from = this.chart.posToVal(left, "x");
    const to = this.chart.posToVal(left + width, "x");
    this.chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.events.onZoom(from, to);
  }
}

/** As wide as the longest label, in steps, so that the plot does not jump with each new label. */
function valueAxisWidth(_self: UPlot, values: string[] | null): number {
  const longest = Math.max(0, ...(values ?? []).map((value) => value.length));
  return Math.max(valueAxisWidthMin, Math.ceil((longest * 6.5 + 14) / 8) * 8);
}
