// Light or dark: what the user has chosen, and what holds. Kept in this browser; other tabs follow.

import { Lifetime } from "./lifetime";
import { Signal } from "./signal";

export type ThemeChoice = "system" | "light" | "dark";
export const themeChoices: readonly ThemeChoice[] = ["system", "light", "dark"];

const storageKey = "teltel-theme";

export const themeChoice = new Signal<ThemeChoice>("system");
/** The theme in force; the style sheet has changed when its readers are called. */
export const themeInForce = new Signal<"light" | "dark">("light");

function isChoice(text: string | null): text is ThemeChoice {
  return themeChoices.includes(text as ThemeChoice);
}

function readChoice(): ThemeChoice {
  try {
    const kept = localStorage.getItem(storageKey);
    return isChoice(kept) ? kept : "system";
  } catch {
    // The browser keeps nothing for this page.
    return "system";
  }
}

/** Holds in all tabs, and the next time. */
export function chooseTheme(choice: ThemeChoice): void {
  try {
    localStorage.setItem(storageKey, choice);
  } catch {
    // It then holds for this tab alone.
  }
  themeChoice.value = choice;
}

/** Sets the theme and follows the user, other tabs and the system. To be called before anything is shown. */
export function startTheme(lifetime: Lifetime): void {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const isDark = themeChoice.value === "dark" || (themeChoice.value === "system" && system.matches);
    document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
    themeInForce.value = isDark ? "dark" : "light";
  };
  themeChoice.value = readChoice();
  lifetime.add(themeChoice.subscribe(apply));
  system.addEventListener("change", apply);
  lifetime.add(() => system.removeEventListener("change", apply));
  lifetime.listen("storage", (event) => {
    if (event.key === storageKey || event.key === null) themeChoice.value = readChoice();
  });
}
