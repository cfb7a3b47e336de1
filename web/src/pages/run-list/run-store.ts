// The runs that are known, kept while the user looks at something else: coming back shows the list at once.

import { EverMoreSeldom } from "../../base/ever-more-seldom";
import { fetchSizes, fetchStoredRuns } from "../../wire/api";
import { readiness } from "../../wire/readiness";
import { fetchRunChanges } from "../../wire/run-list";
import { RunSummary } from "../../wire/run-types";
import { mergeRuns } from "./run-order";

const daysBack = 30;
const storedPollMs = 30_000;
/** While a run that has something stored has no size yet; ever more seldom, since some never get one. */
const sizePollMs = 4000;

export class RunStore {
  private cursor = "";
  private readonly current = new Map<string, RunSummary>();
  private stored: RunSummary[] = [];
  private sizes: ReadonlyMap<string, number> = new Map();
  private storedAskedMs = -Infinity;
  private readonly sizePauses = new EverMoreSeldom(sizePollMs, storedPollMs);
  private pauseMs = 0;
  /** The runs without a size, at the last look. */
  private lacking = "";
  private merged: RunSummary[] | null = null;
  /** Whether the collector has ever told its runs. */
  isLoaded = false;

  /** The collector's and those that only storage knows. The same array until something changes. */
  get runs(): RunSummary[] {
    this.merged ??= mergeRuns([...this.current.values()], this.stored).map((run) => this.sized(run));
    return this.merged;
  }

  /** Asks the collector for changes; whether there were any. Fails with `ApiError`. */
  async poll(): Promise<boolean> {
    const changes = await fetchRunChanges(this.cursor);
    const isNew = !this.isLoaded || changes.isComplete || changes.runs.length > 0 || changes.removed.length > 0;
    if (changes.isComplete) this.current.clear();
    for (const runId of changes.removed) {
      this.current.delete(runId);
      this.stored = this.stored.filter((run) => run.runId !== runId);
    }
    for (const run of changes.runs) this.current.set(run.runId, run);
    this.cursor = changes.cursor;
    this.isLoaded = true;
    if (isNew) this.merged = null;
    return isNew;
  }

  private sized(run: RunSummary): RunSummary {
    const bytesOnDisk = this.sizes.get(run.runId) ?? NaN;
    if (Object.is(bytesOnDisk, run.bytesOnDisk)) return run;
    const sized = { ...run, bytesOnDisk };
    // The same object as long as nothing changes: rows that show it are not filled anew.
    if (this.current.get(run.runId) === run) this.current.set(run.runId, sized);
    return sized;
  }

  /** Asks storage for older runs and for sizes, while it says that it is there; whether it was asked. */
  async pollStored(): Promise<boolean> {
    const isReady = readiness.value?.storageState === "ok";
    const lacking = [...this.current.values()].filter((run) => run.stored > 0 && !this.sizes.has(run.runId)).map(({ runId }) => runId).join("\n");
    if (lacking !== this.lacking) {
      this.lacking = lacking;
      this.sizePauses.reset();
      this.pauseMs = lacking === "" ? storedPollMs : this.sizePauses.next();
    }
    if (!isReady || performance.now() - this.storedAskedMs < this.pauseMs) return false;
    this.storedAskedMs = performance.now();
    this.pauseMs = lacking === "" ? storedPollMs : this.sizePauses.next();
    try {
      [this.stored, this.sizes] = await Promise.all([fetchStoredRuns(daysBack), fetchSizes().catch(() => this.sizes)]);
    } catch {
      // Storage has just gone; the header says so, and the collector's own list is complete without it.
      this.stored = [];
    }
    this.merged = null;
    return true;
  }

  forget(runId: string): void {
    this.current.delete(runId);
    this.stored = this.stored.filter((run) => run.runId !== runId);
    this.merged = null;
  }
}
