// One line of a panel: which series and instance it is, and the rows that it is made of.

import { TextSample } from "../protocol/protocol";
import { SeriesId } from "../protocol/series-id";
import { Rows } from "./rows";

/** Rows of one line; stored ones first. */
export interface Part {
  rows: Rows;
  column: number;
  /** Rows of earlier frames are not part of it. */
  from: number;
}

export interface Line {
  /** Index into the panel's series. */
  series: number;
  id: SeriesId;
  key: string;
  parts: Part[];
  /** The first frame that comes from memory; Infinity: none does. */
  joinFrame: number;
  /** A text instead of rows. */
  text?: TextSample;
}
