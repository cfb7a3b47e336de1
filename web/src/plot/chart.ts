// One chart: uPlot's axes, grid and pointer, with lines drawn by pixel columns. Knows nothing of runs: it gets numbers, and says
// where the pointer is and what was marked.

import { setHidden, setStyle } from "../base/dom";
import { formatTick } from "../format/numbers";
import { formatAxisTime } from "../format/times";
import { PanelAnswer, Range, TimeAxis } from "../worker/protocol";
import { DrawnLine, drawLines } from "./line-drawing";
import { chartTheme, lineColour, lineDash } from "./theme";
import { calmRange, calmLogRange } from "./value-range";

export interface ChartEvents {
  /** A stretch of the axis was marked with the pointer. */
  onZoom: (range: Range) => void;
  /** Zoom about a place of the axis: a factor below 1 shows less. */
  onWheel: (at: number, factor: number) => void;
  /** The shown stretch moves by so much of itself. */
  onPan: (share: number) => void;
  onReset: () => void;
  /** Null: the pointer has left. */
  onHover: (at: number | null) => void;
  onClick: (at: number, isSecond: boolean) => void;
}

/** One value axis: the lines of one unit. */
export interface ValueAxis {
  unit: string;
  scale: "linear" | "log";
  fixed: Range | null;
}

export interface ChartShape {
  time: TimeAxis;
  axes: readonly ValueAxis[];
  /** Per series of the panel: which value axis. */
  axisOfSeries: readonly number[];
}

export interface Overlay {
  hover: number | null;
  first: number | null;
  second: number | null;
}

const axisFont = "11px system-ui, sans-serif";
/** A shorter drag is a shaky click. */
const dragPixelsMin = 6;
const valueAxisWidthMin = 44;
const wheelFactor = 1.25;

export class Chart {
  private readonly chart: UPlot;
  private readonly ranges: (Range | null)[];
  private readonly leaveTheme: () => void;
  private answer: PanelAnswer | null = null;
  private shown: Range = { from: 0, to: 1 };
  private readonly marks: Record<"hover" | "first" | "second", HTMLElement>;
  private readonly between = document.createElement("div");
  private panFrom = NaN;

  constructor(
    host: HTMLElement, private readonly shape: ChartShape, width: number, height: number, private readonly events: ChartEvents,
  ) {
    this.ranges = shape.axes.map(() => null);
    this.chart = new uPlot(this.options(width, height), [[0, 1], ...shape.axes.map(() => [0, 1])], host);
    const mark = (name: string) => {
      const line = document.createElement("div");
      line.className = `cursor-mark cursor-${name}`;
      line.hidden = true;
      this.chart.over.append(line);
      return line;
    };
    this.between.className = "cursor-between";
    this.between.hidden = true;
    this.chart.over.append(this.between);
    this.marks = { first: mark("first"), second: mark("second"), hover: mark("hover") };
    this.listen(this.chart.over);
    let isFirst = true;
    this.leaveTheme = chartTheme().subscribe(() => {
      if (!isFirst) this.chart.redraw(false);
      isFirst = false;
    });
  }

  draw(answer: PanelAnswer, range: Range): void {
    this.answer = answer;
    this.shown = range;
    const limits = this.shape.axes.map((_axis, axis) => this.valueRange(answer, axis));
    this.chart.batch(() => {
      this.chart.setData([[range.from, range.to], ...limits.map(({ from, to }) => [from, to])], false);
      this.chart.setScale("x", { min: range.from, max: range.to });
    });
  }

  /** Puts the cursors' lines to places of the axis. */
  overlay(places: Overlay): void {
    const left = (place: number | null) => {
      if (place === null || !(place >= this.shown.from && place <= this.shown.to)) return null;
      return this.chart.valToPos(place, "x");
    };
    for (const name of ["hover", "first", "second"] as const) {
      const at = left(places[name]);
      const mark = this.marks[name];
      setHidden(mark, at === null);
      if (at !== null) setStyle(mark, "transform", `translateX(${at}px)`);
    }
    const { first, second } = places;
    setHidden(this.between, first === null || second === null);
    if (first === null || second === null) return;
    const clamp = (place: number) => this.chart.valToPos(Math.min(this.shown.to, Math.max(this.shown.from, place)), "x");
    const [begin, end] = [clamp(Math.min(first, second)), clamp(Math.max(first, second))];
    setStyle(this.between, "left", `${begin}px`);
    setStyle(this.between, "width", `${end - begin}px`);
  }

