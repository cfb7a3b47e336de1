// One chart: uPlot's axes, grid and pointer, with lines drawn by pixel columns. Knows nothing of runs: it gets numbers, and says
// where the pointer is and what was marked.

import { setHidden, setStyle } from "../base/dom";
import { markFilled, PanelAnswer, Range, TimeAxis } from "../protocol/protocol";
import { lastLabelWidth, leftAxis, timeAxis, valueAxis } from "./axes";
import { DrawnLine, drawLines, drawLosses } from "./line-drawing";
import { dragPixelsMin, Hold, listenToPointer } from "./pointer";
import { chartTheme, lineColour, lineDash } from "./theme";
import { calmRange, calmLogRange } from "./value-range";

export interface ChartEvents {
  /** A stretch of the axis was marked with the pointer. */
  onZoom: (range: Range) => void;
  /** Zoom about a place of the axis: a factor below 1 shows less. */
  onWheel: (at: number, factor: number) => void;
  /** The shown stretch moves by so much of itself. */
  onPan: (share: number) => void;
  /** A hand moves or zooms what is shown, until it lets go. */
  onHold: () => Hold;
  onReset: () => void;
  /** Null: the pointer has left. */
  onHover: (at: number | null) => void;
  onClick: (at: number, isSecond: boolean) => void;
  /** The page cannot be scrolled where the chart is: the wheel is the chart's. */
  takesWheel: () => boolean;
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

/** A line so near to the pointer is meant by it, in pixels. */
const lineReachPixels = 8;

export class Chart {
  private readonly chart: UPlot;
  private readonly ranges: (Range | null)[];
  private readonly leaveTheme: () => void;
  private readonly letGo: () => void;
  private answer: PanelAnswer | null = null;
  private shown: Range = { from: 0, to: 1 };
  private readonly marks: Record<"hover" | "first" | "second", HTMLElement>;
  private readonly between = document.createElement("div");
  private losses: readonly Range[] = [];
  private isMoving = false;
  /** The line that is drawn stronger than the others; -1: none. */
  private strong = -1;

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
    const place = (left: number) => this.chart.posToVal(left, "x");
    this.letGo = listenToPointer(this.chart.over, {
      onClick: (left, isSecond) => events.onClick(place(left), isSecond), onWheel: (left, factor) => events.onWheel(place(left), factor),
      onPan: events.onPan, onHold: events.onHold, takesWheel: events.takesWheel,
      onLeave: () => {
        this.emphasise(-1);
        events.onHover(null);
      },
    });
    let isFirst = true;
    const leave = [
      chartTheme().subscribe(() => { if (!isFirst) this.chart.redraw(false); }),
      leftAxis.width.subscribe(() => { if (!isFirst) this.chart.redraw(false, true); }),
    ];
    isFirst = false;
    this.leaveTheme = () => leave.forEach((end) => end());
  }

  /** `losses`: where on the axis events are missing. `isMoving`: the next picture comes at once. */
  draw(answer: PanelAnswer, range: Range, losses: readonly Range[], isMoving: boolean): void {
    const before = this.shown;
    // Another stretch has values of its own; while one follows or moves along, the axis stays calm.
    if (Math.abs((range.to - range.from) / (before.to - before.from) - 1) > 1e-6) this.ranges.fill(null);
    this.answer = answer;
    this.shown = range;
    this.losses = losses;
    this.isMoving = isMoving;
    const limits = this.shape.axes.map((_axis, axis) => this.valueRange(answer, axis));
    this.chart.batch(() => {
      this.chart.setData([[range.from, range.to], ...limits.map(({ from, to }) => [from, to])], false);
      this.chart.setScale("x", { min: range.from, max: range.to });
    });
  }

