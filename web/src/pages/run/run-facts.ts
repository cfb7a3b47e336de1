// What is known of a run beside its name: in the fold of its page. Facts, counters of each stage, configuration.

import { element, setAttribute, setText } from "../../base/dom";
import { formatBytes, formatCount, formatRate } from "../../format/numbers";
import { formatDuration, formatExact, formatRelative } from "../../format/times";
import { indentJson } from "../../wire/exact-json";
import { isStorageOff } from "../../wire/readiness";
import { eventsUnderway, RunDetail, sourcesOf, WriterInfo } from "../../wire/run-types";
import { runSeconds } from "../status";
import { counts } from "./rejected-lines";

/** How far a stage is behind the engine, over all writers. */
export function bytesBehind(writers: readonly WriterInfo[], mark: "live" | "spooled" | "stored"): number {
  return writers.reduce((sum, writer) => sum + Math.max(0, writer.head - writer[mark]), 0);
}

const sizeWords = "On the database's disk, about: each stored event counts as the mean of its table";
const backlogBytesMin = 64 * 1024;

export class RunFacts {
  readonly element: HTMLElement;
  /** NaN: not known. */
  bytesOnDisk = NaN;
  private readonly facts = element("dl", { class: "facts" });
  private readonly tiles = new Map<string, { value: HTMLElement; detail: HTMLElement; tile: HTMLElement }>();
  private readonly tileRow = element("dl", { class: "tiles" });
  private readonly ofAll = element("p", { class: "tiles-note", hidden: true });
  private readonly configText = element("code");
  private readonly config = element(
    "details", { class: "run-config", "data-testid": "config", hidden: true },
    element("summary", {}, "Configuration"), element("pre", { tabindex: "0" }, this.configText),
  );
  private readonly size = element("span", { "data-testid": "size" });
  private readonly sizeRequest: HTMLElement;
  private shownFacts = "";
  private shownConfig = "";

  constructor(private readonly sourceId: string, onSize: () => void) {
    this.sizeRequest = element("button", {
      type: "button", class: "button-quiet", "data-testid": "size-sql", title: "The query and request behind this size", click: onSize,
    }, "SQL");
    this.element = element("div", { class: "run-facts", "data-testid": "run-facts" }, this.facts, this.ofAll, this.tileRow, this.config);
  }

  show(run: RunDetail, end: { frame: number; simTime: number } | null, nowMs: number): void {
    const sources = sourcesOf(run).length;
    this.showFacts(run, end, nowMs);
    this.ofAll.hidden = sources < 2;
    setText(this.ofAll, `Events of all ${sources} sources`);
    const rate = run.status === "running" ? `${formatRate(run.ratePerSecond)} /s` : "events";
    this.tile("Accepted", formatCount(run.accepted), rate, false);
    this.tile("Refused", formatCount(run.refused), counts(run.refusedByReason) || "events", run.refused > 0);
    this.tile("Lost", formatCount(run.lost), counts(run.lostByReason) || "events", run.lost > 0);
    this.tile("Live", ...behind(run.writers, "live"), false);
    const isOff = isStorageOff();
    this.tile("Spooled", ...(isOff ? storageOff : behind(run.writers, "spooled")), false);
    this.tile("Stored", ...(isOff ? storageOff : stored(run)), false);
    this.config.hidden = run.config === "" || run.config === "{}";
    if (run.config === this.shownConfig) return;
    this.shownConfig = run.config;
    setText(this.configText, indentJson(run.config));
  }

  private showFacts(run: RunDetail, end: { frame: number; simTime: number } | null, nowMs: number): void {
    const facts: [name: string, value: string, title: string][] = [
      ["Source", this.sourceId || run.sourceId, ""],
      ["Started", formatRelative(run.startedMs, nowMs), formatExact(run.startedMs)],
      ["Duration", formatDuration(runSeconds(run, nowMs)), "Wall time"],
      ["Sim time", end ? `${end.simTime.toFixed(2)} s` : "", end ? `Frame ${formatCount(end.frame)}` : ""],
      ["Engine", run.engineVersion, ""],
      ["Seed", run.seed, ""],
      ["End reason", run.endReason, ""],
      ["Late events", run.lateEvents > 0 ? formatCount(run.lateEvents) : "", "Accepted behind run.end"],
      ["Name", run.name, ""],
      ["Note", run.note, ""],
      ["Size", Number.isNaN(this.bytesOnDisk) ? "" : `≈ ${formatBytes(this.bytesOnDisk)}`, sizeWords],
      ["Tags", run.tags.map(([key, value]) => `${key}=${value}`).join("  "), ""],
    ];
    const present = facts.filter(([, value]) => value !== "");
    const names = present.map(([name]) => name).join();
    if (names !== this.shownFacts) {
      this.shownFacts = names;
      this.facts.replaceChildren(...present.map(([name]) => element("div", {}, element("dt", {}, name),
        name === "Size" ? element("dd", {}, this.size, this.sizeRequest) : element("dd"))));
    }
    present.forEach(([name, value, title], place) => {
      const cell = name === "Size" ? this.size : this.facts.children[place]?.lastElementChild;
      if (!cell) return;
      setText(cell, value);
      if (title !== "") setAttribute(cell, "title", title);
    });
  }

  private tile(name: string, amount: string, explanation: string, isAlarm: boolean): void {
    let found = this.tiles.get(name);
    if (!found) {
      const value = element("dd", { class: "tile-value" });
      const detail = element("dd", { class: "tile-detail" });
      found = { value, detail, tile: element("div") };
      setAttribute(found.tile, "data-testid", `counter-${name.toLowerCase()}`);
      found.tile.append(element("dt", {}, name), found.value, found.detail);
      this.tiles.set(name, found);
      this.tileRow.append(found.tile);
    }
    setText(found.value, amount);
    setText(found.detail, explanation);
    setAttribute(found.detail, "title", explanation);
    found.tile.classList.toggle("alarm", isAlarm);
  }
}

function behind(writers: readonly WriterInfo[], mark: "live" | "spooled"): [value: string, detail: string] {
  if (writers.length === 0) return ["–", "no writer open"];
  const bytes = bytesBehind(writers, mark);
  const names = `${writers.length} writer${writers.length === 1 ? "" : "s"}`;
  if (bytes === 0) return ["Up to date", names];
  // What is on its way between two looks of a reader is no backlog.
  if (bytes < backlogBytesMin) return ["Up to date", `${formatBytes(bytes)} on their way`];
  return [formatBytes(bytes), `behind, ${names}`];
}

const storageOff: [value: string, detail: string] = ["–", "storage is off"];

function stored(run: RunDetail): [value: string, detail: string] {
  const waiting = eventsUnderway(run);
  const liveOnly = run.unstored > 0 ? `${formatCount(run.unstored)} live only` : "events";
  return [formatCount(run.stored), waiting > 0 ? `${formatCount(waiting)} on their way` : liveOnly];
}