  resize(width: number, height: number): void {
    if (width !== this.chart.width || height !== this.chart.height) this.chart.setSize({ width, height });
  }

  /** Forgets how tall the axes were: the lines of another stretch of time are about to come. */
  forgetRanges(): void {
    this.ranges.fill(null);
  }

  /** Width of the plot itself without axes, in pixels of the screen. */
  get columns(): number {
    return Math.round(this.chart.bbox.width);
  }

  destroy(): void {
    this.leaveTheme();
    this.chart.destroy();
  }

  // MARK: drawing

  private valueRange(answer: PanelAnswer, axis: number): Range {
    const { scale, fixed } = this.shape.axes[axis] as ValueAxis;
    if (fixed) return fixed;
    let [low, high] = [Infinity, -Infinity];
    answer.lines.forEach((line) => {
      if ((this.shape.axisOfSeries[line.series] ?? 0) !== axis || !(line.min <= line.max)) return;
      low = Math.min(low, line.min);
      high = Math.max(high, line.max);
    });
    const known = low <= high;
    const before = this.ranges[axis] ?? null;
    const range = scale === "log" ? calmLogRange(before, low, high) : calmRange(before, known ? low : null, known ? high : null);
    this.ranges[axis] = range;
    return range;
  }

  private drawLines(self: UPlot): void {
    const { answer, shown } = this;
    if (!answer || answer.buckets === 0) return;
    const { left, top, width, height } = self.bbox;
    const perUnit = width / (shown.to - shown.from);
    const colours = answer.lines.map((line, index): DrawnLine => ({
      colour: lineColour(index), dash: lineDash(index) ?? [], index,
      toY: this.toY(this.shape.axisOfSeries[line.series] ?? 0, top, height),
    }));
    drawLines(self.ctx, { left, top, width, height }, {
      count: answer.buckets, values: answer.values, marks: answer.marks,
      left: left + ((answer.firstBucket + 0.5) * answer.bucketWidth - shown.from) * perUnit, step: answer.bucketWidth * perUnit,
    }, colours, devicePixelRatio);
  }

  private toY(axis: number, top: number, height: number): (value: number) => number {
    const scale = this.chart.scales[`y${axis}`];
    const { min, max } = scale ?? { min: 0, max: 1 };
    if (this.shape.axes[axis]?.scale === "log") {
      const [low, high] = [Math.log10(min), Math.log10(max)];
      return (value) => (value > 0 ? top + height * (1 - (Math.log10(value) - low) / (high - low)) : NaN);
    }
    const perUnit = height / (max - min);
    return (value) => top + height - (value - min) * perUnit;
  }

  // MARK: the pointer

