// The part of uPlot 1.6.16 that this UI uses. The library is a script of its own that defines one global.

interface UPlotSeries {
  label?: string;
  scale?: string;
  stroke?: string | (() => string);
  width?: number;
  dash?: number[];
  points?: { show: boolean };
  /** Whole pixels (the default) or fractions of them. */
  pxAlign?: number;
}

interface UPlotAxis {
  stroke?: () => string;
  grid?: { stroke: () => string; width: number };
  ticks?: { stroke: () => string; width: number; size: number };
  font?: string;
  size?: number | ((self: UPlot, values: string[] | null, axisIndex: number, cycle: number) => number);
  gap?: number;
  space?: number;
  values?: (self: UPlot, splits: number[], axisIndex: number, space: number, increment: number) => string[];
}

interface UPlotOptions {
  width: number;
  height: number;
  series: UPlotSeries[];
  axes: UPlotAxis[];
  scales: Record<string, { time?: boolean; range?: (self: UPlot, min: number | null, max: number | null) => [number, number] }>;
  legend: { show: boolean };
  cursor: {
    y: boolean;
    drag: { x: boolean; y: boolean; setScale: boolean; dist: number };
    sync: { key: string; scales: [string, null]; setSeries: boolean };
    points: { size: number };
    bind: { dblclick: (self: UPlot) => () => null };
  };
  hooks: Record<string, ((self: UPlot) => void)[]>;
  padding?: (number | null)[];
}

declare class UPlot {
  constructor(options: UPlotOptions, data: unknown[], target: HTMLElement);
  readonly cursor: { left: number; top: number };
  readonly select: { left: number; width: number };
  readonly over: HTMLElement;
  readonly width: number;
  readonly height: number;
  setData(data: unknown[], resetScales: boolean): void;
  setScale(name: string, limits: { min: number; max: number }): void;
  setSize(size: { width: number; height: number }): void;
  setSelect(box: { left: number; top: number; width: number; height: number }, fire: boolean): void;
  posToVal(position: number, scale: string): number;
  batch(task: () => void): void;
  redraw(rebuildPaths?: boolean): void;
  destroy(): void;
}

declare const uPlot: typeof UPlot;
