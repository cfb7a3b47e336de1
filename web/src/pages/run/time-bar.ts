// The whole run as one bar: what is stored, what is in memory, where events are missing, what the panels show, and the cursors. It
// goes by frames; of a run whose sender counts none, by time. Dragging it moves what is shown.

import { element, setAttribute, setHidden, setStyle, setText } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { formatCount, formatPlace, formatTick } from "../../format/numbers";
import { formatAxisTime, formatClock, formatSimTime, timeSteps } from "../../format/times";
import { FrameAnswer, Range, SketchRequest, TimeAxis } from "../../protocol/protocol";
import { RunSession } from "./run-session";
import { TimeSketch } from "./time-sketch";

const keyShare = 0.1;
const ticksMax = 8;

export class TimeBar {
  readonly element: HTMLElement;
  private readonly memory = element("div", { class: "time-memory", "data-testid": "time-memory" });
  private readonly losses = element("div", { class: "time-losses" });
  private readonly ticks = element("div", { class: "time-ticks", "aria-hidden": "true" });
  private readonly thumb = element("div", { class: "time-thumb", "data-testid": "time-thumb", hidden: true });
  private readonly cursors = [0, 1].map((place) => element("div", { class: `time-cursor time-cursor-${place}`, hidden: true }));
  private readonly first = element("span", { class: "time-label" });
  private readonly last = element("span", { class: "time-label" });
  private readonly track: HTMLElement;
  private readonly sketch: TimeSketch;
  /** What the bar goes by. */
  private axis: TimeAxis = "frame";
  private extent: Range = { from: 0, to: 1 };
  private isKnown = false;
  /** What is shown. */
  private shown: Range | null = null;
  private grabbed: { pointerId: number; at: number; shown: Range; end: () => void } | null = null;
  /** The last move, which may have to be translated to another axis first. */
  private moving = Promise.resolve();

  constructor(private readonly session: RunSession, lifetime: Lifetime) {
    this.sketch = new TimeSketch(session, lifetime);
    this.track = element(
      "div", { class: "time-track", role: "slider", tabindex: "0", "aria-label": "Shown frames of the run", "data-testid": "time-bar" },
      this.memory, this.sketch.canvas, this.losses, this.ticks, this.thumb, ...this.cursors,
    );
    this.element = element("div", { class: "time-bar" }, this.first, this.track, this.last, this.sketch.choice);
    this.listen();
    lifetime.add(session.answer.subscribe((answer) => {
      if (answer) this.draw(answer);
    }));
    lifetime.add(session.losses.ranges.subscribe(() => this.drawLosses()));
  }

  /** What is to be drawn in the bar; null: it is as it was. */
  sketchRequest(): SketchRequest | null {
    return this.sketch.request(this.axis, this.isKnown ? this.extent : null);
  }

  private draw(answer: FrameAnswer): void {
    if (answer.sketch !== undefined) this.sketch.take(answer.sketch);
    const extent = this.extentOf(answer);
    if (!extent) return;
    const { from, to } = extent;
    const hasMoved = from !== this.extent.from || to !== this.extent.to;
    this.extent = { from, to: to > from ? to : from + 1 };
    this.isKnown = true;
    this.shown = this.axis === "frame" ? answer.frames : answer.range;
    if (hasMoved) {
      setAttribute(this.track, "aria-label", this.axis === "frame" ? "Shown frames of the run" : "Shown time of the run");
      this.drawLosses();
      this.drawTicks();
    }
    setText(this.first, this.words(from));
    setText(this.last, this.words(to));
    // Infinity: all of it comes from storage; NaN: all of it from memory.
    const { joinFrame } = answer;
    const isStored = this.session.data.allStored.value || joinFrame === Infinity || this.axis !== "frame";
    this.put(this.memory, { from: isStored ? to : Number.isFinite(joinFrame) ? joinFrame : from, to });
    setHidden(this.thumb, !this.shown);
    if (this.shown) {
      const [begin, end] = [this.shown.from, this.shown.to];
      this.put(this.thumb, this.shown);
      setAttribute(this.track, "aria-valuemin", String(Math.round(from)));
      setAttribute(this.track, "aria-valuemax", String(Math.round(to)));
      setAttribute(this.track, "aria-valuenow", String(Math.round(begin)));
      setAttribute(this.track, "aria-valuetext", this.axis === "frame"
        ? `frames ${formatCount(begin)} to ${formatCount(end)}` : `${this.words(begin)} to ${this.words(end)}`);
    }
    this.cursors.forEach((mark, place) => {
      const frame = this.axis === "frame" ? this.session.time.cursors.value[place] ?? null : null;
      setHidden(mark, frame === null);
      if (frame !== null) this.put(mark, { from: frame, to: frame });
    });
  }

