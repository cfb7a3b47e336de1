// The list of all runs. What is searched, filtered and sorted stands in the URL.

import { element, setText } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { formatCount } from "../../format/numbers";
import { registerCommand } from "../../shell/commands";
import { ApiError } from "../../wire/http";
import { readiness } from "../../wire/readiness";
import { RunSummary } from "../../wire/run-types";
import { errorBox, loadingBox } from "../message";
import { navigatedEvent } from "../route";
import { emptyState } from "./empty-state";
import { ListFilters } from "./list-filters";
import { emptyQuery, formatListQuery, isFiltering, ListQuery, nextSort, parseListQuery } from "./list-query";
import { askToDelete, openRunNotes } from "./run-dialogs";
import { listRows, matchesQuery, sortRuns } from "./run-order";
import { RunStore } from "./run-store";
import { RunTable } from "./run-table";

const pollMs = 1000;
const store = new RunStore();

export function runListPage(lifetime: Lifetime): HTMLElement {
  document.title = "Runs · teltel";
  return new RunListPage(lifetime).element;
}

class RunListPage {
  readonly element: HTMLElement;
  private query = parseListQuery(location.search);
  private readonly closed = new Set<string>();
  private isOutOfDate = true;
  private readonly poll: () => void;
  private readonly filters: ListFilters;
  private readonly table: RunTable;
  private readonly summary = element("p", { class: "summary", role: "status" });
  private readonly content = element("div", { class: "card run-card" });
  private readonly warning = element("div");
  private readonly nothingFound = element(
    "div", { class: "message" }, element("p", {}, "No run matches."),
    element("p", {}, element("button", { type: "button", class: "button", click: () => this.choose(emptyQuery) }, "Show all runs")),
  );

  constructor(private readonly lifetime: Lifetime) {
    this.filters = new ListFilters({
      choose: (change) => this.choose(change), type: (search) => this.type(search), goToList: () => this.table.focus(),
    });
    this.table = new RunTable({
      sortBy: (column) => this.choose({ sort: nextSort(this.query.sort, column) }),
      toggleGroup: (key) => this.toggleGroup(key),
      filterByTag: (tag) => this.choose({ tags: [...this.query.tags.filter((other) => other !== tag), tag] }),
      edit: (run) => this.edit(run),
      remove: (run) => this.remove(run),
    }, lifetime);
    this.content.append(loadingBox("Loading runs …"));
    this.element = element(
      "main", { class: "page run-list-page", id: "content", tabindex: "-1" },
      element("div", { class: "page-head" }, element("h1", {}, "Runs"), this.summary), this.filters.element, this.warning, this.content,
    );
    // It keeps its place while nobody knows whether there is anything to filter: the list must not jump.
    this.filters.element.classList.add("is-waiting");
    this.addCommands();
    const reread = () => {
      if (location.pathname !== "/" && location.pathname !== "/index.html") return;
      this.query = parseListQuery(location.search);
      this.render(true);
    };
    lifetime.listen("popstate", reread);
    window.addEventListener(navigatedEvent, reread);
    lifetime.add(() => window.removeEventListener(navigatedEvent, reread));
    if (store.isLoaded) this.render(true);
    this.poll = lifetime.repeat(pollMs, () => this.ask());
    lifetime.add(readiness.subscribe(() => void this.askStorage()));
  }

  private addCommands(): void {
    const section = "Run list";
    const chosen = () => this.table.chosenRun;
    const withChosen = (act: (run: RunSummary) => void) => () => {
      const run = chosen();
      if (run) act(run);
    };
    const isChosen = () => chosen() !== null;
    const add = (id: string, title: string, keys: string[], run: () => void, isEnabled?: () => boolean) =>
      registerCommand(this.lifetime, { id: `runs.${id}`, title, section, keys, run, ...(isEnabled ? { isEnabled } : {}) });
    add("search", "Search runs", ["/"], () => this.filters.focusSearch());
    add("list", "Go to the list", ["l"], () => this.table.focus());
    add("edit", "Name the chosen run, or note something", ["e"], withChosen((run) => this.edit(run)), isChosen);
    add("delete", "Delete the chosen run", ["Delete"], withChosen((run) => this.remove(run)), isChosen);
    add("reset", "Show all runs: no search, no filter", [], () => this.choose(emptyQuery), () => formatListQuery(this.query) !== "");
  }

  private edit(run: RunSummary): void {
    openRunNotes(run, this.poll);
  }

  private remove(run: RunSummary): void {
    void askToDelete(run, () => {
      store.forget(run.runId);
      this.render(true);
      this.poll();
    });
  }

  private toggleGroup(key: string): void {
    if (!this.closed.delete(key)) this.closed.add(key);
    this.render(true);
  }

  // Where the user is

  private choose(change: Partial<ListQuery>): void {
    this.query = { ...this.query, ...change };
    const url = `/${formatListQuery(this.query)}`;
    if (url !== location.pathname + location.search) history.pushState(null, "", url);
    this.render(true);
  }

  /** All that is typed in one go is one step of the history. */
  private type(search: string): void {
    this.query = { ...this.query, search };
    const state = { isTyping: true };
    const url = `/${formatListQuery(this.query)}`;
    if ((history.state as { isTyping?: boolean } | null)?.isTyping) history.replaceState(state, "", url);
    else history.pushState(state, "", url);
    this.render(true);
  }

  // What there is to show

  private async ask(): Promise<void> {
    try {
      const isNew = await store.poll();
      this.warning.replaceChildren();
      this.render(isNew);
    } catch (error) {
      const shown = error instanceof ApiError ? error : new ApiError(0, "", String(error), "");
      const box = errorBox(store.isLoaded ? "The list is out of date" : "The runs cannot be loaded", shown);
      (store.isLoaded ? this.warning : this.content).replaceChildren(box);
    }
  }

  private async askStorage(): Promise<void> {
    if (await store.pollStored()) this.render(true);
  }

  /** `isNew`: other runs or another query than at the last time. Otherwise only times move. */
  private render(isNew: boolean): void {
    this.isOutOfDate ||= isNew;
    if (!store.isLoaded || this.lifetime.isOver) return;
    const { runs } = store;
    this.filters.element.hidden = runs.length === 0;
    this.filters.element.classList.remove("is-waiting");
    if (runs.length === 0) {
      setText(this.summary, "");
      if (!this.content.querySelector(".empty")) this.content.replaceChildren(emptyState());
      return;
    }
    if (!this.isOutOfDate) {
      this.table.refresh();
      return;
    }
    this.isOutOfDate = false;
    this.filters.show(this.query, runs);
    const found = sortRuns(runs.filter((run) => matchesQuery(run, this.query)), this.query.sort, Date.now());
    setText(this.summary, summaryText(runs, found.length, isFiltering(this.query)));
    const shown = found.length === 0 ? this.nothingFound : this.table.element;
    if (this.content.firstChild !== shown) this.content.replaceChildren(shown);
    this.table.show(listRows(found, this.query.group, this.closed), this.query.sort);
  }
}

function summaryText(runs: readonly RunSummary[], found: number, isFiltered: boolean): string {
  if (isFiltered) return `${formatCount(found)} of ${formatCount(runs.length)}`;
  const running = runs.reduce((sum, run) => sum + Number(run.status === "running"), 0);
  return `${formatCount(runs.length)} in all, ${formatCount(running)} running`;
}
