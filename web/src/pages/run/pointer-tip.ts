// What a chart's lines are where the pointer is, next to the pointer: the values of that frame, or that there are none.

import { element, setHidden, setStyle, setText } from "../../base/dom";
import { formatCount } from "../../format/numbers";
import { formatClock, formatSimTime } from "../../format/times";
import { lineClass } from "../../plot/theme";
import { FrameAnswer, PanelAnswer } from "../../protocol/protocol";
import { showValue } from "./shown-value";

const linesMax = 8;
const distance = 14;

interface Row {
  row: HTMLElement;
  mark: HTMLElement;
  name: HTMLElement;
  value: HTMLElement;
}

export class PointerTip {
  readonly element = element("div", { class: "pointer-tip", hidden: true, "data-testid": "pointer-tip" });
  private readonly place = element("div", { class: "pointer-tip-place" });
  private readonly time = element("div", { class: "pointer-tip-time" });
  private readonly more = element("div", { class: "pointer-tip-time" });
  private readonly list = element("div", { class: "pointer-tip-lines" });
  private readonly rows: Row[] = [];

  constructor() {
    this.element.append(this.place, this.time, this.list, this.more);
  }

  hide(): void {
    setHidden(this.element, true);
  }

  /** `left`: pixels of the pointer from the plot's left edge, of `width`. */
  show(frame: FrameAnswer, answer: PanelAnswer, names: readonly string[], left: number, width: number, isWhole: boolean): void {
    const { hover } = frame;
    setHidden(this.element, hover === null);
    if (!hover) return;
    const lines = answer.lines.filter((line) => line.atPointer !== null);
    const hasValues = lines.some((line) => line.atPointer?.kind !== "none");
    setText(this.place, frame.bestAxis === "frame" ? `Frame ${formatCount(hover.frame)}` : formatSimTime(hover.simTime));
    const simTime = frame.bestAxis === "frame" && Number.isFinite(hover.simTime) ? [formatSimTime(hover.simTime)] : [];
    const wallTime = Number.isFinite(hover.wallTime) ? [formatClock(hover.wallTime)] : [];
    setText(this.time, [...simTime, ...wallTime, ...(hasValues ? [] : ["no values"])].join(" · "));
    lines.slice(0, linesMax).forEach((line, index) => {
      const row = this.rowAt(index);
      const place = answer.lines.indexOf(line);
      row.mark.className = `mark ${lineClass(place)}`;
      setText(row.name, names[place] ?? "");
      showValue(row.value, line.atPointer, isWhole);
      setHidden(row.row, false);
    });
    for (let index = lines.length; index < this.rows.length; index += 1) setHidden((this.rows[index] as Row).row, true);
    setHidden(this.more, lines.length <= linesMax);
    setText(this.more, `and ${lines.length - linesMax} more below`);
    const isLeft = left < width / 2;
    setStyle(this.element, "left", isLeft ? `${left + distance}px` : "auto");
    setStyle(this.element, "right", isLeft ? "auto" : `${width - left + distance}px`);
  }

  private rowAt(index: number): Row {
    const known = this.rows[index];
    if (known) return known;
    const [mark, name, value] = [element("span", { class: "mark" }), element("span", { class: "legend-name" }), element("span", { class: "legend-value" })];
    const made = { mark, name, value, row: element("div", { class: "pointer-tip-line", "data-testid": "pointer-tip-line" }, mark, name, value) };
    this.rows.push(made);
    this.list.append(made.row);
    return made;
  }
}
