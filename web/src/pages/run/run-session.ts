// What one run's page knows and has chosen: the run's description, panels, the stretch of time, cursors. All of it that a user
// chose stands in the URL.
//
// Rows lie in the page's worker: live ones while the run goes on, stored ones before them and once the run has ended.

import { oncePerTask } from "../../base/coalesce";
import { EverMoreSeldom } from "../../base/ever-more-seldom";
import { Lifetime } from "../../base/lifetime";
import { Signal } from "../../base/signal";
import { Catalogue } from "../../data/catalogue";
import { DataWorker } from "../../data/data-worker";
import { LossLog } from "../../data/loss-log";
import { Layout, makePanel, Panel, seriesOf } from "../../series/layout";
import { isTextSeries } from "../../series/names";
import { presetPanels } from "../../series/presets";
import { ApiError, fetchRun, fetchSizes } from "../../wire/api";
import { fetchStoredFields, StoredField } from "../../wire/series";
import { isStorageOff, readiness } from "../../wire/readiness";
import { RunDetail } from "../../wire/run-types";
import { FailureTold, FrameAnswer, Sample, WantedType } from "../../worker/protocol";
import { formatRunQuery, parseRunQuery, queryChangedEvent, RunQuery, writeQuery } from "../route";
import { TimeView } from "./time-view";

const pollMs = 1000;
const sizePollMs = 5000;
const writeDelayMs = 250;
/** So many types at once are asked for an event that shows their fields. */
const undescribedTypesMax = 64;
const undescribedPollsMax = 4;
/** So often in a row storage is asked for the fields of such types, then ever more seldom. */
const eagerPolls = 6;
/** So long after its end a run is read from storage even if the counters say that something is still on its way. */
const storagePatienceMs = 10_000;

export class RunSession {
  readonly detail = new Signal<RunDetail | null>(null);
  readonly error = new Signal<ApiError | null>(null);
  readonly panels: Signal<readonly Panel[]>;
  readonly time: TimeView;
  readonly catalogue = new Catalogue();
  readonly losses = new LossLog();
  readonly data: DataWorker;
  /** The newest answer of the worker. */
  readonly answer = new Signal<FrameAnswer | null>(null);
  /** What the run takes on disk, about; NaN: not known. */
  readonly bytesOnDisk = new Signal(NaN);
  readonly failure = new Signal<FailureTold | null>(null);
  /** The panel that fills the page; "": none does. */
  readonly maximised = new Signal("");
  /** Values with all their digits. */
  readonly fullPrecision = new Signal(false);
  /** The panel that takes what the tree adds by Shift+Enter, and that keys act on. */
  readonly activePanel = new Signal("");
  /** Types that the tree has shown open, whose instances had to be asked for. */
  private readonly openTypes = new Set<string>();
  private isChosen: boolean;
  private wanted = "";
  private written: RunQuery;
  private writeTimer = 0;
  private endSeenMs = NaN;
  private undescribedPolls = 0;
  private readonly refusals = new EverMoreSeldom(pollMs);
  /** Asks for the run's description at once. */
  readonly ask: () => void;
  private sizeAsked = { stored: 0, ms: -Infinity };

  constructor(readonly runId: string, readonly sourceId: string, private readonly lifetime: Lifetime) {
    const query = parseRunQuery(location.search);
    this.isChosen = query.panels !== null;
    this.panels = new Signal<readonly Panel[]>(query.panels ?? []);
    this.time = new TimeView(query, (range, from, to) => this.data.moveRange(range, from, to));
    this.written = query;
    this.data = new DataWorker(this.catalogue, {
      onAnswer: (answer) => this.takeAnswer(answer),
      onLoss: (loss) => this.losses.add(loss),
      onFailure: (failure) => { this.failure.value = failure; },
    }, lifetime);
    this.ask = lifetime.repeat(pollMs, () => this.poll());
    // Who comes back to the page wants to know how it is now.
    lifetime.listen("focus", () => { if (this.error.value) this.ask(); });
    const react = oncePerTask(() => this.afterChange());
    for (const signal of [this.catalogue.version, this.panels, ...this.time.signals]) {
      lifetime.add((signal as Signal<unknown>).subscribe(react));
    }
    lifetime.listen(queryChangedEvent as keyof WindowEventMap, () => this.readUrl());
    lifetime.add(() => window.clearTimeout(this.writeTimer));
  }

  get isRunning(): boolean {
    return this.detail.value?.status === "running";
  }

  /** The newest row that is shown. */
  get newest(): Sample | null {
    return this.answer.value?.newest ?? null;
  }

