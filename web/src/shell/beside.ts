// Where a dialog stands that must not cover what it is about: beside it, else above or below, on the side that has most room.

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Size {
  width: number;
  height: number;
}

/** Where the dialog goes, and how high it may be there. */
export interface Spot {
  left: number;
  top: number;
  height: number;
}

const gap = 8;
/** Lower than this nobody can use it. */
const heightMin = 220;

/** Pure. If there is no room anywhere it stands at the right edge of the window. */
export function besideBox(box: Box, dialog: Size, screen: Size): Spot {
  const height = Math.min(dialog.height, screen.height - 2 * gap);
  const within = (place: number, size: number, all: number) => Math.max(gap, Math.min(place, all - gap - size));
  const room = { right: screen.width - box.right, left: box.left, below: screen.height - box.bottom, above: box.top };
  const top = within(box.top, height, screen.height);
  const sideways = dialog.width + 2 * gap;
  if (room.right >= sideways && room.right >= room.left) return { left: box.right + gap, top, height };
  if (room.left >= sideways) return { left: box.left - gap - dialog.width, top, height };
  const upright = Math.min(height, Math.max(room.below, room.above) - 2 * gap);
  const left = within(box.right - dialog.width, dialog.width, screen.width);
  if (upright < heightMin) return { left: screen.width - gap - dialog.width, top, height };
  return { left, top: room.below >= room.above ? box.bottom + gap : box.top - gap - upright, height: upright };
}
