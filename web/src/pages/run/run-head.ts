// The top of a run's page: one line with what it is, red words below it if events are missing, and a fold with the rest.

import { element, setAttribute, setHidden, setText } from "../../base/dom";
import { formatCount } from "../../format/numbers";
import { formatDuration } from "../../format/times";
import { counts, RejectedLines } from "./rejected-lines";
import { eventsUnderway, RunDetail, sourcesOf } from "../../wire/run-types";
import { isStorageOff } from "../../wire/readiness";
import { runPath } from "../route";
import { runSeconds, statusMark } from "../status";
import { RunFacts } from "./run-facts";

/** How far the source that is shown has come; null: not known yet. */
export interface ShownEnd {
  frame: number;
  simTime: number;
}

export class RunHead {
  readonly element: HTMLElement;
  private readonly title: HTMLElement;
  /** Beside a name. */
  private readonly id = element("span", { class: "run-title-id", "data-testid": "run-id", hidden: true });
  private readonly actions = element("span", { class: "run-head-actions" });
  private readonly status = element("span", { class: "run-status" });
  private readonly source = element("span", { class: "run-source", "data-testid": "source" });
  private readonly frames = element("span", { class: "run-fact", "data-testid": "frames" });
  private readonly duration = element("span", { class: "run-fact", title: "Wall time", "data-testid": "duration" });
  private readonly reason = element("span", { class: "run-reason", "data-testid": "end-reason" });
  private readonly chip = element("span", { class: "counter-chip", "data-testid": "counter-chip" });
  private readonly alarm = element("p", { class: "counter-alarm", role: "status", "data-testid": "counter-alarm", hidden: true });
  private readonly warnings = element("p", { class: "run-warnings", role: "status", "data-testid": "run-warnings", hidden: true });
  private readonly rejected = new RejectedLines();
  private readonly facts: RunFacts;
  private readonly more: HTMLButtonElement;
  private shownStatus = "";
  private shownSources = "";

  /** @param onSize shows how the size on disk was found */
  constructor(runId: string, private readonly sourceId: string, onSize: () => void) {
    this.facts = new RunFacts(sourceId, onSize);
    this.more = element("button", {
      type: "button", class: "button-quiet", "data-testid": "run-details", "aria-expanded": "false", click: () => this.fold(),
    }, "Details");
    this.title = element("h1", { "data-testid": "run-title" }, runId);
    this.element = element(
      "section", { class: "run-overview" },
      element(
        "div", { class: "run-title" },
        element("a", { href: "/", "data-link": true, class: "quiet-link" }, "Runs"), element("span", { class: "crumb" }, "/"),
        this.title, this.id,
        this.status, this.source, this.frames, this.duration, this.reason, element("span", { class: "spacer" }), this.chip, this.actions, this.more,
      ),
      this.alarm, this.warnings, this.rejected.element, this.facts.element,
    );
    this.facts.element.hidden = true;
  }

  /** NaN: not known. */
  showSize(bytesOnDisk: number): void {
    this.facts.bytesOnDisk = bytesOnDisk;
  }

  addActions(actions: HTMLElement): void {
    this.actions.replaceChildren(actions);
  }

  /** @param end of the source that is shown: the run's own numbers are those of all its sources */
  show(run: RunDetail, end: ShownEnd | null, nowMs: number): void {
    setText(this.title, run.name || run.runId);
    setAttribute(this.title, "title", run.name || run.runId);
    setText(this.id, run.runId);
    this.id.hidden = run.name === "";
    if (run.status !== this.shownStatus) {
      this.status.replaceChildren(statusMark(run.status));
      this.shownStatus = run.status;
    }
    const sources = sourcesOf(run);
    const shown = sources.length > 1 ? end : { frame: run.lastFrame, simTime: run.lastSimTime };
    this.showSources(run, sources);
    setText(this.frames, shown ? `frame ${formatCount(shown.frame)}` : "");
    setAttribute(this.frames, "title", shown ? `Newest frame, at ${shown.simTime.toFixed(2)} s of simulated time` : "");
    setText(this.duration, formatDuration(runSeconds(run, nowMs)));
    setText(this.reason, run.endReason);
    setAttribute(this.reason, "title", run.endReason);
    this.reason.classList.toggle("is-bad", run.status === "failed");
    this.showCounters(run, sources.length);
    const warnings = [...run.warnings, ...beyondWords(run.eventsBeyond32Bits)];
    setHidden(this.warnings, warnings.length === 0);
    setText(this.warnings, warnings.map((words) => `${words.slice(0, 1).toUpperCase()}${words.slice(1)}.`).join(" "));
    this.rejected.show(run);
    this.facts.show(run, shown, nowMs);
  }

