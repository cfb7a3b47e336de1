// The page's end of its worker: questions and answers, and what the worker tells by itself.

import { Lifetime } from "../base/lifetime";
import { Signal } from "../base/signal";
import {
  ConnectionState, FailureTold, FrameAnswer, FrameRequest, FromWorker, LiveCounters, Loss, Range, RunState, TimeAxis, ToWorker, WantedType,
} from "../protocol/protocol";
import { Catalogue } from "./catalogue";

export interface DataWorkerEvents {
  onAnswer: (answer: FrameAnswer) => void;
  onLoss: (loss: Loss) => void;
  onFailure: (failure: FailureTold) => void;
}

const noCounters: LiveCounters = {
  messages: 0, rows: 0, skipped: 0, malformed: 0, instancesRefused: 0, reducedRows: 0, bytesHeld: 0,
};

export class DataWorker {
  readonly connection = new Signal<ConnectionState>("closed");
  readonly counters = new Signal<LiveCounters>(noCounters);
  /** All that is shown comes from storage. */
  readonly allStored = new Signal(false);
  /** Grows when rows may have come without a question: storage has answered. */
  readonly changes = new Signal(0);
  private readonly worker = new Worker("/worker.js");
  private isAsking = false;
  private buffers: ArrayBuffer[] = [];
  private moves = 0;
  private readonly frames = new Map<number, (frame: number | null) => void>();
  private readonly moved = new Map<number, (range: Range | null) => void>();

  constructor(private readonly catalogue: Catalogue, private readonly events: DataWorkerEvents, lifetime: Lifetime) {
    this.worker.addEventListener("message", (message: MessageEvent<FromWorker>) => this.take(message.data));
    lifetime.add(() => this.worker.terminate());
  }

  /** False while an answer is on its way: then the next frame asks. */
  ask(request: Omit<FrameRequest, "buffers">): boolean {
    if (this.isAsking) return false;
    this.isAsking = true;
    const buffers = this.buffers;
    this.buffers = [];
    this.post({ kind: "frame", request: { ...request, buffers } }, buffers);
    return true;
  }

  /** Buffers of an answer that is not shown any longer go back. */
  giveBack(answer: FrameAnswer): void {
    for (const { values, marks } of answer.panels) this.buffers.push(values.buffer as ArrayBuffer, marks.buffer as ArrayBuffer);
  }

  setRun(run: RunState): void {
    this.post({ kind: "run", run });
  }

  want(types: WantedType[]): void {
    this.post({ kind: "want", types });
  }

  /** The same stretch of the run on another axis; null if there are no rows to tell by. */
  moveRange(range: Range, from: TimeAxis, to: TimeAxis): Promise<Range | null> {
    const number = this.moves += 1;
    this.post({ kind: "move-range", number, range, from, to });
    return new Promise((resolve) => this.moved.set(number, resolve));
  }

  /** The frame that a place of the axis means; null: nobody can tell. */
  findFrame(place: number, axis: TimeAxis): Promise<number | null> {
    const number = this.moves += 1;
    this.post({ kind: "find-frame", number, place, axis });
    return new Promise((resolve) => this.frames.set(number, resolve));
  }

  private post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  private take(message: FromWorker): void {
    switch (message.kind) {
      case "frame":
        this.isAsking = false;
        this.events.onAnswer(message.answer);
        break;
      case "found": this.catalogue.discover(message.type.channel, message.type.type, message.type.fields); break;
      case "keys": this.catalogue.noteKeys(message.channel, message.type, message.keys); break;
      case "connection": this.connection.value = message.state; break;
      case "counters": this.counters.value = message.counters; break;
      case "loss": this.events.onLoss(message.loss); break;
      case "all-stored": this.allStored.value = message.isAll; break;
      case "changed": this.changes.value += 1; break;
      case "failure": this.events.onFailure(message.failure); break;
      case "found-frame":
        this.frames.get(message.number)?.(message.frame);
        this.frames.delete(message.number);
        break;
      case "moved-range":
        this.moved.get(message.number)?.(message.range);
        this.moved.delete(message.number);
        break;
    }
  }
}
