// The about box: version and licences.

import { element, setText } from "../base/dom";
import { fetchLicenses, fetchVersion } from "../wire/about";
import { openDialog } from "./dialog";
import { showError } from "./toasts";

export function openAbout(): void {
  const version = element("p", { "data-testid": "about-version" }, "…");
  const licenses = element("pre", { class: "licenses", tabindex: "0", "aria-label": "Licences", "data-testid": "about-licenses" });
  openDialog({
    title: "About teltel", testId: "about", className: "about",
    content: [
      version, element("p", { class: "dialog-note" }, "Telemetry for simulation engines."),
      element("h3", {}, "Third-party software"), licenses,
    ],
  });
  fetchVersion().then(
    (text) => setText(version, text === "" ? "The collector does not say its version." : `Version ${text}`),
    (error: unknown) => {
      setText(version, "The version is not known.");
      showError(error, "The version cannot be asked for");
    },
  );
  fetchLicenses().then(
    (text) => setText(licenses, text),
    (error: unknown) => showError(error, "The licences cannot be loaded"),
  );
}
