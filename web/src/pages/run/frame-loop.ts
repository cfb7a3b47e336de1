// Asks the worker once per animation frame for what is in sight, and hands out its answers: so all panels show the same instant.

import { Lifetime } from "../../base/lifetime";
import { Signal } from "../../base/signal";
import { FrameAnswer, PanelRequest } from "../../worker/protocol";
import { Pace } from "./pace";
import { RunSession } from "./run-session";

/** Drawing takes at most half of the page's time; on a slow machine charts move less often instead. */
const restPerWork = 1;
/** Rows that come while the page stands still move no line: a look now and then keeps meters and tables true. */
const heldIntervalMs = 200;

export interface FrameParts {
  requests: () => PanelRequest[];
  draw: (answer: FrameAnswer) => void;
}

export class FrameLoop {
  readonly pace = new Pace();
  private number = 0;
  private isDirty = true;
  private askedMs = 0;
  private restUntilMs = 0;

  constructor(private readonly session: RunSession, private readonly parts: FrameParts, lifetime: Lifetime) {
    const { time, data, panels, detail, catalogue, maximised } = session;
    const touch = () => { this.isDirty = true; };
    const signals = [...time.signals, time.hover, data.changes, data.allStored, panels, detail, catalogue.version, maximised];
    for (const signal of signals) lifetime.add((signal as Signal<unknown>).subscribe(touch));
    lifetime.listen("resize", touch);
    lifetime.add(session.answer.subscribe((answer) => {
      if (answer) this.take(answer);
    }));
    const step = (now: number) => {
      if (lifetime.isOver) return;
      this.step(now);
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  /** Something outside of the session has changed: a panel has come into sight, or has another size. */
  touch(): void {
    this.isDirty = true;
  }

  private step(now: number): void {
    const { session } = this;
    const isFollowing = session.isRunning && session.time.range.value === null;
    const isDue = this.isDirty || isFollowing || now - this.askedMs > heldIntervalMs;
    if (!isDue || now < this.restUntilMs) return;
    const asked = session.data.ask({
      number: this.number + 1, axis: session.time.axis.value, range: session.time.range.value,
      windowSeconds: session.time.windowSeconds.value, panels: this.parts.requests(), hover: session.time.hover.value,
      cursors: [...session.time.cursors.value],
    });
    if (!asked) return;
    this.number += 1;
    this.askedMs = now;
    this.isDirty = false;
  }

  private take(answer: FrameAnswer): void {
    const start = performance.now();
    this.parts.draw(answer);
    const work = performance.now() - start;
    this.restUntilMs = start + work * (1 + restPerWork);
    const isFollowing = this.session.isRunning && this.session.time.range.value === null;
    this.pace.note(start, work, isFollowing ? answer.newest?.wallTime ?? NaN : NaN);
  }
}