  /** All of the run that anybody knows of: rows, what went missing, and how far the engine has got. */
  private extentOf(answer: FrameAnswer): Range | null {
    this.axis = answer.bestAxis === "frame" ? "frame" : answer.axis;
    if (this.axis !== "frame") return answer.whole;
    if (!answer.extent) return null;
    let { from, to } = answer.extent;
    for (const loss of this.session.losses.ranges.value) [from, to] = [Math.min(from, loss.from), Math.max(to, loss.to)];
    return { from, to: Math.max(to, this.session.detail.value?.lastFrame ?? to) };
  }

  private words(place: number): string {
    return this.axis === "frame" ? formatCount(place) : this.axis === "simTime" ? formatSimTime(place) : formatClock(place);
  }

  private drawTicks(): void {
    const { from, to } = this.extent;
    const steps = this.axis === "wallTime" ? timeSteps : [1, 2, 5].flatMap((digit) => Array.from({ length: 22 }, (_, power) => digit * 10 ** (power - 6)));
    const fits = (step: number) => (this.axis !== "frame" || step >= 1) && (to - from) / step <= ticksMax;
    const step = Math.min(...steps.filter(fits));
    if (!Number.isFinite(step)) return;
    const places: number[] = [];
    // None so near to an end that its words would be cut.
    for (let place = Math.ceil(from / step) * step; place <= to; place += step) {
      if ((place - from) / (to - from) > 0.03 && (to - place) / (to - from) > 0.05) places.push(place);
    }
    this.ticks.replaceChildren(...places.map((place) => {
      const words = this.axis === "frame" ? formatPlace(place) : this.axis === "simTime" ? formatTick(place, step) : formatAxisTime(place, step);
      const tick = element("span", { class: "time-tick" }, words);
      setStyle(tick, "left", `${(((place - from) / (to - from)) * 100).toFixed(2)}%`);
      return tick;
    }));
  }

  private drawLosses(): void {
    const ranges = this.axis === "frame" ? this.session.losses.ranges.value : [];
    this.losses.replaceChildren(...ranges.map((loss) => {
      const count = loss.count > 0 ? formatCount(loss.count) : "an unknown number of";
      const mark = element("div", {
        class: "time-loss", "data-testid": "time-loss",
        title: `Frames ${formatCount(loss.from)} to ${formatCount(loss.to)}: ${count} events ${loss.words}`,
      });
      this.put(mark, loss);
      return mark;
    }));
  }

  private put(mark: HTMLElement, { from, to }: Range): void {
    const share = (frame: number) => Math.min(1, Math.max(0, (frame - this.extent.from) / (this.extent.to - this.extent.from)));
    setStyle(mark, "left", `${(share(from) * 100).toFixed(2)}%`);
    setStyle(mark, "width", `${((share(to) - share(from)) * 100).toFixed(2)}%`);
  }

  private listen(): void {
    const placeAt = (event: PointerEvent) => {
      const box = this.track.getBoundingClientRect();
      return this.extent.from + ((event.clientX - box.left) / Math.max(1, box.width)) * (this.extent.to - this.extent.from);
    };
    this.track.addEventListener("pointerdown", (event) => {
      const shown = this.shown;
      // One finger moves the window; others that touch the bar meanwhile change nothing.
      if (!shown || event.button !== 0 || this.grabbed) return;
      this.track.setPointerCapture(event.pointerId);
      const at = placeAt(event);
      const isInside = at >= shown.from && at <= shown.to;
      const half = (shown.to - shown.from) / 2;
      const begin = isInside ? shown : { from: at - half, to: at + half };
      this.grabbed = { pointerId: event.pointerId, at, shown: begin, end: this.session.holdGesture() };
      if (!isInside) this.move(begin);
    });
    this.track.addEventListener("pointermove", (event) => {
      if (this.grabbed?.pointerId !== event.pointerId) return;
      const by = placeAt(event) - this.grabbed.at;
      this.move({ from: this.grabbed.shown.from + by, to: this.grabbed.shown.to + by });
    });
    for (const end of ["pointerup", "pointercancel"] as const) {
      this.track.addEventListener(end, (event) => {
        if (this.grabbed?.pointerId !== event.pointerId) return;
        void this.moving.then(this.grabbed.end);
        this.grabbed = null;
      });
    }
    this.track.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -keyShare, ArrowRight: keyShare, PageUp: -1, PageDown: 1 }[event.key];
      if (by === undefined || !this.shown || event.ctrlKey || event.altKey) return;
      event.preventDefault();
      const span = this.shown.to - this.shown.from;
      void this.show({ from: this.shown.from + by * span, to: this.shown.to + by * span });
    });
  }

  private move(wanted: Range): void {
    this.moving = this.show(wanted);
  }

  /** Moves what is shown, never beyond the run. */
  private async show(wanted: Range): Promise<void> {
    const span = wanted.to - wanted.from;
    const from = Math.max(this.extent.from, Math.min(wanted.from, Math.max(this.extent.from, this.extent.to - span)));
    const moved = { from, to: from + span };
    const { axis } = this.session.time;
    const shown = axis.value === this.axis ? moved : await this.session.data.moveRange(moved, this.axis, axis.value);
    if (shown) this.session.time.replace(shown);
  }
}
