// What the inside of a panel is to its frame, whichever kind it is.

import { Hold } from "../../plot/pointer";
import { FrameAnswer, PanelAnswer, Range } from "../../protocol/protocol";
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

/** What is done in it that moves what it shows. */
export interface PanelGestures {
  /** A stretch that this panel is to show; null: back to what all panels show. */
  onRange: (range: Range | null) => void;
  onZoom: (shown: Range, at: number, factor: number) => void;
  onPan: (shown: Range, share: number) => void;
  onHold: () => Hold;
}
