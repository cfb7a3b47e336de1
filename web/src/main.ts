// Starts the UI: header, and the page that the URL names.

import { startTheme } from "./base/color-theme";
import { startDensity } from "./base/density";
import { element } from "./base/dom";
import { Lifetime } from "./base/lifetime";
import { navigate, navigatedEvent, queryChangedEvent } from "./base/navigation";
import { appHeader } from "./pages/app-header";
import { parseRoute } from "./pages/route";
import { chosenColumns } from "./pages/run-list/column-chooser";
import { runListPage } from "./pages/run-list/run-list-page";
import { runPage } from "./pages/run/run-page";
import { startShell } from "./shell/shell";

let pageLifetime = new Lifetime();

function makePage(lifetime: Lifetime): HTMLElement {
  const route = parseRoute(location.pathname, location.search);
  switch (route.page) {
    case "list": return runListPage(lifetime);
    case "run": return runPage(route.runId, route.sourceId, lifetime);
    case "unknown": return element(
      "main", { class: "page" },
      element("div", { class: "message" }, element("h2", {}, "There is no such page"),
        element("p", {}, element("a", { href: "/", "data-link": true }, "All runs"))),
    );
  }
}

/** Links marked `data-link` change the page without loading it again, unless the user wants a new tab. */
function followLink(event: MouseEvent): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[data-link]") : null;
  if (!link) return;
  event.preventDefault();
  navigate(link.getAttribute("href") ?? "/");
}

/** The first thing that the Tab key reaches: past the header, to the page's own content. */
function skipLink(place: HTMLElement): HTMLElement {
  const skip = (event: Event) => {
    event.preventDefault();
    const main = place.querySelector("main");
    main?.setAttribute("tabindex", "-1");
    main?.focus();
  };
  return element("a", { class: "skip-link", href: "#content", click: skip }, "Skip to the content");
}

function start(host: HTMLElement): void {
  const place = element("div", { class: "page-place" });
  const everLifetime = new Lifetime();
  startTheme(everLifetime);
  startDensity(everLifetime);
  chosenColumns.start(everLifetime);
  startShell(everLifetime);
  host.append(skipLink(place), appHeader(everLifetime), place);
  let shownPath = "";
  let shown = parseRoute(location.pathname, location.search);
  const show = () => {
    shown = parseRoute(location.pathname, location.search);
    // The list follows its own query.
    const isSameList = shownPath === location.pathname && shown.page === "list";
    shownPath = location.pathname;
    if (isSameList) return;
    pageLifetime.end();
    pageLifetime = new Lifetime();
    place.replaceChildren(makePage(pageLifetime));
    window.scrollTo(0, 0);
  };
  document.addEventListener("click", followLink);
  // Back and forward within a run change what its page shows; the page itself stays, and what it has loaded.
  window.addEventListener("popstate", () => {
    const route = parseRoute(location.pathname, location.search);
    const isSameRun = route.page === "run" && JSON.stringify(route) === JSON.stringify(shown);
    shown = route;
    if (isSameRun) window.dispatchEvent(new Event(queryChangedEvent));
    else show();
  });
  window.addEventListener(navigatedEvent, show);
  show();
}

const host = document.getElementById("app");
if (host) start(host);
