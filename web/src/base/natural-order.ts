// The order of names, wherever a list must not depend on who came first: digits by their value, then letter by letter.

const collator = new Intl.Collator("en", { numeric: true });

export function byName(a: string, b: string): number {
  // Names that only look the same still have one order.
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}
