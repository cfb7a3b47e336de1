// What a newcomer sees: no runs yet, and two ways to have one.

import { element } from "../../base/dom";

/** A line that works as it stands, against the collector that served this page. */
export function ingestExample(origin: string): string {
  const event = '{"v":1,"runId":"hello","sourceId":"shell","channel":"flight","type":"body.state",'
    + '"frameIndex":1,"simTime":0.01,"payload":{"pos":{"x":1,"y":2,"z":3}}}';
  return `curl ${origin}/api/ingest --data-binary '${event}'`;
}

export function emptyState(): HTMLElement {
  return element(
    "div", { class: "message empty", "data-testid": "empty-state" },
    element("h2", {}, "No runs yet"),
    element("p", {}, "A run appears here as soon as its first event arrives. Start the vehicle demo:"),
    element("pre", {}, element("code", {}, "make demo")),
    element("p", {}, "or send one event by hand:"),
    element("pre", {}, element("code", {}, ingestExample(location.origin))),
  );
}
