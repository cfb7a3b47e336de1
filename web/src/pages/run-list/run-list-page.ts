// The list of all runs. What is searched, filtered and sorted stands in the URL. The newest runs are shown at once; older ones are
// loaded when the user scrolls to them, or asks for something that only all runs can answer.

import { element, setText } from "../../base/dom";
import { EverMoreSeldom } from "../../base/ever-more-seldom";
import { Lifetime } from "../../base/lifetime";
import { navigatedEvent } from "../../base/navigation";
import { formatCount } from "../../format/numbers";
import { Command, describeGestures, registerCommand } from "../../shell/commands";
import { ApiError } from "../../wire/http";
import { isLoggedOut, readiness } from "../../wire/readiness";
import { RunSummary } from "../../wire/run-types";
import { errorBox, loadingBox } from "../message";
import { askToDelete, openRunNotes } from "../run-dialogs";
import { chosenColumns, openColumnChooser } from "./column-chooser";
import { emptyState } from "./empty-state";
import { ListFilters } from "./list-filters";
import { emptyQuery, filterWords, formatListQuery, isFiltering, ListQuery, nextSort, parseListQuery } from "./list-query";
import { shownColumns } from "./run-columns";
import { listRows, matchesQuery, sortRuns } from "./run-order";
import { RunStore } from "./run-store";
import { RunTable, TablePlace } from "./run-table";

const pollMs = 1000;
const store = new RunStore();
/** Who comes back from a run finds the list as it was left: the row, the place, the groups that were closed. */
const closedGroups = new Set<string>();
const place: TablePlace = { chosenKey: null, scrollTop: 0 };

export function runListPage(lifetime: Lifetime): HTMLElement {
  document.title = "Runs · teltel";
  return new RunListPage(lifetime).element;
}

class RunListPage {
  readonly element: HTMLElement;
  private query = parseListQuery(location.search);
  private isOutOfDate = true;
  private isRefused = false;
  /** The next part of the older runs, or all of them. */
  private wantsMore = false;
  private wantsAll = false;
  private readonly refusals = new EverMoreSeldom(pollMs);
  private readonly poll: () => void;
  private readonly filters: ListFilters;
  private readonly table: RunTable;
  private readonly summary = element("p", { class: "summary", role: "status" });
  private readonly content = element("div", { class: "card run-card" });
  private readonly warning = element("div");
  private readonly columnsButton = element(
    "button", { type: "button", class: "button choose-columns", "data-testid": "choose-columns", click: openColumnChooser }, "Columns",
  );
  private readonly searching = loadingBox("Looking through older runs …");
  private readonly filterList = element("ul", { class: "filter-list" });
  private readonly nothingFound = element(
    "div", { class: "message", "data-testid": "nothing-found" }, element("p", {}, "No run matches."), this.filterList,
    element("p", {}, element("button", { type: "button", class: "button", click: () => this.choose(emptyQuery) }, "Show all runs")),
  );

  constructor(private readonly lifetime: Lifetime) {
    this.filters = new ListFilters({
      choose: (change) => this.choose(change), type: (search) => this.type(search), goToList: () => this.table.focus(),
      enter: () => this.wantAll(),
    });
    this.table = new RunTable({
      sortBy: (column) => this.choose({ sort: nextSort(this.query.sort, column) }),
      toggleGroup: (key) => this.toggleGroup(key),
      filterByTag: (tag) => this.choose({ tags: [...this.query.tags.filter((other) => other !== tag), tag] }),
      edit: (run) => this.edit(run),
      remove: (run) => this.remove(run),
      nearEnd: () => this.wantMore(),
      goToEnd: () => this.wantAll(),
    }, place, lifetime);
    this.content.append(loadingBox("Loading runs …"));
    this.element = element(
      "main", { class: "page run-list-page", id: "content", tabindex: "-1" },
      element(
        "div", { class: "list-top" }, element("div", { class: "page-head" }, element("h1", {}, "Runs"), this.summary),
        this.filters.element, this.columnsButton,
      ), this.warning, this.content,
    );
    // It keeps its place while nobody knows whether there is anything to filter: the list must not jump.
    this.filters.element.classList.add("is-waiting");
    this.addCommands();
    const reread = () => {
      if (location.pathname !== "/" && location.pathname !== "/index.html") return;
      this.query = parseListQuery(location.search);
      this.renderQuery();
    };
    lifetime.listen("popstate", reread);
    window.addEventListener(navigatedEvent, reread);
    lifetime.add(() => window.removeEventListener(navigatedEvent, reread));
    lifetime.add(chosenColumns.signal.subscribe(() => this.render(true)));
    if (store.isLoaded) this.render(true);
    this.poll = lifetime.repeat(pollMs, () => this.ask());
    lifetime.add(readiness.subscribe(() => {
      void this.askStorage();
      // Somebody has logged in.
      if (this.isRefused && readiness.value && !isLoggedOut()) this.poll();
    }));
  }

