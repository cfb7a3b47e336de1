// The bar on top of each page: the way home, and whether the collector and its storage can be reached.

import { ThemeChoice, themeChoice, themeChoices } from "../base/color-theme";
import { densities, Density, density } from "../base/density";
import { element, icon, setAttribute, setText } from "../base/dom";
import { Lifetime } from "../base/lifetime";
import { Readiness } from "../wire/api";
import { readiness, watchReadiness } from "../wire/readiness";
import { openAbout } from "../shell/about";
import { openHelp } from "../shell/help";
import { openPalette } from "../shell/palette";
import { loginHint } from "./message";

const logoPath = "M1 9.5h3l2-6 3 9 2-5 1 2h3";

interface Words {
  level: "good" | "busy" | "bad" | "off";
  text: string;
  detail: string;
}

export function appHeader(lifetime: Lifetime): HTMLElement {
  const connection = element("span", { class: "link-state", role: "status", "data-testid": "connection" }, element("span"));
  const storage = element("span", { class: "link-state", "data-testid": "storage-state" }, element("span"));
  show(connection, { level: "busy", text: "Connecting", detail: "" });
  storage.hidden = true;
  lifetime.add(readiness.subscribe((answer) => {
    const isLoggedOut = answer?.status === "login-required";
    storage.hidden = !answer || isLoggedOut;
    if (answer === undefined) return;
    if (answer === null) {
      show(connection, { level: "bad", text: "No connection", detail: "The collector does not answer. Trying again." });
    } else if (isLoggedOut) {
      show(connection, { level: "bad", text: "Not logged in", detail: loginHint });
    } else {
      show(connection, { level: "good", text: "Connected", detail: "The collector answers." });
      show(storage, storageWords(answer));
    }
  }));
  watchReadiness(lifetime);
  return element(
    "header", { class: "app-header" },
    element("a", { class: "brand", href: "/", "data-link": true }, icon(logoPath, "icon logo"), element("span", {}, "teltel")),
    element("span", { class: "spacer" }),
    storage, connection, tools(lifetime),
  );
}

function tools(lifetime: Lifetime): HTMLElement {
  return element(
    "span", { class: "header-tools", role: "group", "aria-label": "Tools" },
    tool("Commands", "Find a command (Ctrl+K)", "M4 4.5l3.5 3.5L4 11.5M8.5 12H13", "open-palette", openPalette),
    tool("Keys", "Keys and mouse (?)", "M1.5 4.5h13v7h-13zM4 7h.1M6.7 7h.1M9.3 7h.1M12 7h.1M5 9.3h6", "open-help", openHelp),
    densityTool(lifetime), themeTool(lifetime),
    tool("About", "Version and licences", "M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M8 7.5v3.5M8 5h.1", "open-about", openAbout),
  );
}

function tool(name: string, title: string, path: string, testId: string, act: () => void): HTMLButtonElement {
  return element(
    "button", { type: "button", class: "header-tool", title, "aria-label": name, "data-testid": testId, click: act }, icon(path),
  );
}

const themeLooks: Record<ThemeChoice, { name: string; path: string }> = {
  system: { name: "as the system", path: "M2 3h12v8H2zM6 13.5h4" },
  light: { name: "light", path: "M8 5.2a2.8 2.8 0 1 0 0 5.6a2.8 2.8 0 1 0 0-5.6M8 1v1.3M8 13.7V15M1 8h1.3M13.7 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1" },
  dark: { name: "dark", path: "M12.8 9.6A5.5 5.5 0 0 1 6.4 3.2a5.5 5.5 0 1 0 6.4 6.4z" },
};

/** Goes round the choices; says which one holds. */
function themeTool(lifetime: Lifetime): HTMLElement {
  const button = tool("", "", "", "theme", () => {
    const next = themeChoices[(themeChoices.indexOf(themeChoice.value) + 1) % themeChoices.length];
    if (next) themeChoice.choose(next);
  });
  lifetime.add(themeChoice.signal.subscribe((choice) => {
    const { name, path } = themeLooks[choice];
    button.replaceChildren(icon(path));
    setAttribute(button, "aria-label", `Colours: ${name}`);
    setAttribute(button, "title", `Colours: ${name}`);
  }));
  return button;
}

const densityLooks: Record<Density, { name: string; path: string }> = {
  compact: { name: "compact", path: "M2 3h12M2 6.3h12M2 9.7h12M2 13h12" },
  comfortable: { name: "comfortable", path: "M2 3.5h12M2 8h12M2 12.5h12" },
};

/** Goes round the choices; says which one holds. */
function densityTool(lifetime: Lifetime): HTMLElement {
  const button = tool("", "", "", "density", () => {
    const next = densities[(densities.indexOf(density.value) + 1) % densities.length];
    if (next) density.choose(next);
  });
  lifetime.add(density.signal.subscribe((choice) => {
    const { name, path } = densityLooks[choice];
    button.replaceChildren(icon(path));
    setAttribute(button, "aria-label", `Rows: ${name}`);
    setAttribute(button, "title", `Rows: ${name}`);
  }));
  return button;
}

function storageWords(answer: Readiness): Words {
  const detail = answer.storageDetail;
  switch (answer.storageState) {
    case "ok": return { level: "good", text: "Storage", detail: detail || "ClickHouse answers." };
    case "connecting": return { level: "busy", text: "Storage connecting", detail };
    case "off": return { level: "off", text: "Storage off", detail: detail || "Live only: nothing is kept after a run." };
    default: return { level: "bad", text: "Storage failed", detail };
  }
}

function show(place: HTMLElement, words: Words): void {
  setAttribute(place, "data-level", words.level);
  setAttribute(place, "title", words.detail);
  setText(place.firstElementChild as Element, words.text);
}
