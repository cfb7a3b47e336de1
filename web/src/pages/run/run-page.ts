// One run: head, tree of series, charts.

import { element } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { errorBox, loadingBox } from "../message";
import { ChannelTree } from "./channel-tree";
import { PanelGrid } from "./panel-grid";
import { RunHead } from "./run-head";
import { RunSession } from "./run-session";
import { runToolbar } from "./run-toolbar";

export function runPage(runId: string, sourceId: string, lifetime: Lifetime): HTMLElement {
  document.title = `${runId} · teltel`;
  const session = new RunSession(runId, sourceId, lifetime);
  const head = new RunHead(runId);
  const place = element("div", {}, loadingBox("Loading the run …"));
  const warning = element("div");
  let isShown = false;

  lifetime.add(session.detail.subscribe((detail) => {
    if (!detail) return;
    head.show(detail, Date.now());
    if (isShown) return;
    isShown = true;
    place.replaceChildren(element(
      "div", { class: "run-body" },
      new ChannelTree(session, lifetime).element,
      element("div", { class: "run-charts" }, runToolbar(session, lifetime), new PanelGrid(session, lifetime).element),
    ));
  }));
  lifetime.add(session.error.subscribe((error) => {
    if (!error) {
      warning.replaceChildren();
    } else if (isShown) {
      warning.replaceChildren(errorBox("The run's description is out of date", error));
    } else {
      place.replaceChildren(errorBox(error.status === 404 ? "There is no such run" : "The run cannot be loaded", error));
    }
  }));
  return element("main", { class: "page page-run" }, head.element, warning, place);
}
