// What of a chart can be set, as layouts and URLs have it.

import { Range } from "../../protocol/protocol";
import { Members, usualKind } from "../../series/layout";
import { formatRange, PanelCodec, readRange } from "../../series/layout-codec";

export interface ChartSettings {
  readonly scale: "linear" | "log";
  /** Fixed limits of the value axes; null: as the values need. */
  readonly fixed: Range | null;
}

/** Of any members: what is missing or makes no sense is as usual. */
export function chartSettings(members: Members): ChartSettings {
  const { from, to } = (members["fixed"] ?? {}) as Record<string, unknown>;
  const fixed = { from: Number(from), to: Number(to) };
  return { scale: members["scale"] === "log" ? "log" : "linear", fixed: fixed.from < fixed.to ? fixed : null };
}

function unusual({ scale, fixed }: ChartSettings): Members {
  return { ...(scale === "log" ? { scale } : {}), ...(fixed ? { fixed } : {}) };
}

export const chartCodec: PanelCodec = {
  name: usualKind,
  readMembers: (members) => unusual(chartSettings(members)),
  writeMembers: (settings) => ({ ...chartSettings(settings) }),
  readOptions: (options) => unusual({
    scale: options.includes("log") ? "log" : "linear",
    fixed: options.filter((option) => option.startsWith("y=")).map((option) => readRange(option.slice(2))).find((range) => range !== null) ?? null,
  }),
  writeOptions: (settings) => {
    const { scale, fixed } = chartSettings(settings);
    return [...(scale === "log" ? ["log"] : []), ...(fixed ? [`y=${formatRange(fixed)}`] : [])];
  },
};
