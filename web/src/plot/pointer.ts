// What the pointer does on a chart: a drag marks a stretch (uPlot's part), with Shift or the middle button it moves what is shown; a
// click puts a cursor, with Shift the second one. The wheel is the page's own unless Ctrl is held: then it zooms. One finger moves what
// is shown, two zoom it; up and down a finger scrolls the page, which the style of the plot says.

/** A shorter drag is a shaky click. */
export const dragPixelsMin = 6;
const wheelFactor = 1.25;
/** Pixels of a wheel's usual step. */
const wheelStep = 120;
const lineHeight = 16;
/** Fingers that seem to be closer than this only hide each other. */
const spreadPixelsMin = 24;

/** What a hand has done since it took hold, or since a finger came or went, in shares of the plot's width. */
export interface Grip {
  /** Where the middle of its fingers was. */
  at: number;
  /** How far that has moved to the right. */
  by: number;
  /** Below 1 the fingers have parted, and less is to be shown. */
  factor: number;
}

/** What is shown, held by fingers or by a pressed button until they let go. */
export interface Hold {
  move: (grip: Grip) => void;
  /** A finger came or went: held is what is shown now. */
  renew: () => void;
  end: () => void;
}

export interface PointerActions {
  /** Pixels from the plot's left edge. */
  onClick: (left: number, isSecond: boolean) => void;
  onWheel: (left: number, factor: number) => void;
  /** So much of the plot's width. */
  onPan: (share: number) => void;
  onHold: () => Hold;
  onLeave: () => void;
  /** Nothing can be scrolled here: the wheel zooms without Ctrl. */
  takesWheel: () => boolean;
}

/** The function lets go of what is held. */
export function listenToPointer(over: HTMLElement, actions: PointerActions): () => void {
  const leftOf = (event: MouseEvent) => event.clientX - over.getBoundingClientRect().left;
  over.addEventListener("wheel", (event) => {
    const scale = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? lineHeight : 1;
    const [x, y] = [event.deltaX * scale, event.deltaY * scale];
    if (event.ctrlKey || event.metaKey || (actions.takesWheel() && !event.shiftKey && Math.abs(y) >= Math.abs(x))) {
      event.preventDefault();
      // Touch pads send many small steps.
      actions.onWheel(leftOf(event), wheelFactor ** Math.max(-1, Math.min(1, y / wheelStep)));
    } else if (event.shiftKey || Math.abs(x) > Math.abs(y)) {
      event.preventDefault();
      actions.onPan((x + y) / Math.max(1, over.clientWidth));
    }
  }, { passive: false });

  const hand = new Hand(over, actions);
  let pressedAt = NaN;
  over.addEventListener("pointerdown", (event) => { pressedAt = event.clientX; });
  over.addEventListener("click", (event) => {
    if (!hand.hasHeld && Math.abs(event.clientX - pressedAt) < dragPixelsMin) actions.onClick(leftOf(event), event.shiftKey);
  });
  over.addEventListener("mouseleave", () => actions.onLeave());
  return () => hand.letGo();
}

interface Finger {
  x: number;
  y: number;
  /** Where it was when the hand took hold, or when another one came or went. */
  from: { x: number; y: number };
}

/** Up to two fingers, or the one pointer of a mouse whose button says that it moves what is shown. */
class Hand {
  /** Since it came down it has held something: what follows is no click. */
  hasHeld = false;
  private readonly fingers = new Map<number, Finger>();
  private hold: Hold | null = null;

  constructor(private readonly over: HTMLElement, private readonly actions: PointerActions) {
    over.addEventListener("pointerdown", (event) => this.press(event));
    over.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"] as const) over.addEventListener(end, (event) => this.lift(event));
    // The browser must not begin to scroll in the middle of it: two fingers seldom move along one line.
    over.addEventListener("touchmove", (event) => { if (this.hold && event.cancelable) event.preventDefault(); }, { passive: false });
  }

  letGo(): void {
    this.fingers.clear();
    this.hold?.end();
    this.hold = null;
  }

  private press(event: PointerEvent): void {
    if (this.fingers.size === 0) this.hasHeld = false;
    const isTouch = event.pointerType === "touch";
    if (isTouch ? this.fingers.size === 2 : event.button !== 1 && !(event.button === 0 && event.shiftKey)) return;
    if (!isTouch) event.preventDefault();
    this.over.setPointerCapture(event.pointerId);
    const { clientX: x, clientY: y } = event;
    this.fingers.set(event.pointerId, { x, y, from: { x, y } });
    this.renew();
    if (this.fingers.size === 2) this.take(isTouch);
  }

  private move(event: PointerEvent): void {
    const finger = this.fingers.get(event.pointerId);
    if (!finger) return;
    [finger.x, finger.y] = [event.clientX, event.clientY];
    if (!this.hold && Math.abs(finger.x - finger.from.x) < dragPixelsMin) return;
    this.take(event.pointerType === "touch").move(this.grip());
  }

  private lift(event: PointerEvent): void {
    if (!this.fingers.delete(event.pointerId)) return;
    if (this.fingers.size === 0) this.letGo();
    else this.renew();
  }

  private take(isTouch: boolean): Hold {
    if (this.hold) return this.hold;
    this.hasHeld = true;
    // A finger that moves the chart does not point at anything in it.
    if (isTouch) this.actions.onLeave();
    this.hold = this.actions.onHold();
    return this.hold;
  }

  private renew(): void {
    for (const finger of this.fingers.values()) finger.from = { x: finger.x, y: finger.y };
    this.hold?.renew();
  }

  private grip(): Grip {
    const fingers = [...this.fingers.values()];
    const { left, width } = this.over.getBoundingClientRect();
    const before = spanned(fingers.map(({ from }) => from));
    const now = spanned(fingers);
    const share = 1 / Math.max(1, width);
    return { at: (before.middle - left) * share, by: (now.middle - before.middle) * share, factor: before.spread / now.spread };
  }
}

/** Fingers one above the other zoom, too: their distance counts in any direction. */
function spanned(places: readonly { x: number; y: number }[]): { middle: number; spread: number } {
  const [first, last] = [places[0], places[places.length - 1]];
  if (!first || !last) return { middle: 0, spread: 1 };
  return { middle: (first.x + last.x) / 2, spread: Math.max(spreadPixelsMin, Math.hypot(last.x - first.x, last.y - first.y)) };
}
