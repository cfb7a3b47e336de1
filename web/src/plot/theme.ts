// Colours of the charts. They live in the style sheet; canvas cannot read it, so they are looked up once per theme.

import { themeInForce } from "../base/color-theme";
import { Signal } from "../base/signal";

export interface ChartTheme {
  axis: string;
  grid: string;
  loss: string;
  lines: string[];
}

const lineColours = 8;

function readTheme(): ChartTheme {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    axis: colour("--chart-axis"),
    grid: colour("--chart-grid"),
    loss: colour("--bad"),
    lines: Array.from({ length: lineColours }, (_, index) => colour(`--line-${index + 1}`)),
  };
}

let theme: Signal<ChartTheme> | null = null;

/** The colours of the theme in force. */
export function chartTheme(): Signal<ChartTheme> {
  if (theme) return theme;
  const made = new Signal(readTheme());
  themeInForce.subscribe(() => { made.value = readTheme(); });
  theme = made;
  return made;
}

/** The class that colours a legend's mark like line `index`. Beyond the palette the dashes differ, not the colours. */
export function lineClass(index: number): string {
  return `line-${(index % lineColours) + 1}${index >= lineColours ? " line-dashed" : ""}`;
}

export function lineColour(index: number): string {
  const colours = chartTheme().value.lines;
  return colours[index % colours.length] ?? "";
}

/** Undefined = drawn through. */
export function lineDash(index: number): number[] | undefined {
  const round = Math.floor(index / lineColours);
  return round === 0 ? undefined : [2 + 2 * round, 3];
}
