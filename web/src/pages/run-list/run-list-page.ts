// The list of all runs: asks the collector each second, storage now and then.

import { element, setText } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { formatCount } from "../../format/numbers";
import { ApiError, fetchRuns, fetchStoredRuns } from "../../wire/api";
import { readiness } from "../../wire/readiness";
import { RunSummary } from "../../wire/run-types";
import { errorBox, loadingBox } from "../message";
import { emptyState } from "./empty-state";
import { matchesSearch, mergeRuns, sortRuns } from "./run-order";
import { RunTable } from "./run-table";

const pollMs = 1000;
const storedPollMs = 30_000;
const daysBack = 30;
/** More rows than anybody reads; the search finds the others. */
const rowsMax = 500;

export function runListPage(lifetime: Lifetime): HTMLElement {
  document.title = "Runs · teltel";
  const page = new RunListPage();
  lifetime.repeat(pollMs, () => page.poll());
  const pollStored = lifetime.repeat(storedPollMs, () => page.pollStored());
  lifetime.add(readiness.subscribe(pollStored));
  return page.element;
}

class RunListPage {
  readonly element: HTMLElement;
  private current: RunSummary[] | null = null;
  private stored: RunSummary[] = [];
  private storedAskedMs = -Infinity;
  private readonly table = new RunTable();
  private readonly search: HTMLInputElement;
  private readonly summary = element("p", { class: "summary", role: "status" });
  private readonly content = element("div", { class: "card table-card" });
  private readonly warning = element("div");
  private readonly nothingFound = element("p", { class: "message" }, "No run matches the search.");

  constructor() {
    this.search = element("input", {
      type: "search", placeholder: "Search runs, sources, tags", "aria-label": "Search runs", "data-testid": "run-search",
      input: () => this.render(),
    });
    this.content.append(loadingBox("Loading runs …"));
    this.element = element(
      "main", { class: "page" },
      element(
        "div", { class: "page-head" },
        element("h1", {}, "Runs"), this.summary, element("span", { class: "spacer" }), this.search,
      ),
      this.warning, this.content,
    );
  }

  async poll(): Promise<void> {
    try {
      this.current = await fetchRuns();
      this.warning.replaceChildren();
      this.render();
    } catch (error) {
      const shown = error instanceof ApiError ? error : new ApiError(0, "", String(error), "");
      const box = errorBox(this.current ? "The list is out of date" : "The runs cannot be loaded", shown);
      (this.current ? this.warning : this.content).replaceChildren(box);
    }
  }

  /** Older runs, while storage says that it is there. */
  async pollStored(): Promise<void> {
    const isReady = readiness.value?.storageState === "ok";
    if (!isReady || Date.now() - this.storedAskedMs < storedPollMs / 2) return;
    this.storedAskedMs = Date.now();
    try {
      this.stored = await fetchStoredRuns(daysBack);
      if (this.current) this.render();
    } catch {
      // Storage has just gone; the header says so, and the collector's own list is complete without it.
      this.stored = [];
    }
  }

  private render(): void {
    if (!this.current) return;
    const all = mergeRuns(this.current, this.stored);
    const running = all.filter((run) => run.status === "running").length;
    setText(this.summary, all.length === 0 ? "" : `${formatCount(all.length)} in all, ${formatCount(running)} running`);
    this.search.hidden = all.length === 0;
    if (all.length === 0) {
      if (!this.content.querySelector(".empty")) this.content.replaceChildren(emptyState());
      return;
    }
    const found = sortRuns(all.filter((run) => matchesSearch(run, this.search.value)));
    const shown = found.length === 0 ? this.nothingFound : this.table.element;
    if (this.content.firstChild !== shown) this.content.replaceChildren(shown);
    this.table.show(found.slice(0, rowsMax), Date.now());
  }
}
