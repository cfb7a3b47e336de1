// Boxes for what is not there: loading, failed, empty.

import { element } from "../base/dom";
import { ApiError } from "../wire/api";

export function loadingBox(text: string): HTMLElement {
  return element("div", { class: "message", role: "status", "data-testid": "loading" }, element("p", {}, text));
}

export function errorBox(title: string, error: ApiError): HTMLElement {
  return element(
    "div", { class: "message message-error", role: "alert", "data-testid": "error" },
    element("h2", {}, title),
    element("p", {}, error.message),
    error.hint !== "" && element("p", { class: "hint" }, error.hint),
  );
}
