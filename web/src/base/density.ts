// How much room lines and rows have: compact shows more at once, comfortable is easier to hit and to read.

import { KeptChoice } from "./kept-choice";
import { Lifetime } from "./lifetime";

export type Density = "compact" | "comfortable";
export const densities: readonly Density[] = ["compact", "comfortable"];

export const density = new KeptChoice<Density>(
  "teltel-density", "compact", (text) => densities.find((choice) => choice === text) ?? null, (choice) => choice,
);

/** Says on the document which one holds, where style sheets read it. To be called before anything is shown. */
export function startDensity(lifetime: Lifetime): void {
  density.start(lifetime);
  lifetime.add(density.signal.subscribe((choice) => { document.documentElement.dataset["density"] = choice; }));
}
