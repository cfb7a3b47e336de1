// One run: head, tree of channels, time bar, panels.

import { element } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { FrameAnswer } from "../../protocol/protocol";
import { showError } from "../../shell/toasts";
import { ApiError } from "../../wire/http";
import { errorBox, loadingBox, unknownRunBox } from "../message";
import { ChannelTree } from "./channel-tree";
import { FrameLoop } from "./frame-loop";
import { PanelGrid } from "./panel-grid";
import { panelKinds } from "./panel-kinds";
import { Readout } from "./readout";
import { openSizeRequest } from "./request-dialog";
import { runActions } from "./run-actions";
import { registerRunCommands } from "./run-commands";
import { RunHead, ShownEnd } from "./run-head";
import { RunSession } from "./run-session";
import { runToolbar } from "./run-toolbar";
import { TimeBar } from "./time-bar";
import { TreeFold } from "./tree-fold";

export function runPage(runId: string, sourceId: string, lifetime: Lifetime): HTMLElement {
  document.title = `${runId} · teltel`;
  const session = new RunSession(runId, sourceId, panelKinds, lifetime);
  const head = new RunHead(runId, sourceId, () => void openSizeRequest(runId));
  const place = element("div", {}, loadingBox("Loading the run …"));
  const warning = element("div");
  let isShown = false;
  let end: ShownEnd | null = null;

  lifetime.add(session.answer.subscribe((answer) => {
    const newest = answer?.newest;
    if (newest && newest.frame >= (end?.frame ?? 0)) end = { frame: newest.frame, simTime: newest.simTime };
  }));
  lifetime.add(session.detail.subscribe((detail) => {
    if (!detail) return;
    document.title = `${detail.name || runId} · teltel`;
    head.showSize(session.size.bytes);
    head.show(detail, end, Date.now());
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
  const bar = new TimeBar(session, lifetime);
  const parts = { requests: () => grid.requests(), sketch: () => bar.sketchRequest(), draw: (answer: FrameAnswer) => grid.draw(answer) };
  const loop: FrameLoop = new FrameLoop(session, parts, lifetime);
  const tree = new ChannelTree(session, lifetime, {
    addToActive: (series) => grid.addSeries(session.activePanel.value, series),
    reveal: (series) => grid.reveal(series),
  });
  const body = element("div", { class: "run-body" });
  const fold = new TreeFold(body, tree.element, lifetime);
  tree.isFolded = () => !fold.isOpen;
  registerRunCommands(session, grid, tree, fold, lifetime);
  const controls = element(
    "div", { class: "run-controls" },
    runToolbar(session, loop.pace, fold.button, lifetime), bar.element, new Readout(session, lifetime).element,
  );
  body.append(tree.element, element("div", { class: "run-charts" }, controls, grid.element));
  return body;
}
