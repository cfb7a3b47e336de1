// The inside of a panel that draws lines: chart and legend.

import { element, setAttribute, setHidden } from "../../base/dom";
import { Chart, ChartShape } from "../../plot/chart";
import { FrameAnswer, PanelAnswer, PlaceAnswer, Range, TimeAxis } from "../../protocol/protocol";
import { Panel } from "../../series/layout";
import { unitOf } from "../../series/names";
import { notify } from "../../shell/toasts";
import { chartSettings } from "./chart-settings";
import { Legend } from "./legend";
import { PanelContent, PanelGestures } from "./panel-content";
import { PointerTip } from "./pointer-tip";
import { RunSession } from "./run-session";

/** Further units share the last axis: more of them leave no room for the lines. */
const valueAxesMax = 3;
/** What is said about a chart changes so often at most. */
const describeMs = 100;
const axisWords: Record<TimeAxis, string> = { frame: "frames", simTime: "simulated seconds", wallTime: "wall time" };

export class ChartPanel implements PanelContent {
  readonly element: HTMLElement;
  private readonly plot = element("div", { class: "plot", role: "img", "data-testid": "plot" });
  private readonly legend: Legend;
  private chart: Chart | null = null;
  private shape = "";
  private signature = "";
  private describedMs = 0;
  private readonly loading = element("div", { class: "plot-loading", role: "status", hidden: true, "data-testid": "plot-loading" }, "Loading …");
  private readonly tip = new PointerTip();
  /** The pointer is over this chart. */
  private isPointed = false;
  /** The legend grows with its lines, and takes the room from the plot. */
  private readonly size = new ResizeObserver(() => this.resize());

  constructor(private readonly session: RunSession, private panel: Panel, private readonly events: PanelGestures) {
    this.legend = new Legend(session, panel, (index) => this.chart?.emphasise(index));
    this.element = element("div", { class: "panel-content" }, this.plot, this.legend.element);
    this.plot.append(this.loading);
    this.size.observe(this.plot);
  }

  get columns(): number {
    // Before the first answer nobody knows what is drawn; a guess brings that answer.
    return this.chart?.columns || Math.round((this.plot.clientWidth || 480) * devicePixelRatio);
  }

  update(panel: Panel): void {
    this.panel = panel;
    this.legend.update(panel);
    this.signature = "";
  }

  draw(answer: PanelAnswer, frame: FrameAnswer, nowMs: number): void {
    this.makeChart(frame.axis);
    const losses = frame.losses;
    // A run that has stopped to move is drawn once more, calmly.
    const isMoving = this.session.isRunning && this.session.time.range.value === null && !this.panel.range;
    const signature = `${answer.signature} ${isMoving} ${losses.map(({ from, to }) => `${from}-${to}`).join()}`;
    if (this.chart && answer.range && answer.lines.length > 0 && signature !== this.signature) {
      this.signature = signature;
      this.chart.draw(answer, answer.range, losses, isMoving);
    }
    if (this.chart && nowMs >= this.describedMs + describeMs) {
      this.describedMs = nowMs;
      setAttribute(this.plot, "data-values", this.chart.valueRanges.map((range) => (range ? `${range.from}~${range.to}` : "")).join());
    }
    const { hover } = this.session.time;
    this.chart?.overlay({
      hover: hover.value === null ? null : placeOf(frame.hover, frame.axis) ?? hover.value,
      first: placeOf(frame.cursors[0] ?? null, frame.axis), second: placeOf(frame.cursors[1] ?? null, frame.axis),
    });
    this.showTip(answer, frame);
    // What is drawn until then is known to be there, and has gaps that are none.
    setHidden(this.loading, answer.load.kind !== "loading" || answer.lines.length === 0);
    this.legend.draw(answer, frame, nowMs);
    this.element.classList.toggle("is-empty", answer.lines.length === 0);
  }

  resize(): void {
    if (this.plot.clientWidth > 0) this.chart?.resize(this.plot.clientWidth, this.plot.clientHeight);
    this.signature = "";
    this.session.data.changes.value += 1;
  }

  destroy(): void {
    this.size.disconnect();
    this.chart?.destroy();
  }

  /** Axes belong to units, which may be known late. */
  private makeChart(time: TimeAxis): void {
    const { catalogue } = this.session;
    const units = [...new Set(this.panel.series.map((id) => unitOf(id, catalogue)))].slice(0, valueAxesMax);
    const { scale, fixed } = chartSettings(this.panel.settings);
    const shape: ChartShape = {
      time, axes: units.map((unit) => ({ unit, scale, fixed })),
      axisOfSeries: this.panel.series.map((id) => {
        const place = units.indexOf(unitOf(id, catalogue));
        return place < 0 ? units.length - 1 : place;
      }),
    };
    const text = JSON.stringify(shape);
    if (text === this.shape || units.length === 0) return;
    this.shape = text;
    this.signature = "";
    const named = units.map((unit) => unit || "no unit").join(", ");
    setAttribute(this.plot, "aria-label", `Lines over ${axisWords[time]}; value axes: ${named}`);
    this.chart?.destroy();
    // Before the card is laid out it has no size; the resize that follows gives the real one.
    this.chart = new Chart(this.plot, shape, this.plot.clientWidth || 480, this.plot.clientHeight || 168, {
      onZoom: (range) => this.events.onRange(range),
      onReset: () => this.events.onRange(null),
      onWheel: (at, factor) => this.withShown((shown) => this.events.onZoom(shown, at, factor)),
      onPan: (share) => this.withShown((shown) => this.events.onPan(shown, share)),
      onHold: () => this.events.onHold(),
      onHover: (at) => {
        this.isPointed = at !== null;
        if (at === null) this.tip.hide();
        this.session.time.hover.value = at;
      },
      onClick: (at, isSecond) => void this.setCursor(at, isSecond),
      takesWheel: () => this.session.maximised.value === this.panel.id,
    });
    this.chart.over.append(this.tip.element);
  }

  private showTip(answer: PanelAnswer, frame: FrameAnswer): void {
    const { chart } = this;
    if (!chart || !this.isPointed || !frame.hover || this.session.time.hover.value === null) {
      this.tip.hide();
      return;
    }
    const left = chart.leftOf(placeOf(frame.hover, frame.axis) ?? this.session.time.hover.value);
    this.tip.show(frame, answer, this.legend.names, left, chart.over.clientWidth, this.session.fullPrecision.value);
  }

  private withShown(act: (shown: Range) => void): void {
    const answer = this.session.answer.value?.panels.find((panel) => panel.id === this.panel.id);
    if (answer?.range) act(answer.range);
  }

  /** Puts a cursor on the frame that a place of the axis means. */
  private async setCursor(at: number, isSecond: boolean): Promise<void> {
    const { time, data, answer } = this.session;
    const frame = await data.findFrame(at, time.axis.value);
    if (frame !== null) time.setCursor(isSecond ? 1 : 0, frame);
    else if (answer.value?.bestAxis !== "frame") notify("The events of this run have no frame numbers: a cursor has nothing to stand on.");
  }
}

function placeOf(sample: PlaceAnswer | null, axis: TimeAxis): number | null {
  if (!sample) return null;
  const place = axis === "frame" ? sample.frame : axis === "simTime" ? sample.simTime : sample.wallTime;
  return Number.isFinite(place) ? place : null;
}
