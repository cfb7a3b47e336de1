// How wide the columns of the run list are: as wide as the widest text in them, so that no number is ever cut. Names and tags
// take what is left, and are shortened when it is too little. Pure; lengths in CSS pixels.

import { RunSummary } from "../../wire/run-types";
import { ColumnId, RunColumn } from "./run-columns";

/** Of a cell, both sides together; as in run-list.css. */
export const cellPadding = 16;
/** Of a title, for its arrow. */
const titleRoom = 14;
const nameMin = 200;
const tagsMin = 150;

/** Digits have one width: texts that differ in digits alone are measured once. */
export function widthPattern(text: string): string {
  return text.replace(/\d/g, "0");
}

/** What has been formatted for measuring stays with the run, until it changes. */
const patterns = new WeakMap<RunSummary, Map<ColumnId, string>>();

/** The texts of a column that differ in width, each once. */
export function columnPatterns(column: RunColumn, runs: readonly RunSummary[], nowMs: number): string[] {
  const found = new Set<string>([widthPattern(column.widest)]);
  for (const run of runs) {
    let known = patterns.get(run);
    if (!known) patterns.set(run, known = new Map());
    let pattern = known.get(column.id);
    if (pattern === undefined) known.set(column.id, pattern = widthPattern(column.text(run, nowMs)));
    found.add(pattern);
  }
  return [...found];
}

export interface MeasuredColumn {
  readonly column: RunColumn;
  /** Of its widest text, and of its title. */
  readonly textWidth: number;
  readonly titleWidth: number;
}

/** In the order of the columns. Together they are as wide as `available`, or wider if that is too little for what must not be cut. */
export function columnWidths(measured: readonly MeasuredColumn[], available: number): number[] {
  const natural = measured.map(({ column, textWidth, titleWidth }) => Math.ceil(
    Math.max(titleWidth + titleRoom, Math.min(textWidth + column.extraWidth, column.widthMax)) + cellPadding));
  const run = measured.findIndex(({ column }) => column.id === "run");
  const tags = measured.findIndex(({ column }) => column.id === "tags");
  const width = (place: number) => natural[place] ?? 0;
  const free = available - natural.reduce((sum, one, place) => (place === run || place === tags ? sum : sum + one), 0);
  const leastRun = Math.min(nameMin, width(run));
  const leastTags = Math.min(tagsMin, width(tags));
  // What is too much goes to the tags. What is missing is taken from both, in proportion, but the name has half of the room.
  const share = Math.min(width(run), Math.max(free / 2, (free * width(run)) / Math.max(1, width(run) + width(tags))));
  const forRun = tags < 0 ? Math.max(leastRun, free) : Math.max(leastRun, Math.min(Math.floor(share), free - leastTags));
  return natural.map((one, place) => (place === run ? forRun : place === tags ? Math.max(leastTags, free - forRun) : one));
}

export interface TagRoom {
  /** So many tags are shown; a word stands for the others. */
  readonly count: number;
  /** None is wider: the long ones are shortened, not all of them a little. */
  readonly widthMax: number;
}

/** All tags, if they fit when the longest are shortened to `least`; else as many as do. `more`: the word for the others. */
export function tagRoom(widths: readonly number[], available: number, { gap, least, more }: { gap: number; least: number; more: number }): TagRoom {
  for (let count = widths.length; count > 0; count -= 1) {
    const word = count < widths.length ? more + gap : 0;
    const widthMax = evenWidth(widths.slice(0, count), available - word - (count - 1) * gap);
    if (widthMax >= least || count === 1) return { count, widthMax: Math.max(0, Math.floor(widthMax)) };
  }
  return { count: 0, widthMax: 0 };
}

/** To what the widest must be cut so that all have the room; infinite if none must. */
function evenWidth(widths: readonly number[], room: number): number {
  let left = room;
  const sorted = [...widths].sort((a, b) => a - b);
  for (const [place, width] of sorted.entries()) {
    const even = left / (sorted.length - place);
    if (width > even) return even;
    left -= width;
  }
  return Infinity;
}
