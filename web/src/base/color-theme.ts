// Light or dark: what the user has chosen, and what holds.

import { KeptChoice } from "./kept-choice";
import { Lifetime } from "./lifetime";
import { Signal } from "./signal";

export type ThemeChoice = "system" | "light" | "dark";
export const themeChoices: readonly ThemeChoice[] = ["system", "light", "dark"];

export const themeChoice = new KeptChoice<ThemeChoice>(
  "teltel-theme", "system", (text) => themeChoices.find((choice) => choice === text) ?? null, (choice) => choice,
);
/** The theme in force; the style sheet has changed when its readers are called. */
export const themeInForce = new Signal<"light" | "dark">("light");

/** Sets the theme and follows the user, other tabs and the system. To be called before anything is shown. */
export function startTheme(lifetime: Lifetime): void {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const isDark = themeChoice.value === "dark" || (themeChoice.value === "system" && system.matches);
    document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
    themeInForce.value = isDark ? "dark" : "light";
  };
  themeChoice.start(lifetime);
  lifetime.add(themeChoice.signal.subscribe(apply));
  system.addEventListener("change", apply);
  lifetime.add(() => system.removeEventListener("change", apply));
}
