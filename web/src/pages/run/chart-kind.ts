// Panels that draw lines over time.

import { Members } from "../../series/layout";
import { ChartPanel } from "./chart-panel";
import { chartCodec, ChartSettings, chartSettings } from "./chart-settings";
import { askForSeries, PanelKind, seriesWanted } from "./panel-kind";
import { choice, numberInput, settingRow } from "./setting-rows";

export const chartKind: PanelKind = {
  ...chartCodec,
  title: "Lines over time",
  command: { title: "Add an empty chart", keys: ["n"], isEmpty: true },
  hasTime: true,
  emptyWords: seriesWanted,
  settingRows,
  makeContent: (session, panel, gestures) => new ChartPanel(session, panel, gestures),
  ask: askForSeries,
};

function settingRows(members: Members, change: (settings: Members) => void): HTMLElement[] {
  let settings = chartSettings(members);
  const set = (part: Partial<ChartSettings>) => {
    settings = { ...settings, ...part };
    change({ ...settings });
  };
  const from = numberInput("panel-limit-from", "Lowest value", settings.fixed?.from);
  const to = numberInput("panel-limit-to", "Highest value", settings.fixed?.to);
  const limit = () => {
    const [low, high] = [from.valueAsNumber, to.valueAsNumber];
    const isRange = low < high;
    to.setCustomValidity(isRange || (Number.isNaN(low) && Number.isNaN(high)) ? "" : "Give both limits, the lower one first");
    set({ fixed: isRange ? { from: low, to: high } : null });
  };
  for (const input of [from, to]) {
    input.addEventListener("input", limit);
    input.addEventListener("change", () => to.reportValidity());
  }
  const scales: [string, string][] = [["linear", "Linear"], ["log", "Logarithmic"]];
  return [
    settingRow("Value axis", choice("panel-scale", scales, settings.scale, (scale) => set({ scale: scale === "log" ? "log" : "linear" }))),
    settingRow("Limits", from, to),
  ];
}
