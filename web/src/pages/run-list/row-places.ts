// Where the rows of a long list lie, and which of them are on the screen. Pure; lengths in CSS pixels.

export interface RowRange {
  /** The first row shown, and the one after the last. */
  readonly begin: number;
  readonly end: number;
}

/** More rows than are seen, so that a quick scroll does not show blank ones. */
const spareRows = 8;

export class RowPlaces {
  /** Of each row, and the end of the last one. */
  private readonly tops: Float64Array;

  constructor(heights: readonly number[]) {
    this.tops = new Float64Array(heights.length + 1);
    heights.forEach((height, row) => { this.tops[row + 1] = (this.tops[row] as number) + height; });
  }

  get count(): number {
    return this.tops.length - 1;
  }

  get totalHeight(): number {
    return this.tops[this.count] as number;
  }

  top(row: number): number {
    return this.tops[row] ?? this.totalHeight;
  }

  height(row: number): number {
    return this.top(row + 1) - this.top(row);
  }

  /** The row at a height; the last one below all of them, -1 if there are none. */
  rowAt(y: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.top(middle + 1) <= y) low = middle + 1;
      else high = middle;
    }
    return Math.min(low, this.count - 1);
  }

  visible(scrollTop: number, height: number): RowRange {
    if (this.count === 0) return { begin: 0, end: 0 };
    const begin = Math.max(0, this.rowAt(scrollTop) - spareRows);
    const end = Math.min(this.count, this.rowAt(scrollTop + height) + 1 + spareRows);
    return { begin, end };
  }

  /** Where to scroll, so that the row is seen whole; `scrollTop` itself if it is. `height` is what rows have to themselves. */
  scrollToShow(row: number, scrollTop: number, height: number): number {
    const top = this.top(row);
    if (top < scrollTop) return top;
    return Math.max(scrollTop, this.top(row + 1) - height);
  }
}

/** The row to go to by a key; the same row if the key moves nothing. `page`: rows that are seen at once. */
export function rowByKey(key: string, row: number, count: number, page: number): number {
  const targets: Record<string, number> = {
    ArrowDown: row + 1, ArrowUp: row - 1, PageDown: row + page, PageUp: row - page, Home: 0, End: count - 1,
  };
  return Math.max(0, Math.min(count - 1, targets[key] ?? row));
}