  private listen(over: HTMLElement): void {
    over.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = over.getBoundingClientRect();
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        this.events.onPan((event.deltaX + event.deltaY) / Math.max(1, box.width));
      } else {
        this.events.onWheel(this.chart.posToVal(event.clientX - box.left, "x"), event.deltaY > 0 ? wheelFactor : 1 / wheelFactor);
      }
    }, { passive: false });
    // Dragging with Shift or the middle button moves the window; without, it marks a stretch (uPlot does that).
    over.addEventListener("pointerdown", (event) => {
      if (event.button !== 1 && !(event.button === 0 && event.shiftKey)) return;
      event.preventDefault();
      this.panFrom = event.clientX;
      over.setPointerCapture(event.pointerId);
    });
    over.addEventListener("pointermove", (event) => {
      if (Number.isNaN(this.panFrom)) return;
      this.events.onPan((this.panFrom - event.clientX) / Math.max(1, over.clientWidth));
      this.panFrom = event.clientX;
    });
    over.addEventListener("pointerup", () => { this.panFrom = NaN; });
    let pressedAt = NaN;
    over.addEventListener("mousedown", (event) => { pressedAt = event.clientX; });
    over.addEventListener("click", (event) => {
      if (Math.abs(event.clientX - pressedAt) >= dragPixelsMin) return;
      this.events.onClick(this.chart.posToVal(event.clientX - over.getBoundingClientRect().left, "x"), event.shiftKey);
    });
    over.addEventListener("mouseleave", () => this.events.onHover(null));
  }

  private takeSelect(): void {
    const { left, width } = this.chart.select;
    if (width < dragPixelsMin) return;
    const range = { from: this.chart.posToVal(left, "x"), to: this.chart.posToVal(left + width, "x") };
    this.chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.events.onZoom(range);
  }

  // MARK: uPlot

  private options(width: number, height: number): UPlotOptions {
    const { axes, time } = this.shape;
    const scales: Record<string, UPlotScale> = { x: { time: false } };
    axes.forEach(({ scale }, index) => {
      scales[`y${index}`] = {
        ...(scale === "log" ? { distr: 3 } : {}),
        range: (_self, min, max) => [min ?? 0, max !== null && min !== null && max > min ? max : (min ?? 0) + 1],
      };
    });
    return {
      width, height, scales,
      series: [{}, ...axes.map((_axis, index) => ({ scale: `y${index}`, paths: () => null, points: { show: false } }))],
      axes: [
        {
          ...this.axis(30, time === "wallTime" ? 92 : 72),
          ...(time === "frame" ? { incrs: wholeSteps } : {}),
          values: (_self, splits, _axis, _space, step) => splits.map((value) => value === null ? null
            : time === "wallTime" ? formatAxisTime(value, step) : formatTick(value, step)),
        },
        ...axes.map(({ unit, scale }, index): UPlotAxis => ({
          ...this.axis(0, 30), size: valueAxisWidth, scale: `y${index}`, side: index === 0 ? 3 : 1,
          ...(index > 0 ? { grid: { show: false } } : {}),
          ...(axes.length > 1 && unit !== "" ? { label: unit, labelSize: 16, labelGap: 0, labelFont: axisFont } : {}),
          values: (_self, splits, _axis, _space, step) => splits.map((value) => value === null ? null
            : scale === "log" ? formatPower(value) : formatTick(value, step)),
        })),
      ],
      legend: { show: false },
      cursor: {
        x: false, y: false, drag: { x: true, y: false, setScale: false, dist: dragPixelsMin }, points: { show: false },
        bind: {
          dblclick: () => () => {
            this.events.onReset();
            return null;
          },
          // With Shift a drag moves the window instead of marking a part of it.
          mousedown: (_self, _target, handler) => (event) => (event.shiftKey ? null : handler(event)),
        },
      },
      hooks: {
        draw: [(self) => this.drawLines(self)], setSelect: [() => this.takeSelect()],
        setCursor: [(self) => {
          if (self.cursor.left >= 0) this.events.onHover(self.posToVal(self.cursor.left, "x"));
        }],
      },
      padding: [8, axes.length > 1 ? 4 : 12, 0, 0],
    };
  }

  private axis(size: number, space: number): UPlotAxis {
    return {
      stroke: () => chartTheme().value.axis,
      grid: { stroke: () => chartTheme().value.grid, width: 1 },
      ticks: { stroke: () => chartTheme().value.grid, width: 1, size: 4 },
      font: axisFont, size, gap: 4, space,
    };
  }
}

/** Frames are counted: no tick lies between two. */
const wholeSteps = Array.from({ length: 15 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

function formatPower(value: number): string {
  return value >= 1e-3 && value < 1e5 ? String(Number(value.toPrecision(3))) : value.toExponential(0).replace("e+", "e").replace("-", "−");
}

/** As wide as the longest label, in steps, so that the plot does not jump with each new label. */
function valueAxisWidth(_self: UPlot, values: string[] | null): number {
  const longest = Math.max(0, ...(values ?? []).map((value) => value?.length ?? 0));
  return Math.max(valueAxisWidthMin, Math.ceil((longest * 6.5 + 14) / 8) * 8);
}
