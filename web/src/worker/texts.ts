// Newest texts of a run's types: what has no height, and so no rows. Live ones come beside the columns, stored ones are asked for.

import { byName } from "../base/natural-order";
import { RunState, TextSample } from "../protocol/protocol";
import { everyKey, formatSeriesId, SeriesId } from "../protocol/series-id";
import { fetchTexts } from "../wire/series";
import { AskAgain, mayPass } from "./ask-again";

/** More instances of a type are a crowd. */
const keysMax = 256;
/** Storage is asked again after so long while it may have got further. */
const askAgainMs = 3000;

/** One live message about one type. */
export interface LiveTexts {
  channel: string;
  type: string;
  rows: { key: string; sample: { frame: number; simTime: number }; values: [field: string, value: string][] }[];
}

interface Asked {
  at: number | null;
  /** What storage held when it was asked; "": it has not answered. */
  held: string;
  askedMs: number;
  byKey: Map<string, TextSample>;
}

function fieldId(channel: string, type: string, field: string): string {
  return JSON.stringify([channel, type, field]);
}

export class Texts {
  private readonly live = new Map<string, Map<string, TextSample>>();
  private readonly stored = new Map<string, Asked>();

  private readonly again = new AskAgain(() => this.onChange());

  constructor(private readonly onChange: () => void) {}

  clear(): void {
    this.live.clear();
    this.stored.clear();
  }

  take({ channel, type, rows }: LiveTexts): void {
    for (const { key, sample, values } of rows) {
      for (const [field, value] of values) {
        const id = fieldId(channel, type, field);
        let byKey = this.live.get(id);
        if (!byKey) this.live.set(id, byKey = new Map<string, TextSample>());
        const before = byKey.get(key);
        // A later message may tell of another ring, which is not as far.
        if (before ? before.frame <= sample.frame : byKey.size < keysMax) byKey.set(key, { ...sample, value });
      }
    }
  }

  /** By key. `at`: the frame whose text is wanted; null: the newest of all. */
  of(id: SeriesId, at: number | null, run: RunState | null): [key: string, sample: TextSample][] {
    const live = this.live.get(fieldId(id.channel, id.type, id.field));
    const newest = live ? [...live].filter(([key]) => id.key === everyKey || id.key === "" || id.key === key) : [];
    if (!run?.canAskStorage) return inKeyOrder(newest);
    const isLive = at === null && run.isRunning && newest.length > 0;
    const found = isLive ? newest : [...this.ask(id, at, run)];
    return inKeyOrder(found.length > 0 || at !== null ? found : newest);
  }

  /** What storage has said, while it is asked anew for another frame, or because it has got further. */
  private ask(id: SeriesId, at: number | null, run: RunState): Map<string, TextSample> {
    const place = formatSeriesId(id);
    const held = `${run.storedSourceId} ${run.isStored ? "all" : run.storedEvents}`;
    const known = this.stored.get(place);
    if (known?.at === at && (known.held === held || performance.now() - known.askedMs < askAgainMs)) return known.byKey;
    const asked = { at, held, askedMs: performance.now(), byKey: known?.byKey ?? new Map<string, TextSample>() };
    this.stored.set(place, asked);
    const { channel, type, field, key } = id;
    fetchTexts({
      runId: run.runId, sourceId: run.storedSourceId, channel, type, field, ...(key === everyKey || key === "" ? {} : { key }),
      ...(at === null ? {} : { toFrame: Math.max(0, Math.round(at)) }),
    }).then((rows) => {
      this.again.noteAnswer();
      if (this.stored.get(place) !== asked) return;
      asked.byKey = new Map(rows.map(({ key: storedKey, ...sample }) => [storedKey, sample]));
      this.onChange();
    }, (error) => {
      // What was known stays; the next look that is due asks again. What was wrong with the question stays wrong.
      if (mayPass(error)) asked.held = "";
      this.again.noteFailure(error);
    });
    return asked.byKey;
  }
}

function inKeyOrder(found: [string, TextSample][]): [string, TextSample][] {
  return found.sort(([a], [b]) => byName(a, b));
}
