// The whole run as one bar, by frames: what is stored, what is in memory, where events are missing, what the panels show, and the
// cursors. Dragging it moves what is shown.

import { element, setAttribute, setHidden, setStyle, setText } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { formatCount } from "../../format/numbers";
import { FrameAnswer, Range } from "../../worker/protocol";
import { RunSession } from "./run-session";

const keyShare = 0.1;

export class TimeBar {
  readonly element: HTMLElement;
  private readonly memory = element("div", { class: "time-memory" });
  private readonly losses = element("div", { class: "time-losses" });
  private readonly thumb = element("div", { class: "time-thumb", "data-testid": "time-thumb" });
  private readonly cursors = [0, 1].map((place) => element("div", { class: `time-cursor time-cursor-${place}` }));
  private readonly first = element("span", { class: "time-label" });
  private readonly last = element("span", { class: "time-label" });
  private readonly track: HTMLElement;
  private extent: Range = { from: 0, to: 1 };
  private frames: Range | null = null;
  private grabbed: { at: number; frames: Range } | null = null;

  constructor(private readonly session: RunSession, lifetime: Lifetime) {
    this.track = element(
      "div", { class: "time-track", role: "slider", tabindex: "0", "aria-label": "Shown frames of the run", "data-testid": "time-bar" },
      this.memory, this.losses, this.thumb, ...this.cursors,
    );
    this.element = element("div", { class: "time-bar" }, this.first, this.track, this.last);
    this.listen();
    lifetime.add(session.answer.subscribe((answer) => {
      if (answer) this.draw(answer);
    }));
    lifetime.add(session.losses.ranges.subscribe(() => this.drawLosses()));
  }

  private draw(answer: FrameAnswer): void {
    if (!answer.extent) return;
    const { from, to } = answer.extent;
    const hasMoved = from !== this.extent.from || to !== this.extent.to;
    this.extent = { from, to: Math.max(to, from + 1) };
    this.frames = answer.frames;
    if (hasMoved) this.drawLosses();
    setText(this.first, formatCount(from));
    setText(this.last, formatCount(to));
    const memoryFrom = this.session.data.allStored.value ? to : Number.isFinite(answer.joinFrame) ? answer.joinFrame : from;
    this.put(this.memory, { from: memoryFrom, to });
    setHidden(this.thumb, !answer.frames);
    if (answer.frames) {
      this.put(this.thumb, answer.frames);
      setAttribute(this.track, "aria-valuemin", String(Math.round(from)));
      setAttribute(this.track, "aria-valuemax", String(Math.round(to)));
      setAttribute(this.track, "aria-valuenow", String(Math.round(answer.frames.from)));
      setAttribute(this.track, "aria-valuetext", `frames ${formatCount(answer.frames.from)} to ${formatCount(answer.frames.to)}`);
    }
    this.cursors.forEach((mark, place) => {
      const frame = this.session.time.cursors.value[place] ?? null;
      setHidden(mark, frame === null);
      if (frame !== null) this.put(mark, { from: frame, to: frame });
    });
  }

  private drawLosses(): void {
    this.losses.replaceChildren(...this.session.losses.ranges.value.map((loss) => {
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
    const frameAt = (event: PointerEvent) => {
      const box = this.track.getBoundingClientRect();
      return this.extent.from + ((event.clientX - box.left) / Math.max(1, box.width)) * (this.extent.to - this.extent.from);
    };
    this.track.addEventListener("pointerdown", (event) => {
      const frames = this.frames;
      if (!frames || event.button !== 0) return;
      this.track.setPointerCapture(event.pointerId);
      const at = frameAt(event);
      const isInside = at >= frames.from && at <= frames.to;
      const half = (frames.to - frames.from) / 2;
      const begin = isInside ? frames : { from: at - half, to: at + half };
      this.grabbed = { at, frames: begin };
      if (!isInside) void this.show(begin);
    });
    this.track.addEventListener("pointermove", (event) => {
      if (!this.grabbed) return;
      const by = frameAt(event) - this.grabbed.at;
      void this.show({ from: this.grabbed.frames.from + by, to: this.grabbed.frames.to + by });
    });
    this.track.addEventListener("pointerup", () => { this.grabbed = null; });
    this.track.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -keyShare, ArrowRight: keyShare, PageUp: -1, PageDown: 1 }[event.key];
      if (by === undefined || !this.frames || event.ctrlKey || event.altKey) return;
      event.preventDefault();
      const span = this.frames.to - this.frames.from;
      void this.show({ from: this.frames.from + by * span, to: this.frames.to + by * span });
    });
  }

  /** Moves what is shown, never beyond the run. */
  private async show(frames: Range): Promise<void> {
    const span = frames.to - frames.from;
    const from = Math.max(this.extent.from, Math.min(frames.from, Math.max(this.extent.from, this.extent.to - span)));
    const moved = { from, to: from + span };
    const { axis, range } = this.session.time;
    const shown = axis.value === "frame" ? moved : await this.session.data.moveRange(moved, "frame", axis.value);
    if (!shown) return;
    if (range.value === null) this.session.time.show(shown);
    else range.value = shown;
  }
}
