// How high the rows of the run list are. The style sheet takes its lines from here, too: see run-list.css. Pure.

import { Density } from "../../base/density";
import { endedBadly } from "./run-columns";
import { ListRow } from "./run-order";

export interface ListMetrics {
  /** Of a row with one line, the title row and the heads of groups. */
  readonly rowHeight: number;
  /** Of a run that says below its name why it ended. */
  readonly reasonHeight: number;
  /** Of a run on a phone, where it has two lines and no columns. */
  readonly cardHeight: number;
}

const metrics: Record<Density, ListMetrics> = {
  compact: { rowHeight: 28, reasonHeight: 45, cardHeight: 54 },
  comfortable: { rowHeight: 38, reasonHeight: 58, cardHeight: 62 },
};

export function listMetrics(density: Density): ListMetrics {
  return metrics[density];
}

export interface RowLook {
  readonly isCards: boolean;
  /** The end reason has a column: it needs no line. */
  readonly hasReasonColumn: boolean;
}

export function heightOf(row: ListRow, { rowHeight, reasonHeight, cardHeight }: ListMetrics, { isCards, hasReasonColumn }: RowLook): number {
  if (row.kind === "group") return rowHeight;
  if (isCards) return cardHeight;
  return !hasReasonColumn && endedBadly(row.run) ? reasonHeight : rowHeight;
}
