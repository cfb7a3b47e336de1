// Asks the worker once per animation frame for what is in sight, and hands out its answers: so all panels show the same instant.
// While nothing changes no frame is asked for: an idle page costs nothing.

import { Lifetime } from "../../base/lifetime";
import { Signal } from "../../base/signal";
import { FrameAnswer, PanelRequest, SketchRequest } from "../../protocol/protocol";
import { Pace } from "./pace";
import { RunSession } from "./run-session";

/** Drawing takes at most half of the page's time; on a slow machine charts move less often instead. */
const restPerWork = 1;
/** Rows that come while the page stands still move no line: a look now and then keeps meters and tables true. */
const heldIntervalMs = 200;

export interface FrameParts {
  requests: () => PanelRequest[];
  sketch: () => SketchRequest | null;
  draw: (answer: FrameAnswer) => void;
}

export class FrameLoop {
  readonly pace = new Pace();
  private number = 0;
  private isDirty = false;
  private isScheduled = false;
  private restTimer = 0;
  private lookTimer = 0;
  private restUntilMs = 0;

  constructor(private readonly session: RunSession, private readonly parts: FrameParts, private readonly lifetime: Lifetime) {
    const { time, data, panels, detail, catalogue, maximised, losses } = session;
    const signals = [...time.signals, time.hover, data.changes, data.allStored, panels, detail, catalogue.version, maximised, losses.ranges, session.sketch];
    for (const signal of signals) lifetime.add((signal as Signal<unknown>).subscribe(() => this.touch()));
    lifetime.listen("resize", () => this.touch());
    lifetime.add(session.answer.subscribe((answer) => {
      if (answer) this.take(answer);
    }));
    lifetime.add(() => {
      window.clearTimeout(this.restTimer);
      window.clearTimeout(this.lookTimer);
    });
  }

  /** What is shown may have changed. */
  touch(): void {
    this.isDirty = true;
    this.schedule();
  }

  private get isFollowing(): boolean {
    return this.session.isRunning && this.session.time.range.value === null;
  }

  private schedule(): void {
    if (this.isScheduled || this.lifetime.isOver) return;
    this.isScheduled = true;
    window.clearTimeout(this.lookTimer);
    const step = () => requestAnimationFrame(() => this.step());
    const rest = this.restUntilMs - performance.now();
    if (rest > 1) this.restTimer = window.setTimeout(step, rest);
    else step();
  }

  private step(): void {
    this.isScheduled = false;
    if (this.lifetime.isOver) return;
    const { session } = this;
    const asked = session.data.ask({
      number: this.number + 1, axis: session.time.axis.value, range: session.time.range.value,
      isFollowing: session.isFollowing, windowSeconds: session.time.windowSeconds.value, panels: this.parts.requests(), hover: session.time.hover.value,
      cursors: [...session.time.cursors.value], losses: session.losses.ranges.value.map(({ from, to }) => ({ from, to })),
      sketch: this.parts.sketch(),
    });
    // An answer is on its way: what has changed since is asked for once it is here.
    if (!asked) return;
    this.number += 1;
    this.lookAgain(this.isDirty);
    this.isDirty = false;
  }

  /** What goes at a slower pace than frames, such as values of a legend, is brought up to date by one more look. */
  private lookAgain(hasChanged: boolean): void {
    window.clearTimeout(this.lookTimer);
    if (hasChanged || this.session.isRunning) this.lookTimer = window.setTimeout(() => this.schedule(), heldIntervalMs);
  }

  private take(answer: FrameAnswer): void {
    const start = performance.now();
    this.parts.draw(answer);
    const work = performance.now() - start;
    this.restUntilMs = start + work * (1 + restPerWork);
    this.pace.note(start, work, this.isFollowing ? answer.newest?.wallTime ?? NaN : NaN);
    if (this.isDirty || this.isFollowing) this.schedule();
  }
}