  private addCommands(): void {
    const section = "Run list";
    const chosen = () => this.table.chosenRun;
    const withChosen = (act: (run: RunSummary) => void) => () => {
      const run = chosen();
      if (run) act(run);
    };
    const onlyChosen = { isEnabled: () => chosen() !== null, condition: "once a run is chosen" };
    const add = (id: string, title: string, keys: string[], run: (key?: string) => void, more: Partial<Command> = {}) =>
      registerCommand(this.lifetime, { id: `runs.${id}`, title, section, keys, run, ...more });
    const goOn = (key?: string) => this.table.takeKey(key);
    add("search", "Search runs", ["/"], () => this.filters.focusSearch());
    add("list", "Go to the list", ["l"], () => this.table.focus());
    add("move", "Choose the next run, or the one before", ["ArrowDown", "ArrowUp"], goOn);
    add("page", "A page down or up", ["PageDown", "PageUp"], goOn);
    add("ends", "Choose the first run, or the last", ["Home", "End"], goOn);
    add("open", "Open the chosen run", ["Enter"], () => void this.table.act("Enter"), onlyChosen);
    add("edit", "Name the chosen run, or note something", ["e"], withChosen((run) => this.edit(run)), onlyChosen);
    add("delete", "Delete the chosen run", ["Delete"], withChosen((run) => this.remove(run)), onlyChosen);
    add("reset", "Show all runs: no search, no filter", [], () => this.choose(emptyQuery), { isEnabled: () => formatListQuery(this.query) !== "" });
    add("columns", "Choose the columns of the list", [], openColumnChooser);
    describeGestures(this.lifetime, [
      { section, gesture: "Click", title: "Open a run, or filter by a tag" },
      { section, gesture: "Click on a title", title: "Sort by it; again: turn round; again: back to the usual order" },
      { section, gesture: "Ctrl and click", title: "Open a run in a tab of its own" },
    ]);
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
    if (!closedGroups.delete(key)) closedGroups.add(key);
    this.render(true);
  }

  // Where the user is

  private choose(change: Partial<ListQuery>): void {
    this.query = { ...this.query, ...change };
    const url = `/${formatListQuery(this.query)}`;
    if (url !== location.pathname + location.search) history.pushState(null, "", url);
    this.renderQuery();
  }

  /** All that is typed in one go is one step of the history. */
  private type(search: string): void {
    this.query = { ...this.query, search };
    const state = { isTyping: true };
    const url = `/${formatListQuery(this.query)}`;
    if ((history.state as { isTyping?: boolean } | null)?.isTyping) history.replaceState(state, "", url);
    else history.pushState(state, "", url);
    this.renderQuery();
  }

  private renderQuery(): void {
    this.render(true);
    if (this.needsAll && !store.isWhole) this.poll();
  }

  // What there is to show

  private wantMore(): void {
    if (store.isWhole || this.wantsMore) return;
    this.wantsMore = true;
    // The table says so while it draws: not in the middle of that.
    queueMicrotask(() => this.poll());
  }

  private wantAll(): void {
    if (this.wantsAll || store.isWhole) return;
    this.wantsAll = true;
    this.poll();
  }

  /** Searched, filtered, sorted and grouped are all runs. */
  private get needsAll(): boolean {
    const { sort, group } = this.query;
    return this.wantsAll || isFiltering(this.query) || sort !== null || group !== "";
  }

  private async ask(): Promise<number | void> {
    try {
      const isNew = await store.poll();
      this.isRefused = false;
      this.refusals.reset();
      this.warning.replaceChildren();
      this.render(isNew);
      void this.askStorage();
      while (!store.isWhole && (this.wantsMore || this.needsAll) && !this.lifetime.isOver) {
        await store.loadOlder();
        // The table says it again if it still lacks rows.
        this.wantsMore = false;
        this.render(true);
      }
    } catch (error) {
      const shown = error instanceof ApiError ? error : new ApiError(0, "", String(error), "");
      const box = errorBox(store.isLoaded ? "The list is out of date" : "The runs cannot be loaded", shown);
      (store.isLoaded ? this.warning : this.content).replaceChildren(box);
      // Without a login the answer stays the same.
      this.isRefused = shown.status === 401;
      if (this.isRefused) return this.refusals.next();
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
    this.filters.element.hidden = this.columnsButton.hidden = runs.length === 0;
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
    this.filters.show(this.query, runs, store.isWhole);
    this.showFilterWords();
    const found = sortRuns(runs.filter((run) => matchesQuery(run, this.query)), this.query.sort, Date.now());
    setText(this.summary, this.summaryText(runs, found.length));
    const nothing = store.isWhole ? this.nothingFound : this.searching;
    const shown = found.length === 0 ? nothing : this.table.element;
    if (this.content.firstChild !== shown) this.content.replaceChildren(shown);
    const { group, sort } = this.query;
    const columns = shownColumns(chosenColumns.value, sort?.column ?? null);
    this.table.show({ rows: listRows(found, group, closedGroups), runs, columns, sort, group });
  }

  private summaryText(runs: readonly RunSummary[], found: number): string {
    const known = formatCount(runs.length);
    if (isFiltering(this.query)) return `${formatCount(found)} of ${known}${store.isWhole ? "" : " so far; looking through older ones …"}`;
    const running = `${formatCount(runs.reduce((sum, run) => sum + Number(run.status === "running"), 0))} running`;
    if (store.isWhole) return `${known} in all, ${running}`;
    return this.needsAll ? `${known} so far; older ones are coming …` : `${known} loaded, ${running}; scroll down for older ones`;
  }

  /** What keeps runs out, where none is left. */
  private showFilterWords(): void {
    const words = filterWords(this.query);
    this.filterList.replaceChildren(...words.map((text) => element("li", {}, text)));
  }
}
