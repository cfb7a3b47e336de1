// Reads numbers out of event payloads: nested JSON objects whose leaves are named by dotted paths ("pos.x", "gear.0").

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const depthMax = 8;
const leavesMax = 1024;
/** Longer arrays are pictures or maps, not series. */
const arrayLengthMax = 16;

/** The leaf at `path`, undefined if the payload has none. */
export function leafAt(payload: unknown, path: readonly string[]): unknown {
  let at = payload;
  for (const part of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<string, unknown>)[part];
  }
  return at;
}

/**
 * The number that a leaf stands for; NaN if it stands for none, which charts show as a gap.
 * Booleans are 0 and 1, names of an enum are their place among `labels`.
 */
export function toNumber(leaf: unknown, labels: readonly string[] = []): number {
  if (typeof leaf === "number") return leaf;
  if (typeof leaf === "boolean") return leaf ? 1 : 0;
  if (typeof leaf !== "string") return NaN;
  if (leaf === "Infinity") return Infinity;
  if (leaf === "-Infinity") return -Infinity;
  const place = labels.indexOf(leaf);
  return place >= 0 ? place : NaN;
}

function isNumeric(leaf: unknown): boolean {
  return typeof leaf === "number" || typeof leaf === "boolean"
    || leaf === "NaN" || leaf === "Infinity" || leaf === "-Infinity";
}

/** The dotted names of all leaves that can be drawn, in the order of the payload; bounded in depth and number. */
export function numericLeaves(payload: unknown): string[] {
  const names: string[] = [];
  const visit = (at: unknown, name: string, depth: number) => {
    if (names.length >= leavesMax) return;
    if (isNumeric(at)) {
      if (name !== "") names.push(name);
    } else if (typeof at === "object" && at !== null && depth < depthMax) {
      if (Array.isArray(at) && at.length > arrayLengthMax) return;
      for (const [part, inner] of Object.entries(at)) visit(inner, name === "" ? part : `${name}.${part}`, depth + 1);
    }
  };
  visit(payload, "", 0);
  return names;
}
