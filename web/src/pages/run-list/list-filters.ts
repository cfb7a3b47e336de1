// The bar above the run list: search, status, tags, groups; on a phone, where no titles can be clicked, the order, too.

import { element, setAttribute, setText } from "../../base/dom";
import { formatCount } from "../../format/numbers";
import { RunStatus, RunSummary } from "../../wire/run-types";
import { statusWords } from "../status";
import { ListQuery, nextSort, runStatuses, toggled } from "./list-query";
import { findColumn, runColumns } from "./run-columns";
import { frequentTags, matchesQuery, tagKeys } from "./run-order";

const tagsOffered = 200;

export interface FilterActions {
  /** A choice: a step of its own in the browser's history. */
  choose: (change: Partial<ListQuery>) => void;
  type: (search: string) => void;
  /** From the search down into the list. */
  goToList: () => void;
  /** The user has come to the filters and is about to choose among all runs. */
  enter: () => void;
}

export class ListFilters {
  readonly element: HTMLElement;
  private readonly search: HTMLInputElement;
  private readonly statuses = new Map<RunStatus, HTMLButtonElement>();
  private readonly tag: HTMLInputElement;
  private readonly tagComplaint = element("span", { class: "field-complaint", role: "alert", id: "tag-complaint", "data-testid": "tag-complaint" });
  private readonly tagOffers = element("datalist", { id: "tag-offers" });
  private readonly chosenTags = element("span", { class: "chosen-tags" });
  private readonly group: HTMLSelectElement;
  private readonly sort: HTMLSelectElement;
  private query: ListQuery | null = null;
  private runs: readonly RunSummary[] | null = null;

  constructor(private readonly actions: FilterActions) {
    this.search = element("input", {
      type: "search", placeholder: "Search ( / )", "aria-label": "Search runs", "data-testid": "run-search", autocomplete: "off",
      spellcheck: "false", input: () => actions.type(this.search.value), keydown: (event) => this.press(event as KeyboardEvent),
    });
    for (const status of runStatuses) {
      this.statuses.set(status, element("button", {
        type: "button", class: "toggle", "aria-pressed": "false", "data-testid": `filter-${status}`,
        click: () => actions.choose({ statuses: toggled(this.query?.statuses ?? [], status) }),
      }));
    }
    this.tag = element("input", {
      type: "text", list: "tag-offers", placeholder: "Tag, as key=value", "aria-label": "Filter by tag", "data-testid": "filter-tag",
      autocomplete: "off", "aria-describedby": "tag-complaint", change: () => this.addTag(), input: () => this.complain(""),
    });
    this.group = element("select", {
      "data-testid": "group-by", "aria-label": "Group by tag", change: () => actions.choose({ group: this.group.value }),
    });
    this.sort = element("select", {
      class: "sort-by", "data-testid": "sort-by", "aria-label": "Order", change: () => {
        const column = findColumn(this.sort.value);
        actions.choose({ sort: column ? nextSort(null, column.id) : null });
      },
    }, element("option", { value: "" }, "Running, then newest"), ...runColumns.map(({ id, title }) => element("option", { value: id }, `By ${title.toLowerCase()}`)));
    this.element = element(
      "div", { class: "list-filters", role: "search" },
      this.search, element("span", { class: "toggles", role: "group", "aria-label": "Status" }, ...this.statuses.values()),
      this.tag, this.tagOffers, this.group, this.sort, this.chosenTags, this.tagComplaint,
    );
    this.element.addEventListener("focusin", actions.enter);
  }

  focusSearch(): void {
    this.search.focus();
    this.search.select();
  }

  /** `isWhole`: these are all runs, and not the newest only with those that are running. */
  show(query: ListQuery, runs: readonly RunSummary[], isWhole: boolean): void {
    if (this.search.value !== query.search) this.search.value = query.search;
    this.showStatuses(query, runs, isWhole);
    if (runs !== this.runs) this.setOptions(this.tagOffers, frequentTags(runs, tagsOffered).map((tag): [string, string] => [tag, tag]));
    this.sort.value = query.sort?.column ?? "";
    for (const [status, button] of this.statuses) setAttribute(button, "aria-pressed", String(query.statuses.includes(status)));
    if (query.tags.join("\n") !== this.query?.tags.join("\n")) this.showTags(query.tags);
    if (runs !== this.runs || query.group !== this.query?.group) this.showGroups(runs, query.group);
    this.query = query;
    this.runs = runs;
  }

  /** How many runs a button would find beside what is searched and filtered already. */
  private showStatuses(query: ListQuery, runs: readonly RunSummary[], isWhole: boolean): void {
    const found = runs.filter((run) => matchesQuery(run, { ...query, statuses: [] }));
    for (const [status, button] of this.statuses) {
      const count = found.reduce((sum, run) => sum + Number(run.status === status), 0);
      const isExact = isWhole || status === "running";
      setText(button, `${statusWords[status]} ${formatCount(count)}${isExact ? "" : "+"}`);
    }
  }

  private showTags(tags: readonly string[]): void {
    this.chosenTags.replaceChildren(...tags.map((tag) => element(
      "button", {
        type: "button", class: "tag tag-chosen", title: "Take this filter away", "data-testid": "chosen-tag",
        click: () => this.actions.choose({ tags: toggled(this.query?.tags ?? [], tag) }),
      }, tag, element("span", { "aria-hidden": "true" }, " ×"), element("span", { class: "for-screen-readers" }, ", take away"),
    )));
  }

  private showGroups(runs: readonly RunSummary[], chosen: string): void {
    const keys = tagKeys(runs);
    // The URL may name one that no run has, yet.
    if (chosen !== "" && !keys.includes(chosen)) keys.push(chosen);
    this.setOptions(this.group, [["", "No groups"], ...keys.map((key): [string, string] => [key, `Group by ${key}`])]);
    this.group.value = chosen;
    this.group.hidden = keys.length === 0;
    this.tag.hidden = keys.length === 0;
  }

  /** Not touched while it stays the same: an open list would close. */
  private setOptions(place: HTMLElement, options: [value: string, text: string][]): void {
    const text = JSON.stringify(options);
    if (place.dataset["options"] === text) return;
    place.dataset["options"] = text;
    place.replaceChildren(...options.map(([value, shown]) => element("option", { value }, shown)));
  }

  private addTag(): void {
    const tag = this.tag.value.trim();
    if (tag === "") return;
    if (!tag.includes("=")) {
      const known = frequentTags(this.runs ?? [], tagsOffered).find((offer) => offer.split(/=(.*)/s).includes(tag));
      this.complain(`A tag is key=value${known ? `, for example ${known}` : ""}. The search finds “${tag}” anywhere.`);
      return;
    }
    this.tag.value = "";
    if (!this.query?.tags.includes(tag)) this.actions.choose({ tags: [...(this.query?.tags ?? []), tag] });
  }

  /** What is wrong with the tag that was typed; "": nothing. */
  private complain(words: string): void {
    setText(this.tagComplaint, words);
    setAttribute(this.tag, "aria-invalid", String(words !== ""));
  }

  private press(event: KeyboardEvent): void {
    if (event.key !== "ArrowDown" && event.key !== "Enter") return;
    event.preventDefault();
    this.actions.goToList();
  }
}
