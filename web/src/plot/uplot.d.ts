// The part of uPlot 1.6.16 that this UI uses. The library is a script of its own that defines one global.

interface UPlotSeries {
  scale?: string;
  stroke?: string;
  width?: number;
  /** Null: nothing is drawn, the lines are drawn by a hook. */
  paths?: () => null;
  points?: { show: boolean };
}

interface UPlotAxis {
  scale?: string;
  /** 0 top, 1 right, 2 bottom, 3 left. */
  side?: number;
  label?: string;
  labelSize?: number;
  labelGap?: number;
  labelFont?: string;
  stroke?: () => string;
  grid?: { show?: boolean; stroke?: () => string; width?: number };
  ticks?: { stroke: () => string; width: number; size: number };
  font?: string;
  size?: number | ((self: UPlot, values: string[] | null, axisIndex: number, cycle: number) => number);
  gap?: number;
  space?: number;
  incrs?: number[];
  values?: (self: UPlot, splits: (number | null)[], axisIndex: number, space: number, increment: number) => (string | null)[];
}

interface UPlotScale {
  time?: boolean;
  /** 1 linear, 3 logarithmic. */
  distr?: number;
  range?: (self: UPlot, min: number | null, max: number | null) => [number, number];
}

interface UPlotOptions {
  width: number;
  height: number;
  series: UPlotSeries[];
  axes: UPlotAxis[];
  scales: Record<string, UPlotScale>;
  legend: { show: boolean };
  cursor: {
    x: boolean;
    y: boolean;
    drag: { x: boolean; y: boolean; setScale: boolean; dist: number };
    points: { show: boolean };
    bind: Record<string, (self: UPlot, target: HTMLElement, handler: (event: MouseEvent) => null) => ((event: MouseEvent) => null) | null>;
  };
  hooks: Record<string, ((self: UPlot) => void)[]>;
  padding?: (number | null)[];
}

declare class UPlot {
  constructor(options: UPlotOptions, data: unknown[], target: HTMLElement);
  readonly cursor: { left: number; top: number };
  readonly select: { left: number; width: number };
  readonly over: HTMLElement;
  readonly ctx: CanvasRenderingContext2D;
  /** The plot without axes, in canvas pixels. */
  readonly bbox: { left: number; top: number; width: number; height: number };
  readonly scales: Record<string, { min: number; max: number }>;
  readonly width: number;
  readonly height: number;
  setData(data: unknown[], resetScales: boolean): void;
  setScale(name: string, limits: { min: number; max: number }): void;
  setSize(size: { width: number; height: number }): void;
  setSelect(box: { left: number; top: number; width: number; height: number }, fire: boolean): void;
  posToVal(position: number, scale: string): number;
  valToPos(value: number, scale: string, canvasPixels?: boolean): number;
  batch(task: () => void): void;
  redraw(rebuildPaths?: boolean, recalcAxes?: boolean): void;
  destroy(): void;
}

declare const uPlot: typeof UPlot;
