// One run: head, tree of channels, time bar, panels.

import { element } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { showError } from "../../shell/toasts";
import { ApiError } from "../../wire/http";
import { errorBox, loadingBox, unknownRunBox } from "../message";
import { ChannelTree } from "./channel-tree";
import { FrameLoop } from "./frame-loop";
import { PanelGrid } from "./panel-grid";
import { runActions } from "./run-actions";
import { registerRunCommands } from "./run-commands";
import { openSizeRequest } from "./request-dialog";
import { RunHead } from "./run-head";
import { RunSession } from "./run-session";
import { runToolbar } from "./run-toolbar";
import { TimeBar } from "./time-bar";

export function runPage(runId: string, sourceId: string, lifetime: Lifetime): HTMLElement {
  document.title = `${runId} · teltel`;
  const session = new RunSession(runId, sourceId, lifetime);
  const head = new RunHead(runId, sourceId, () => void openSizeRequest(runId));
  const place = element("div", {}, loadingBox("Loading the run …"));
  const warning = element("div");
  let isShown = false;

  lifetime.add(session.detail.subscribe((detail) => {
    if (!detail) return;
    document.title = `${detail.name || runId} · teltel`;
    head.showSize(session.bytesOnDisk.value);
    head.show(detail, Date.now());
    if (isShown) return;
    isShown = true;
    place.replaceChildren(runBody(session, lifetime));
  }));
  lifetime.add(session.error.subscribe((error) => {
    if (!error) {
      warning.replaceChildren();
    } else if (error.status === 404) {
      // Of a run that was there and is not any more, what has been loaded stays to be looked at.
      (isShown ? warning : place).replaceChildren(unknownRunBox(runId, () => session.ask()));
    } else if (isShown) {
      warning.replaceChildren(errorBox("The run's description is out of date", error));
    } else {
      place.replaceChildren(errorBox("The run cannot be loaded", error));
    }
  }));
  lifetime.add(session.failure.subscribe((failure) => {
    if (!failure) return;
    const { status, code, message, hint, request } = failure;
    showError(new ApiError(status, code, message, hint, request), "A series cannot be loaded");
  }));
  head.addActions(runActions(session, lifetime));
  return element("main", { class: "page page-run" }, head.element, warning, place);
}

function runBody(session: RunSession, lifetime: Lifetime): HTMLElement {
  const grid: PanelGrid = new PanelGrid(session, lifetime, () => loop.touch());
  const loop: FrameLoop = new FrameLoop(session, { requests: () => grid.requests(), draw: (answer) => grid.draw(answer) }, lifetime);
  const tree = new ChannelTree(session, lifetime, (series) => grid.addSeries(session.activePanel.value, series));
  registerRunCommands(session, grid, tree, lifetime);
  return element(
    "div", { class: "run-body" },
    tree.element,
    element(
      "div", { class: "run-charts" },
      runToolbar(session, loop.pace, lifetime), new TimeBar(session, lifetime).element, grid.element,
    ),
  );
}
