// A line's value in a cell: what it is, and what it is not. A value of another frame is marked and says of which one it is.

import { setAttribute, setText } from "../../base/dom";
import { formatAllDigits, formatCount, formatValue } from "../../format/numbers";
import { ValueAt } from "../../protocol/protocol";

const roughWords = "storage is being asked for the very one";

/** Null: there is nothing to say of the line. */
export function showValue(cell: HTMLElement, at: ValueAt | null, isWhole: boolean): void {
  const value = at?.sample?.value;
  setText(cell, isWhole && value !== undefined ? formatAllDigits(value) : formatValue(value));
  setAttribute(cell, "title", valueWords(at));
  cell.classList.toggle("is-rough", at?.kind === "near");
  cell.classList.toggle("is-before", at?.kind === "before");
}

/** All digits, and of which frame they are if it is another one. */
export function valueWords(at: ValueAt | null): string {
  if (!at) return "";
  switch (at.kind) {
    case "none": return "No value at this frame";
    case "at": return formatAllDigits(at.sample.value);
    case "before": return `${formatAllDigits(at.sample.value)}, of frame ${formatCount(at.sample.frame)}: the last one up to here`;
    case "near": return `${formatAllDigits(at.sample.value)}, of frame ${formatCount(at.sample.frame)}; ${roughWords}`;
  }
}

/** What the second cursor's value is more than the first one's; undefined: one of them is not known. */
export function differenceOf(first: ValueAt | null, second: ValueAt | null): { value: number | undefined; isRough: boolean } {
  if (!first?.sample || !second?.sample) return { value: undefined, isRough: false };
  return { value: second.sample.value - first.sample.value, isRough: first.kind === "near" || second.kind === "near" };
}
