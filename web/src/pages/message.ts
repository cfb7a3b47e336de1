// Boxes for what is not there: loading, failed, empty.

import { element } from "../base/dom";
import { ApiError } from "../wire/api";

export function loadingBox(text: string): HTMLElement {
  return element("div", { class: "message", role: "status", "data-testid": "loading" }, element("p", {}, text));
}

/** For a collector with a token; its own hint speaks to programs as well. */
export const loginHint =
  "Where the collector runs, type `teltel login-url --token-file FILE` with its token file, and open the URL that it prints.";

export function errorBox(title: string, error: ApiError): HTMLElement {
  const isLogin = error.status === 401;
  const hint = isLogin ? loginHint : error.hint;
  return element(
    "div", { class: "message message-error", role: "alert", "data-testid": "error" },
    element("h2", {}, isLogin ? "You are not logged in" : title),
    !isLogin && element("p", {}, error.message),
    hint !== "" && element("p", { class: "hint" }, hint),
    // By the collector's own page, which leads back to here.
    isLogin && element("p", { class: "message-login" }, element("a", { class: "button", href: loginPath() }, "Log in")),
  );
}

function loginPath(): string {
  return `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
}

/** A run that the collector does not know, and the ways on from there. */
export function unknownRunBox(runId: string, lookAgain: () => void): HTMLElement {
  return element(
    "div", { class: "message", role: "alert", "data-testid": "error" },
    element("h2", {}, "There is no such run"),
    element("p", {}, "The collector does not know ", element("code", {}, runId), ". It has not begun yet, or it was deleted."),
    element(
      "p", { class: "message-ways" }, element("a", { href: "/", "data-link": true, class: "button" }, "All runs"),
      element("button", { type: "button", class: "button", "data-testid": "look-again", click: lookAgain }, "Look again"),
    ),
  );
}
