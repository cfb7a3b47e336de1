// The bar on top of each page: the way home, and whether the collector and its storage can be reached.

import { element, icon, setAttribute, setText } from "../base/dom";
import { Lifetime } from "../base/lifetime";
import { Readiness } from "../wire/api";
import { readiness, watchReadiness } from "../wire/readiness";
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
  const connection = element("span", { class: "link-state", role: "status", "data-testid": "connection" });
  const storage = element("span", { class: "link-state", "data-testid": "storage-state" });
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
    element("a", { class: "brand", href: "/", "data-link": true }, icon(logoPath, "icon logo"), "teltel"),
    element("span", { class: "spacer" }),
    storage, connection,
    element(
      "button", { type: "button", class: "button-quiet", title: "Find a command (Ctrl+K)", "data-testid": "open-palette", click: openPalette },
      "Commands",
    ),
    element("button", { type: "button", class: "button-quiet", title: "Show all keys (?)", "data-testid": "open-help", click: openHelp }, "Keys"),
    element("a", { class: "quiet-link", href: "/licenses.txt" }, "Licences"),
  );
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
  setText(place, words.text);
}
