// Which rows of a long list are on the screen. Pure; lengths in CSS pixels.

export interface RowRange {
  /** The first row shown, and the one after the last. */
  readonly begin: number;
  readonly end: number;
}

/** More rows than are seen, so that a quick scroll does not show blank ones. */
const spareRows = 8;

export function visibleRows(scrollTop: number, height: number, rowHeight: number, count: number): RowRange {
  const begin = Math.max(0, Math.min(count, Math.floor(scrollTop / rowHeight)) - spareRows);
  const end = Math.min(count, Math.max(0, Math.ceil((scrollTop + height) / rowHeight)) + spareRows);
  return { begin, end: Math.max(begin, end) };
}

/** Where to scroll, so that the row is seen whole; `scrollTop` itself if it is. `height` is what rows have to themselves. */
export function scrollToShow(row: number, scrollTop: number, height: number, rowHeight: number): number {
  const top = row * rowHeight;
  if (top < scrollTop) return top;
  return Math.max(scrollTop, top + rowHeight - height);
}

/** The row to go to by a key; the same row if the key moves nothing. `page`: rows that are seen at once. */
export function rowByKey(key: string, row: number, count: number, page: number): number {
  const targets: Record<string, number> = {
    ArrowDown: row + 1, ArrowUp: row - 1, PageDown: row + page, PageUp: row - page, Home: 0, End: count - 1,
  };
  return Math.max(0, Math.min(count - 1, targets[key] ?? row));
}
