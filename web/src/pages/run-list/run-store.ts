// The runs that are known, kept while the user looks at something else: coming back shows the list at once. Of very many runs
// the newest come first, and older ones part by part, when somebody wants to see them.

import { EverMoreSeldom } from "../../base/ever-more-seldom";
import { fetchSizes, fetchStoredRuns } from "../../wire/api";
import { readiness } from "../../wire/readiness";
import { fetchRunChanges, fetchRunPart } from "../../wire/run-list";
import { RunSummary } from "../../wire/run-types";
import { mergeRuns } from "./run-order";

/** More than a screen shows, and an answer that comes at once however many runs there are. */
const firstRuns = 200;
/** As many as the collector gives at once. */
const moreRuns = 1000;
const daysBack = 30;
const storedPollMs = 30_000;
/** While a run that has something stored has no size yet; ever more seldom, since some never get one. */
const sizePollMs = 4000;

export class RunStore {
  private cursor = "";
  /** Where the runs that are older than the known ones begin; "": there are none. */
  private before = "";
  /** Of the questions about runs. */
  private lastAnswer: Promise<unknown> = Promise.resolve();
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

  /** All runs are known, and not the newest only. Those that run are known in any case. */
  get isWhole(): boolean {
    return this.isLoaded && this.before === "";
  }

  /** The collector's and those that only storage knows: which these are shows when all others are known. The same array until something changes. */
  get runs(): RunSummary[] {
    this.merged ??= mergeRuns([...this.current.values()], this.isWhole ? this.stored : []).map((run) => this.sized(run));
    return this.merged;
  }

  /** Asks the collector for the newest runs, later for changes; whether there were any. Fails with `ApiError`. */
  poll(): Promise<boolean> {
    return this.inTurn(() => (this.isLoaded ? this.pollChanges() : this.loadNewest()));
  }

  /** Asks for a part of the older runs that are not known yet. Fails with `ApiError`. */
  loadOlder(): Promise<void> {
    return this.inTurn(async () => {
      if (this.before === "") return;
      const { before, runs } = await fetchRunPart(this.before, moreRuns);
      this.add(runs, before);
    });
  }

  /** One answer after the other: an old one must not undo what a newer one has changed. */
  private inTurn<T>(ask: () => Promise<T>): Promise<T> {
    const answer = this.lastAnswer.then(ask);
    this.lastAnswer = answer.catch(() => undefined);
    return answer;
  }

  private async loadNewest(): Promise<boolean> {
    const { cursor, before, runs, running } = await fetchRunPart("", firstRuns);
    this.cursor = cursor;
    this.isLoaded = true;
    this.add([...runs, ...running], before);
    return true;
  }

  private add(runs: readonly RunSummary[], before: string): void {
    for (const run of runs) this.current.set(run.runId, run);
    this.setBefore(before);
    this.merged = null;
  }

  private setBefore(before: string): void {
    // From now on those are of interest that only storage knows.
    if (before === "") this.storedAskedMs = -Infinity;
    this.before = before;
  }

  private async pollChanges(): Promise<boolean> {
    const changes = await fetchRunChanges(this.cursor);
    const isNew = changes.isComplete || changes.runs.length > 0 || changes.removed.length > 0;
    if (changes.isComplete) {
      this.current.clear();
      if (!this.isWhole) this.setBefore("");
    }
    for (const runId of changes.removed) {
      this.current.delete(runId);
      this.stored = this.stored.filter((run) => run.runId !== runId);
    }
    for (const run of changes.runs) this.current.set(run.runId, run);
    this.cursor = changes.cursor;
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
    if (!this.isLoaded || !isReady || performance.now() - this.storedAskedMs < this.pauseMs) return false;
    this.storedAskedMs = performance.now();
    this.pauseMs = lacking === "" ? storedPollMs : this.sizePauses.next();
    try {
      const stored = this.isWhole ? fetchStoredRuns(daysBack) : [];
      [this.stored, this.sizes] = await Promise.all([stored, fetchSizes().catch(() => this.sizes)]);
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
