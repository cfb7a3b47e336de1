// The top of a run's page: what it is, and where its events are now.

import { element, setAttribute, setText } from "../../base/dom";
import { formatBytes, formatCount, formatRate } from "../../format/numbers";
import { formatDuration, formatExact, formatRelative } from "../../format/times";
import { RejectedLines, counts } from "./rejected-lines";
import { RunDetail, sourcesOf, WriterInfo } from "../../wire/run-types";
import { isStorageOff } from "../../wire/readiness";
import { runPath } from "../route";
import { runSeconds, statusMark } from "../status";

/** How far a stage is behind the engine, over all writers. */
export function bytesBehind(writers: readonly WriterInfo[], mark: "live" | "spooled" | "stored"): number {
  return writers.reduce((sum, writer) => sum + Math.max(0, writer.head - writer[mark]), 0);
}

const sizeWords = "On the database's disk, about: each stored event counts as the mean of its table";
const backlogBytesMin = 64 * 1024;

export class RunHead {
  readonly element: HTMLElement;
  private readonly title: HTMLElement;
  /** Beside a name. */
  private readonly id = element("span", { class: "run-title-id", "data-testid": "run-id", hidden: true });
  private readonly titleRow = element("div", { class: "run-title" });
  private readonly status = element("span");
  private readonly facts = element("dl", { class: "facts" });
  private readonly tiles = new Map<string, { value: HTMLElement; detail: HTMLElement; tile: HTMLElement }>();
  private readonly tileRow = element("dl", { class: "tiles" });
  private readonly rejected = new RejectedLines();
  private readonly configText = element("code");
  private readonly config = element(
    "details", { class: "run-config", "data-testid": "config", hidden: true },
    element("summary", {}, "Configuration"), element("pre", { tabindex: "0" }, this.configText),
  );
  private shownFacts = "";
  private shownStatus = "";

  private readonly others = element("p", { class: "other-sources", "data-testid": "other-sources", hidden: true });
  private shownOthers = "";
  private readonly size = element("span", { "data-testid": "size" });
  private readonly sizeRequest: HTMLElement;
  private bytesOnDisk = NaN;

  /** @param onSize shows how the size on disk was found */
  constructor(runId: string, private readonly sourceId: string, onSize: () => void) {
    this.sizeRequest = element("button", {
      type: "button", class: "button-quiet", "data-testid": "size-sql", title: "The query and request behind this size", click: onSize,
    }, "SQL");
    this.title = element("h1", { "data-testid": "run-title" }, runId);
    this.titleRow.append(
      element("a", { href: "/", "data-link": true, class: "quiet-link" }, "Runs"), element("span", { class: "crumb" }, "/"),
      this.title, this.id, this.status,
    );
    this.element = element(
      "section", { class: "run-overview" }, this.titleRow,
      this.facts, this.others, this.config, this.tileRow, this.rejected.element,
    );
  }

  /** NaN: not known. */
  showSize(bytesOnDisk: number): void {
    this.bytesOnDisk = bytesOnDisk;
  }

  addActions(actions: HTMLElement): void {
    this.titleRow.append(actions);
  }

  show(run: RunDetail, nowMs: number): void {
    setText(this.title, run.name || run.runId);
    setText(this.id, run.runId);
    this.id.hidden = run.name === "";
    if (run.status !== this.shownStatus) {
      this.status.replaceChildren(statusMark(run.status));
      this.shownStatus = run.status;
    }
    this.showFacts(run, nowMs);
    this.showSources(run);
    const rate = run.status === "running" ? `${formatRate(run.ratePerSecond)} /s` : "events";
    this.tile("Accepted", formatCount(run.accepted), rate, false);
    this.tile("Refused", formatCount(run.refused), counts(run.refusedByReason) || "events", run.refused > 0);
    this.tile("Lost", formatCount(run.lost), counts(run.lostByReason) || "events", run.lost > 0);
    this.tile("Live", ...behind(run.writers, "live"), false);
    const isOff = isStorageOff();
    this.tile("Spooled", ...(isOff ? storageOff : behind(run.writers, "spooled")), false);
    this.tile("Stored", ...(isOff ? storageOff : stored(run)), false);
    this.rejected.show(run);
    this.config.hidden = run.config === "" || run.config === "{}";
    setText(this.configText, this.config.hidden ? "" : prettyJson(run.config));
  }

  /** Programs that take part in the same run: a page shows one of them. */
  private showSources(run: RunDetail): void {
    const others = sourcesOf(run).filter((source) => source !== (this.sourceId || run.sourceId));
    if (others.join("\n") === this.shownOthers) return;
    this.shownOthers = others.join("\n");
    this.others.hidden = others.length === 0;
    const links = others.map((source) => element("a", { href: runPath(run.runId, source), "data-link": true }, source));
    this.others.replaceChildren("Other sources of this run: ", ...links.flatMap((link, place) => (place === 0 ? [link] : [", ", link])));
  }

  private showFacts(run: RunDetail, nowMs: number): void {
    const facts: [name: string, value: string, title: string][] = [
      ["Source", this.sourceId || run.sourceId, ""],
      ["Started", formatRelative(run.startedMs, nowMs), formatExact(run.startedMs)],
      ["Duration", formatDuration(runSeconds(run, nowMs)), "Wall time"],
      ["Sim time", `${run.lastSimTime.toFixed(2)} s`, `Frame ${formatCount(run.lastFrame)}`],
      ["Engine", run.engineVersion, ""],
      ["Seed", run.seed, ""],
      ["End reason", run.endReason, ""],
      ["Late events", run.lateEvents > 0 ? formatCount(run.lateEvents) : "", "Accepted behind run.end"],
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
  const waiting = run.accepted - run.stored - run.lost;
  return [formatCount(run.stored), waiting > 0 ? `${formatCount(waiting)} on their way` : "events"];
}

/** Indented, if it is JSON; engines may give any text. */
function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