  /** What series are asked for: without a source in the URL, the run's first one. */
  get series(): { runId: string; sourceId: string } {
    return { runId: this.runId, sourceId: this.sourceId || (this.detail.value?.sourceId ?? "") };
  }

  choose(panels: readonly Panel[]): void {
    this.isChosen = true;
    this.panels.value = panels;
  }

  /** Back to what the page proposes by itself. */
  chooseNothing(): void {
    this.isChosen = false;
    this.panels.value = presetPanels(this.catalogue);
  }

  get layout(): Layout {
    return { version: 1, axis: this.time.axis.value, windowSeconds: this.time.windowSeconds.value, panels: this.panels.value };
  }

  apply(layout: Layout): void {
    this.time.windowSeconds.value = layout.windowSeconds;
    void this.time.setAxis(layout.axis);
    this.choose(layout.panels.map((panel, index) => makePanel(`p${index + 1}`, panel.series, { ...panel, id: `p${index + 1}` })));
  }

  /** Takes note of what is shown; the function brings it back. */
  remember(): () => void {
    const { query } = this;
    return () => this.restore(query);
  }

  /** Holds what is shown, while rows go on to come. */
  pause(): void {
    const { range, newest, axis } = this.answer.value ?? {};
    if (!range || !newest || this.time.range.value) return;
    // A young run does not fill its window yet: what would still come into it is not part of what is held.
    const place = axis === "simTime" ? newest.simTime : axis === "wallTime" ? newest.wallTime : newest.frame;
    this.time.show({ from: range.from, to: place > range.from ? Math.min(range.to, place) : range.to });
  }

  follow(): void {
    this.time.follow();
  }

  /** Says that the tree shows the instances of a type: they are known only from its data, which is asked for here. */
  openType(type: string): void {
    this.openTypes.add(type);
    this.wantTypes();
  }

  private takeAnswer(answer: FrameAnswer): void {
    const before = this.answer.value;
    this.answer.value = answer;
    if (before) this.data.giveBack(before);
  }

  // MARK: the run

  /** A run that is not there may still begin, and who is not logged in may still do so: it is asked again, but not for ever. */
  private async poll(): Promise<number | void> {
    try {
      const detail = await fetchRun(this.runId, this.sourceId);
      if (this.lifetime.isOver) return;
      this.refusals.reset();
      // Each source has frames and clocks of its own: what is shown is of one.
      const shown = this.sourceId || detail.sourceId;
      this.catalogue.describe(detail.types.filter(({ sourceId }) => sourceId === "" || sourceId === shown));
      this.losses.noteRun(detail);
      this.detail.value = detail;
      this.error.value = null;
      this.tellRun(detail);
      this.wantTypes();
      void this.askForSize(detail);
      // Of posted events nobody has said what they are made of: numbers tell it as they come, texts only in storage.
      if (detail.types.every(({ fields }) => fields.length > 0)) this.undescribedPolls = 0;
      else this.undescribedPolls += 1;
      // What comes live tells of more fields than storage, which has columns for plain names only; of an ended run nothing comes.
      const isPatient = !this.isRunning || this.undescribedTypes().length === 0 || this.undescribedPolls > undescribedPollsMax;
      // Types that have no fields at all would be asked for without end: ever more seldom.
      const isDue = this.undescribedPolls <= eagerPolls || (this.undescribedPolls & (this.undescribedPolls - 1)) === 0;
      if (this.undescribedPolls > 0 && isPatient && isDue && detail.stored > 0) await this.askForFields();
    } catch (error) {
      this.error.value = error instanceof ApiError ? error : new ApiError(0, "", String(error), "");
      if (this.error.value.status === 404 || this.error.value.status === 401) return this.refusals.next();
    }
  }

  private tellRun(detail: RunDetail): void {
    if (detail.status === "running") this.endSeenMs = NaN;
    else if (Number.isNaN(this.endSeenMs)) this.endSeenMs = performance.now();
    const isComplete = detail.stored + detail.lost >= detail.accepted;
    const isLate = performance.now() - this.endSeenMs > storagePatienceMs;
    this.data.setRun({
      runId: this.runId, sourceId: this.sourceId, storedSourceId: this.series.sourceId,
      isRunning: detail.status === "running",
      isStored: detail.status !== "running" && (isComplete || isLate),
      canAskStorage: !isStorageOff() && readiness.value?.storageState === "ok",
      storedEvents: detail.stored, lastFrame: detail.lastFrame,
    });
  }

