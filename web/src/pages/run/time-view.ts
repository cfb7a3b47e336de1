// Which stretch of the run all panels show, on which axis, and where the cursors are.

import { Signal } from "../../base/signal";
import { Range, TimeAxis } from "../../worker/protocol";

export interface TimeState {
  axis: TimeAxis;
  windowSeconds: number;
  range: Range | null;
  cursors: readonly [number | null, number | null];
}

const stepsMax = 50;

export class TimeView {
  readonly axis: Signal<TimeAxis>;
  readonly windowSeconds: Signal<number>;
  /** Null: the newest rows are followed; of a run that is over, all of it is shown. */
  readonly range: Signal<Range | null>;
  /** Frames of the first and the second cursor. */
  readonly cursors: Signal<readonly [number | null, number | null]>;
  /** Where the pointer is on the axis. */
  readonly hover = new Signal<number | null>(null);
  private earlier: (Range | null)[] = [];

  constructor(state: TimeState, private readonly move: (range: Range, from: TimeAxis, to: TimeAxis) => Promise<Range | null>) {
    this.axis = new Signal(state.axis);
    this.windowSeconds = new Signal(state.windowSeconds);
    this.range = new Signal(state.range);
    this.cursors = new Signal(state.cursors);
  }

  get signals(): Signal<unknown>[] {
    return [this.axis, this.windowSeconds, this.range, this.cursors] as unknown as Signal<unknown>[];
  }

  restore(state: TimeState): void {
    this.axis.value = state.axis;
    this.windowSeconds.value = state.windowSeconds;
    this.range.value = state.range;
    this.cursors.value = state.cursors;
  }

  /** Shows the same stretch on another axis. */
  async setAxis(axis: TimeAxis): Promise<void> {
    const [from, range] = [this.axis.value, this.range.value];
    if (axis === from) return;
    const moved = range ? await this.move(range, from, axis) : null;
    this.earlier = [];
    this.hover.value = null;
    this.axis.value = axis;
    this.range.value = moved;
  }

  /** A stretch that the user asked for; the one before can be gone back to. */
  show(range: Range): void {
    if (!(range.from < range.to)) return;
    this.earlier = [...this.earlier, this.range.value].slice(-stepsMax);
    this.range.value = range;
  }

  get canGoBack(): boolean {
    return this.earlier.length > 0;
  }

  back(): void {
    if (this.earlier.length === 0) return;
    this.range.value = this.earlier.pop() as Range | null;
  }

  /** The newest rows again, or all of a run that is over. */
  follow(): void {
    this.earlier = [];
    this.range.value = null;
  }

  /** A factor below 1 shows less. */
  zoom(shown: Range, at: number, factor: number): void {
    this.replace(zoomed(shown, at, factor, this.axis.value));
  }

  /** Moves by so much of what is shown. */
  pan(shown: Range, share: number): void {
    this.replace(panned(shown, share));
  }

  setCursor(place: 0 | 1, frame: number | null): void {
    const [first, second] = this.cursors.value;
    const whole = frame === null ? null : Math.max(0, Math.round(frame));
    if (place === 0) this.cursors.value = [whole, second];
    else this.cursors.value = [first ?? whole, whole];
  }

  clearCursors(): void {
    this.cursors.value = [null, null];
  }

  /** Wheels and drags come in many small steps: only where they began can be gone back to. */
  private replace(range: Range): void {
    if (this.range.value === null) this.earlier = [...this.earlier, null];
    this.range.value = range;
  }
}

/** Zooms about a place that stays where it is; never below two frames, or a microsecond. */
export function zoomed(shown: Range, at: number, factor: number, axis: TimeAxis): Range {
  const least = axis === "frame" ? 2 : axis === "simTime" ? 1e-6 : 1;
  const span = Math.max(least, (shown.to - shown.from) * factor);
  const share = (Math.min(shown.to, Math.max(shown.from, at)) - shown.from) / (shown.to - shown.from);
  const from = Math.max(0, at - share * span);
  return { from, to: from + span };
}

export function panned(shown: Range, share: number): Range {
  const by = Math.max((shown.to - shown.from) * share, -shown.from);
  return { from: shown.from + by, to: shown.to + by };
}
