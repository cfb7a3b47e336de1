// What of the run list is kept in the URL: search, filters, order, groups. Pure.

import { RunStatus } from "../../wire/run-types";
import { statusWords } from "../status";
import { ColumnId, findColumn } from "./run-columns";

export const runStatuses: readonly RunStatus[] = ["running", "completed", "failed", "cancelled"];

export interface SortOrder {
  readonly column: ColumnId;
  readonly isDescending: boolean;
}

export interface ListQuery {
  readonly search: string;
  /** None: all. */
  readonly statuses: readonly RunStatus[];
  /** "key=value"; a run must have all of them. */
  readonly tags: readonly string[];
  /** Null: running ones on top, then the newest first. */
  readonly sort: SortOrder | null;
  /** The tag to group by, "" for none. */
  readonly group: string;
}

export const emptyQuery: ListQuery = { search: "", statuses: [], tags: [], sort: null, group: "" };

/** Reads what `formatListQuery` writes; leaves out what it does not know. */
export function parseListQuery(text: string): ListQuery {
  const parameters = new URLSearchParams(text);
  const named = (parameters.get("status") ?? "").split(",");
  return {
    search: parameters.get("q") ?? "",
    statuses: runStatuses.filter((status) => named.includes(status)),
    tags: [...new Set(parameters.getAll("tag").filter((tag) => tag.includes("=")))],
    sort: parseSort(parameters.get("sort") ?? ""),
    group: parameters.get("group") ?? "",
  };
}

function parseSort(text: string): SortOrder | null {
  const isDescending = text.startsWith("-");
  const column = findColumn(isDescending ? text.slice(1) : text);
  return column ? { column: column.id, isDescending } : null;
}

/** With "?" in front; "" for the plain list. */
export function formatListQuery({ search, statuses, tags, sort, group }: ListQuery): string {
  const parts: string[] = [];
  if (search !== "") parts.push(`q=${encodeURIComponent(search)}`);
  if (statuses.length > 0) parts.push(`status=${statuses.join(",")}`);
  for (const tag of tags) parts.push(`tag=${encodeURIComponent(tag)}`);
  if (sort) parts.push(`sort=${sort.isDescending ? "-" : ""}${sort.column}`);
  if (group !== "") parts.push(`group=${encodeURIComponent(group)}`);
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/** The order after a click on a column's title: numbers begin with the largest, texts with A; the third click ends it. */
export function nextSort(sort: SortOrder | null, column: ColumnId): SortOrder | null {
  const beginsDescending = findColumn(column)?.isNumber ?? false;
  if (sort?.column !== column) return { column, isDescending: beginsDescending };
  return sort.isDescending === beginsDescending ? { column, isDescending: !beginsDescending } : null;
}

export function isFiltering({ search, statuses, tags }: ListQuery): boolean {
  return search.trim() !== "" || statuses.length > 0 || tags.length > 0;
}

/** What a run must be to be found, a line each. */
export function filterWords({ search, statuses, tags }: ListQuery): string[] {
  const words: string[] = [];
  if (search.trim() !== "") words.push(`Search: ${search.trim()}`);
  if (statuses.length > 0) words.push(`Status: ${statuses.map((status) => statusWords[status].toLowerCase()).join(" or ")}`);
  for (const tag of tags) words.push(`Tag: ${tag}`);
  return words;
}

/** In, if it is out, and out, if it is in. */
export function toggled<T>(values: readonly T[], value: T): T[] {
  return values.includes(value) ? values.filter((other) => other !== value) : [...values, value];
}
