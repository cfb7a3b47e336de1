// Which series are drawn, as a value that fits in a URL. A series is (channel, type, key, field); the key "*" means all
// instances of a type, present and future.

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

/** An immutable set of series that keeps the order in which they were chosen. */
export class Selection {
  private readonly byText: ReadonlyMap<string, SeriesId>;

  constructor(ids: Iterable<SeriesId> = []) {
    this.byText = new Map([...ids].map((id) => [formatSeriesId(id), id]));
  }

  get ids(): SeriesId[] {
    return [...this.byText.values()];
  }

  get size(): number {
    return this.byText.size;
  }

  has(id: SeriesId): boolean {
    return this.byText.has(formatSeriesId(id));
  }

  /** Chosen by itself or together with all instances. */
  covers(id: SeriesId): boolean {
    return this.has(id) || this.has({ ...id, key: everyKey });
  }

  with(id: SeriesId): Selection {
    const others = id.key === everyKey ? this.ids.filter((other) => !isSameField(other, id)) : this.ids;
    return new Selection([...others, id]);
  }

  /**
   * Takes a series out. Was it chosen together with all instances, the others stay: hence `knownKeys`, the instances seen
   * so far.
   */
  without(id: SeriesId, knownKeys: readonly string[] = []): Selection {
    const all = { ...id, key: everyKey };
    const kept = this.ids.filter((other) => formatSeriesId(other) !== formatSeriesId(id));
    if (id.key === everyKey || !this.has(all)) return new Selection(kept);
    const rest = kept.filter((other) => formatSeriesId(other) !== formatSeriesId(all));
    const others = knownKeys.filter((key) => key !== id.key).map((key) => ({ ...id, key }));
    return new Selection([...rest, ...others]);
  }

  /** For the query part of a URL; "" for an empty selection. */
  toText(): string {
    return [...this.byText.keys()].join(",");
  }

  static fromText(text: string): Selection {
    const ids = text.split(",").map(parseSeriesId);
    return new Selection(ids.filter((id): id is SeriesId => id !== undefined));
  }
}

function isSameField(a: SeriesId, b: SeriesId): boolean {
  return a.channel === b.channel && a.type === b.type && a.field === b.field;
}
