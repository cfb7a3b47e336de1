// A run's status as a mark with a shape, a colour and a word: never by colour alone.

import { element, icon } from "../base/dom";
import { RunStatus } from "../wire/run-types";

const shapes: Record<RunStatus, string> = {
  running: "M4 2.5v11l9-5.5z",
  completed: "M2.5 8.5l3.5 3.5 7.5-8",
  failed: "M3.5 3.5l9 9m0-9l-9 9",
  cancelled: "M3.5 8h9",
};

export const statusWords: Record<RunStatus, string> = {
  running: "Running", completed: "Completed", failed: "Failed", cancelled: "Cancelled",
};

export function statusIcon(status: RunStatus): SVGSVGElement {
  return icon(shapes[status], status === "running" ? "icon icon-solid" : "icon");
}

export function statusMark(status: RunStatus): HTMLElement {
  const mark = element("span", { class: `status status-${status}`, "data-testid": "status", "data-status": status });
  mark.append(statusIcon(status), statusWords[status]);
  return mark;
}

/** Seconds from start to end, to `nowMs` while it runs; NaN if unknown. */
export function runSeconds(run: { status: RunStatus; startedMs: number; endedMs: number }, nowMs: number): number {
  return ((run.status === "running" ? nowMs : run.endedMs) - run.startedMs) / 1000;
}
