// Posted lines that were no events: nothing to see where there are none.

import { element, setText } from "../../base/dom";
import { formatCount } from "../../format/numbers";
import { formatExact } from "../../format/times";
import { RunDetail } from "../../wire/run-types";

/** "bad-run-id 2, invalid-json 1" */
export function counts(named: readonly [name: string, count: number][]): string {
  return named.map(([name, count]) => `${name} ${formatCount(count)}`).join(", ");
}

export class RejectedLines {
  readonly element: HTMLDetailsElement;
  private readonly summary = element("summary");
  private readonly rows = element("tbody");
  private shown = "";

  constructor() {
    const heads = ["At", "Line", "Code", "Message"].map((name) => element("th", { scope: "col" }, name));
    this.element = element(
      "details", { class: "rejected-lines", "data-testid": "rejected-lines", hidden: true },
      this.summary, element("table", {}, element("thead", {}, element("tr", {}, ...heads)), this.rows),
      element("p", {}, "Lines of POSTs to /api/ingest that are no events. They are not part of the counts above."),
    );
  }

  show(run: RunDetail): void {
    const total = run.rejectedByCode.reduce((sum, [, count]) => sum + count, 0);
    this.element.hidden = total === 0;
    if (total === 0) return;
    setText(this.summary, `${formatCount(total)} rejected ${total === 1 ? "line" : "lines"}: ${counts(run.rejectedByCode)}`);
    const now = JSON.stringify(run.rejectedLines);
    if (now === this.shown) return;
    this.shown = now;
    const newestFirst = [...run.rejectedLines].reverse();
    this.rows.replaceChildren(...newestFirst.map(({ atMs, line, code, message }) => element(
      "tr", {}, ...[formatExact(atMs), formatCount(line), code, message].map((text) => element("td", {}, text)),
    )));
  }
}
