// Which stretch of the run all panels show, on which axis, and where the cursors are.

import { Signal } from "../../base/signal";
import { Grip } from "../../plot/pointer";
import { Range, TimeAxis } from "../../protocol/protocol";

export interface TimeState {
  axis: TimeAxis;
  windowSeconds: number;
  range: Range | null;
  cursors: readonly [number | null, number | null];
}

const stepsMax = 50;
/** Wheels and drags come in many small steps: after such a pause, another one has begun. */
const gesturePauseMs = 400;

export class TimeView {
  readonly axis: Signal<TimeAxis>;
  readonly windowSeconds: Signal<number>;
  /** Null: the newest rows are followed; of a run that is over, all of it is shown. */
  readonly range: Signal<Range | null>;
  /** Frames of the first and the second cursor. */
  readonly cursors: Signal<readonly [number | null, number | null]>;
  /** Where the pointer is on the axis. */
  readonly hover = new Signal<number | null>(null);
  /** What lies in the run, as far as anybody knows: nothing is shown beyond it. */
  limits: Range | null = null;
  private earlier: (Range | null)[] = [];
  /** What the gesture that goes on showed last, and when. */
  private gesture: { range: Range; ms: number } | null = null;
  /** Gestures that last until somebody lets go. */
  private holds = 0;

  constructor(
    state: TimeState, private readonly move: (range: Range, from: TimeAxis, to: TimeAxis) => Promise<Range | null>,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
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
    this.limits = null;
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
    this.replace(zoomed(shown, at, factor, this.axis.value, this.limits));
  }

  /** Moves by so much of what is shown. */
  pan(shown: Range, share: number): void {
    this.replace(panned(shown, share, this.limits));
  }

  /** A gesture begins that lasts until the function is called, however long it rests. */
  hold(): () => void {
    this.gesture = null;
    this.holds += 1;
    return () => {
      this.gesture = null;
      this.holds -= 1;
    };
  }

  /** A stretch that a gesture has come to; the gesture as a whole is one step that can be gone back. */
  replace(range: Range): void {
    const before = this.range.value;
    if (before !== null && before.from === range.from && before.to === range.to) return;
    const now = this.nowMs();
    const goesOn = this.gesture !== null && this.gesture.range === before
      && (this.holds > 0 || now - this.gesture.ms < gesturePauseMs);
    if (!goesOn) this.earlier = [...this.earlier, before].slice(-stepsMax);
    this.gesture = { range, ms: now };
    this.range.value = range;
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
}

/** Zooms about a place that stays where it is, within the limits; never below two frames, or a microsecond. */
export function zoomed(shown: Range, at: number, factor: number, axis: TimeAxis, limits: Range | null = null): Range {
  const least = axis === "frame" ? 2 : axis === "simTime" ? 1e-6 : 1;
  const span = Math.max(least, (shown.to - shown.from) * factor);
  const share = (Math.min(shown.to, Math.max(shown.from, at)) - shown.from) / (shown.to - shown.from);
  const from = at - share * span;
  return within({ from, to: from + span }, shown, limits);
}

export function panned(shown: Range, share: number, limits: Range | null = null): Range {
  const by = (shown.to - shown.from) * share;
  return within({ from: shown.from + by, to: shown.to + by }, shown, limits);
}

/** Where a hand takes the stretch that it holds: what was below its fingers stays there, as far as the limits let it. */
export function gripped(held: Range, { at, by, factor }: Grip, axis: TimeAxis, limits: Range | null = null): Range {
  return panned(zoomed(held, held.from + at * (held.to - held.from), factor, axis, limits), -by, limits);
}

/** Moves and, if need be, cuts a stretch so that it reaches no further than the run. */
export function inside(range: Range, limits: Range | null): Range {
  return limits ? within(range, limits, limits) : range;
}

/** The same, or no further than what is shown already. */
function within(range: Range, shown: Range, limits: Range | null): Range {
  const low = Math.min(limits?.from ?? 0, shown.from);
  const high = limits ? Math.max(limits.to, shown.to) : Infinity;
  const span = Math.min(range.to - range.from, high - low);
  const from = Math.min(Math.max(low, range.from), high - span);
  return { from, to: from + span };
}
