// The page's worker: receives the live stream, asks storage, keeps rows, and answers the page's questions.

import { WantedType, FromWorker, RunState, ToWorker } from "../protocol/protocol";
import { SeriesId, typeId } from "../protocol/series-id";
import { FrameMaker } from "./frame-maker";
import { LiveLink } from "./live-link";
import { LiveRows } from "./live-rows";
import { Sources } from "./sources";
import { StoredRows } from "./stored-rows";
import { Texts } from "./texts";

const countersMs = 500;

function post(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  self.postMessage(message, { transfer });
}

class PageWorker {
  private readonly live = new LiveRows(
    (type) => post({ kind: "found", type }),
    (channel, type, keys) => post({ kind: "keys", channel, type, keys }),
  );
  private readonly stored = new StoredRows(
    ({ channel, type }, keys) => post({ kind: "keys", channel, type, keys }),
    ({ status, code, message, hint, request }) => post({ kind: "failure", failure: { status, code, message, hint, request } }),
    () => post({ kind: "changed" }),
  );
  private readonly sources = new Sources(this.live, this.stored);
  private readonly texts = new Texts(() => post({ kind: "changed" }));
  private readonly frames = new FrameMaker(this.sources, this.texts);
  private readonly link = new LiveLink({
    onState: (state) => post({ kind: "connection", state }),
    onSchema: (schema) => this.live.announce(schema),
    onBlock: (block) => this.live.take(block),
    onTexts: (texts) => this.texts.take(texts),
    onTail: (tail) => this.live.beginTail(tail),
    onMissing: (kind, count) => this.missing(kind, count),
  });
  private wanted: WantedType[] = [];
  private newestFrame = NaN;
  private allStored = false;
  /** Since the counters were told last. */
  private answers = 0;
  private toldMs = performance.now();

  constructor() {
    self.addEventListener("message", (message: MessageEvent<ToWorker>) => this.take(message.data));
    setInterval(() => this.tell(), countersMs);
  }

  private take(message: ToWorker): void {
    switch (message.kind) {
      case "run": this.setRun(message.run); break;
      case "want": this.want(message.types); break;
      case "move-range": {
        const range = this.frames.moveRange(message.range, message.from, message.to);
        post({ kind: "moved-range", number: message.number, range });
        break;
      }
      case "find-frame": {
        post({ kind: "found-frame", number: message.number, frame: this.frames.findFrame(message.place, message.axis) });
        break;
      }
      case "frame": {
        this.answers += 1;
        const answer = this.frames.answer(message.request);
        this.newestFrame = answer.newest?.frame ?? this.newestFrame;
        this.settle(message.request.panels.flatMap((panel) => panel.series.filter((_id, index) => !panel.texts.includes(index))));
        const buffers = answer.panels.flatMap(({ values, marks }) => [values.buffer as ArrayBuffer, marks.buffer as ArrayBuffer]);
        post({ kind: "frame", answer }, buffers);
        break;
      }
    }
  }

  private setRun(run: RunState): void {
    this.sources.setRun(run);
    this.subscribe();
  }

  private want(types: WantedType[]): void {
    for (const type of types) {
      this.live.setKeyFields(type.channel, type.type, type.keyFields);
      const before = this.wanted.find((other) => typeId(other.channel, other.type) === typeId(type.channel, type.type));
      // Rows that came without a field that is wanted now come again, from the live buffer.
      const isWider = before && (type.fields === null || type.fields.some((field) => !before.fields?.includes(field)));
      if (isWider && before.fields !== null) this.live.forget(type.channel, type.type);
    }
    this.wanted = types;
    this.subscribe();
  }

  private subscribe(): void {
    const run = this.sources.run;
    if (!run) return;
    this.link.subscribe(run.runId, run.storedSourceId, this.allStored ? [] : this.wanted);
  }

  private settle(series: SeriesId[]): void {
    const isAll = this.sources.settle(series);
    if (isAll === this.allStored) return;
    this.allStored = isAll;
    post({ kind: "all-stored", isAll });
    this.subscribe();
  }

  private missing(kind: "skipped" | "gap", count: number): void {
    this.live.isPatchy = true;
    const frame = Number.isFinite(this.newestFrame) ? this.newestFrame : 0;
    post({ kind: "loss", loss: { from: frame, to: frame + 1, count, kind } });
  }

  private tell(): void {
    const now = performance.now();
    this.link.follow((this.answers * 1000) / Math.max(1, now - this.toldMs));
    [this.answers, this.toldMs] = [0, now];
    const { messages, malformed, skipped } = this.link.counters;
    const { rows, reducedRows, instancesRefused } = this.live.counters;
    post({
      kind: "counters",
      counters: { messages, rows, skipped, malformed, instancesRefused, reducedRows, bytesHeld: this.live.bytesHeld },
    });
  }
}

new PageWorker();