  /** What the value axes show, one after the other. */
  get valueRanges(): readonly (Range | null)[] {
    return this.shape.axes.map(({ fixed }, axis) => fixed ?? this.ranges[axis] ?? null);
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

  /** Draws one line stronger, the others fainter; -1: all alike. */
  emphasise(index: number): void {
    if (index === this.strong) return;
    this.strong = index;
    this.chart.redraw(false);
  }

  /** Pixels of a place of the axis from the plot's left edge. */
  leftOf(place: number): number {
    return this.chart.valToPos(place, "x");
  }

  /** Where the pointer's things may be put: the plot without axes. */
  get over(): HTMLElement {
    return this.chart.over;
  }

  /** Width of the plot itself without axes, in pixels of the screen. */
  get columns(): number {
    return Math.round(this.chart.bbox.width);
  }

  destroy(): void {
    this.letGo();
    this.leaveTheme();
    leftAxis.forget(this);
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
    const toX = (place: number) => left + (place - shown.from) * perUnit;
    drawLosses(self.ctx, { left, top, width, height }, this.losses.map(({ from, to }) => ({ from: toX(from), to: toX(to) })),
      chartTheme().value.loss, devicePixelRatio);
    const colours = answer.lines.map((line, index): DrawnLine => ({
      weight: this.strong < 0 || answer.lines.length < 2 ? "usual" : index === this.strong ? "strong" : "faint", colour: lineColour(index), dash: lineDash(index) ?? [], index,
      toY: this.toY(this.shape.axisOfSeries[line.series] ?? 0, top, height),
    }));
    drawLines(self.ctx, { left, top, width, height }, {
      count: answer.buckets, values: answer.values, marks: answer.marks,
      left: left + ((answer.firstBucket + 0.5) * answer.bucketWidth - shown.from) * perUnit, step: answer.bucketWidth * perUnit,
    }, colours, devicePixelRatio, this.isMoving);
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

  /** The line next to the pointer; -1: none is near. */
  private lineAt(left: number, top: number): number {
    const { answer, shown } = this;
    if (!answer || answer.buckets === 0) return -1;
    const bucket = Math.floor(this.chart.posToVal(left, "x") / answer.bucketWidth) - answer.firstBucket;
    const pixels = this.chart.over.clientHeight;
    let [best, distance] = [-1, lineReachPixels];
    answer.lines.forEach((line, index) => {
      const toY = this.toY(this.shape.axisOfSeries[line.series] ?? 0, 0, pixels);
      // Between two samples far apart there is a line, but no value in its column.
      const reach = Math.max(1, Math.round((answer.buckets * lineReachPixels) / Math.max(1, this.chart.over.clientWidth)));
      for (let at = Math.max(0, bucket - reach); at <= Math.min(answer.buckets - 1, bucket + reach); at += 1) {
        if (((answer.marks[index * answer.buckets + at] as number) & markFilled) === 0) continue;
        const lows = index * answer.buckets * 2 + at;
        const [low, high] = [toY(answer.values[lows] as number), toY(answer.values[lows + answer.buckets] as number)];
        const away = top > low ? top - low : top < high ? high - top : 0;
        if (away < distance) [best, distance] = [index, away];
      }
    });
    return shown.to > shown.from ? best : -1;
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
      axes: [timeAxis(time), ...axes.map(({ unit, scale }, index) => valueAxis(this, {
        index, unit, scale, isOneOfSeveral: axes.length > 1, colour: () => this.colourOf(index),
      }))],
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
          if (self.cursor.left < 0) return;
          this.emphasise(this.lineAt(self.cursor.left, self.cursor.top));
          this.events.onHover(self.posToVal(self.cursor.left, "x"));
        }],
      },
      padding: [8, axes.length > 1 ? 4 : lastLabelWidth, 0, 0],
    };
  }

  /** An axis has the colour of its lines, if they are all alike. */
  private colourOf(axis: number): string {
    const lines = (this.answer?.lines ?? []).map((line, index) => ({ index, axis: this.shape.axisOfSeries[line.series] ?? 0 }));
    const [only, ...others] = lines.filter((line) => line.axis === axis);
    return only && others.length === 0 ? lineColour(only.index) : chartTheme().value.axis;
  }
}
