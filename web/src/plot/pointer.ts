// What the pointer does on a chart: a drag marks a stretch (uPlot's part), with Shift or the middle button it moves what is shown; a
// click puts a cursor, with Shift the second one. The wheel is the page's own unless Ctrl is held: then it zooms.

/** A shorter drag is a shaky click. */
export const dragPixelsMin = 6;
const wheelFactor = 1.25;
/** Pixels of a wheel's usual step. */
const wheelStep = 120;
const lineHeight = 16;

export interface PointerActions {
  /** Pixels from the plot's left edge. */
  onClick: (left: number, isSecond: boolean) => void;
  onWheel: (left: number, factor: number) => void;
  /** So much of the plot's width. */
  onPan: (share: number) => void;
  onLeave: () => void;
  /** Nothing can be scrolled here: the wheel zooms without Ctrl. */
  takesWheel: () => boolean;
}

export function listenToPointer(over: HTMLElement, actions: PointerActions): void {
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

  let pressedAt = NaN;
  let panFrom = NaN;
  let isPanning = false;
  over.addEventListener("pointerdown", (event) => {
    pressedAt = event.clientX;
    isPanning = false;
    if (event.button !== 1 && !(event.button === 0 && event.shiftKey)) return;
    event.preventDefault();
    panFrom = event.clientX;
    over.setPointerCapture(event.pointerId);
  });
  over.addEventListener("pointermove", (event) => {
    if (Number.isNaN(panFrom)) return;
    isPanning ||= Math.abs(event.clientX - pressedAt) >= dragPixelsMin;
    if (!isPanning) return;
    actions.onPan((panFrom - event.clientX) / Math.max(1, over.clientWidth));
    panFrom = event.clientX;
  });
  for (const end of ["pointerup", "pointercancel"] as const) over.addEventListener(end, () => { panFrom = NaN; });
  over.addEventListener("click", (event) => {
    if (Math.abs(event.clientX - pressedAt) < dragPixelsMin) actions.onClick(leftOf(event), event.shiftKey);
  });
  over.addEventListener("mouseleave", () => actions.onLeave());
}