  /** Now and then, when storage has got further. */
  private async askForSize({ stored }: RunDetail): Promise<void> {
    const { sizeAsked } = this;
    const isDue = stored !== sizeAsked.stored && performance.now() - sizeAsked.ms > sizePollMs;
    if (!isDue || readiness.value?.storageState !== "ok") return;
    this.sizeAsked = { stored, ms: performance.now() };
    try {
      this.bytesOnDisk.value = (await fetchSizes(this.runId)).get(this.runId) ?? NaN;
    } catch {
      // Storage has just gone, which the page says elsewhere: the size stays as it was.
    }
  }

  /** Storage knows the fields of types whose senders have described nothing, also when no event of them comes any more. */
  private async askForFields(): Promise<void> {
    if (readiness.value?.storageState !== "ok") return;
    const types = new Map<string, { channel: string; type: string; fields: StoredField[] }>();
    for (const field of await fetchStoredFields(this.runId)) {
      const id = JSON.stringify([field.channel, field.type]);
      const known = types.get(id) ?? { channel: field.channel, type: field.type, fields: [] };
      known.fields.push(field);
      types.set(id, known);
    }
    for (const { channel, type, fields } of types.values()) {
      // Numbers that came live are known by better names: storage has columns for plain ones only. Texts never come by themselves.
      const isKnown = (this.catalogue.find(channel, type)?.fields.size ?? 0) > 0;
      this.catalogue.discover(channel, type, fields.filter(({ isText }) => isText || !isKnown).map(({ field, isText }) => ({
        name: field, kind: isText ? "text" : "f64", unit: "", isKey: false, labels: [],
      })));
    }
  }

  /** Types of which nobody has said what fields they have: an event of each has to tell. */
  private undescribedTypes(): string[] {
    return this.catalogue.all().filter(({ fields }) => fields.size === 0).slice(0, undescribedTypesMax).map(({ type }) => type);
  }

  private wantTypes(): void {
    const fields = new Map<string, Set<string> | null>();
    const texts = new Map<string, Set<string>>();
    for (const id of seriesOf(this.panels.value)) {
      if (isTextSeries(id, this.catalogue)) {
        texts.set(id.type, (texts.get(id.type) ?? new Set<string>()).add(id.field));
        if (!fields.has(id.type)) fields.set(id.type, new Set());
        continue;
      }
      const known = fields.get(id.type) ?? new Set<string>();
      // An element of an array comes with its array.
      fields.set(id.type, known.add(id.field.replace(/\[\d+\]$/, "")));
    }
    for (const type of this.openTypes) if (!fields.has(type)) fields.set(type, new Set());
    for (const type of this.undescribedTypes()) fields.set(type, null);
    const types = this.catalogue.all().flatMap(({ channel, type, keyFields }): WantedType[] => {
      const names = fields.get(type);
      if (names === undefined) return [];
      return [{ channel, type, keyFields, texts: [...texts.get(type) ?? []].sort(), fields: names ? [...new Set([...names, ...keyFields])].sort() : null }];
    });
    const text = JSON.stringify(types);
    if (text === this.wanted) return;
    this.wanted = text;
    this.data.want(types);
  }

  // MARK: the URL

  private afterChange(): void {
    if (this.lifetime.isOver) return;
    if (!this.isChosen) {
      const proposed = presetPanels(this.catalogue);
      if (JSON.stringify(proposed) !== JSON.stringify(this.panels.value)) this.panels.value = proposed;
    }
    this.wantTypes();
    window.clearTimeout(this.writeTimer);
    // Wheels and drags come in many small steps: where they end is one.
    const { range, cursors } = this.written;
    const isMove = JSON.stringify([this.time.range.value, this.time.cursors.value]) !== JSON.stringify([range, cursors]);
    if (isMove) this.writeTimer = window.setTimeout(() => this.writeUrl(), writeDelayMs);
    else this.writeUrl();
  }

  private get query(): RunQuery {
    return {
      sourceId: this.sourceId, panels: this.isChosen ? this.panels.value : null, axis: this.time.axis.value,
      windowSeconds: this.time.windowSeconds.value, range: this.time.range.value, cursors: this.time.cursors.value,
    };
  }

  /** Moving a cursor is no step that anybody would want to take back. */
  private stepText(query: RunQuery): string {
    return formatRunQuery({ ...query, cursors: [null, null] });
  }

  private writeUrl(): void {
    const { query } = this;
    writeQuery(formatRunQuery(query), this.stepText(query) !== this.stepText(this.written));
    this.written = query;
  }

  private readUrl(): void {
    window.clearTimeout(this.writeTimer);
    const query = parseRunQuery(location.search);
    this.written = query;
    this.restore(query);
  }

  private restore(query: RunQuery): void {
    this.isChosen = query.panels !== null;
    this.panels.value = query.panels ?? presetPanels(this.catalogue);
    this.time.restore(query);
  }
}
