// The names of a type and of a series, as values that fit in a URL: (channel, type, key, field); the key "*" means all instances of a
// type, present and future.

export const everyKey = "*";

export interface SeriesId {
  readonly channel: string;
  readonly type: string;
  /** "" for types without a key field. */
  readonly key: string;
  readonly field: string;
}

/** Four parts joined by "/", each percent-encoded. A literal key "*" is encoded, so that it is not taken for "all". */
export function formatSeriesId(id: SeriesId): string {
  const key = id.key === everyKey ? everyKey : encodeURIComponent(id.key).replace(/\*/g, "%2A");
  return [encodeURIComponent(id.channel), encodeURIComponent(id.type), key, encodeURIComponent(id.field)].join("/");
}

/** Undefined for text that `formatSeriesId` cannot have written. */
export function parseSeriesId(text: string): SeriesId | undefined {
  const parts = text.split("/");
  if (parts.length !== 4) return undefined;
  try {
    const [channel, type, key, field] = parts.map(decodeURIComponent) as [string, string, string, string];
    return type === "" || field === "" ? undefined : { channel, type, key, field };
  } catch {
    // A broken percent sequence, from a URL typed by hand.
    return undefined;
  }
}

/** Tells a type from those of the same name in other channels. */
export function typeId(channel: string, type: string): string {
  return JSON.stringify([channel, type]);
}
