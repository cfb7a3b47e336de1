// What the inside of a panel is to its frame, whichever kind it is.

import { FrameAnswer, PanelAnswer } from "../../protocol/protocol";
import { Panel } from "../../series/layout";

export interface PanelContent {
  readonly element: HTMLElement;
  /** Pixels of the plot's width; 0: only values are drawn. */
  readonly columns: number;
  /** The same panel with other series or looks. */
  update(panel: Panel): void;
  draw(answer: PanelAnswer, frame: FrameAnswer, nowMs: number): void;
  resize(): void;
  destroy(): void;
}