  private fold(): void {
    const isOpen = this.more.getAttribute("aria-expanded") === "true";
    setAttribute(this.more, "aria-expanded", String(!isOpen));
    this.facts.element.hidden = isOpen;
  }

  /** Programs that take part in the same run: a page shows one of them, the menu leads to the others. */
  private showSources(run: RunDetail, sources: readonly string[]): void {
    const shown = this.sourceId || run.sourceId;
    const now = JSON.stringify([shown, sources]);
    if (now === this.shownSources) return;
    this.shownSources = now;
    const others = sources.filter((source) => source !== shown);
    if (others.length === 0) {
      this.source.replaceChildren(shown);
      setAttribute(this.source, "title", `Source: ${shown}`);
      return;
    }
    const links = others.map((source) => element("li", {}, element("a", { href: runPath(run.runId, source), "data-link": true }, source)));
    const words = `Shown is ${shown}, one of ${sources.length} sources: each has frames and a clock of its own`;
    this.source.replaceChildren(element(
      "details", { class: "source-menu", "data-testid": "other-sources" }, element("summary", { title: words }, shown),
      element("div", { class: "source-list card" }, element("p", {}, "Other sources of this run"), element("ul", {}, ...links)),
    ));
  }

  /** One chip while all is well: what is wrong gets a line of its own. */
  private showCounters(run: RunDetail, sources: number): void {
    const waiting = eventsUnderway(run);
    const rate = run.status === "running" ? ` · ${formatCount(run.ratePerSecond)} /s` : "";
    const words = isStorageOff() ? `${formatCount(run.accepted)} events${rate}`
      : waiting > 0 ? `${formatCount(run.stored)} stored, ${formatCount(waiting)} to come${rate}`
      : run.unstored > 0 ? `${formatCount(run.stored)} stored, ${formatCount(run.unstored)} live only${rate}` : `${formatCount(run.stored)} stored ✓${rate}`;
    setText(this.chip, (sources > 1 ? "All sources: " : "") + words);
    setAttribute(this.chip, "title", `${formatCount(run.accepted)} events accepted, ${formatCount(run.stored)} stored`
      + (waiting > 0 ? `; ${formatCount(waiting)} are on their way to storage` : "")
      + (run.unstored > 0 ? `; ${formatCount(run.unstored)} came while the collector stored nothing` : "") + (sources > 1 ? `; of all ${sources} sources of the run` : ""));
    setAttribute(this.chip, "data-accepted", String(run.accepted));
    const alarms = [
      alarmWords(run.refused, "refused", run.refusedByReason, "never taken from the engine"),
      alarmWords(run.lost, "lost", run.lostByReason, "taken, but not to be stored"),
    ].filter(Boolean);
    setHidden(this.alarm, alarms.length === 0);
    setText(this.alarm, alarms.join(" · "));
  }
}

/** The page shows them; who goes to the database by the narrow view misses them. */
function beyondWords(events: number): string[] {
  if (events === 0) return [];
  const words = events === 1 ? "1 stored event has a frame" : `${formatCount(events)} stored events have frames`;
  return [`${words} above 4,294,967,295, which the view telemetry_events cannot show: in SQL, telemetry_events_64 has all of them`];
}

function alarmWords(count: number, word: string, byReason: readonly [string, number][], meaning: string): string {
  if (count === 0) return "";
  return `${formatCount(count)} ${count === 1 ? "event" : "events"} ${word}: ${counts(byReason) || meaning}`;
}
