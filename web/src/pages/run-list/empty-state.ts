// What a newcomer sees: no runs yet, and the ways to have one.

import { element } from "../../base/dom";
import { copyText } from "../../shell/copy";

/** A line that works as it stands, against the collector that served this page. */
export function ingestExample(origin: string): string {
  const event = '{"v":1,"runId":"hello","sourceId":"shell","channel":"flight","type":"body.state",'
    + '"frameIndex":1,"simTime":0.01,"payload":{"pos":{"x":1,"y":2,"z":3}}}';
  return `curl ${origin}/api/ingest --data-binary '${event}'`;
}

/** A whole program: it is compiled by a test. */
export const engineExample = `#include <teltel.hpp>
struct Body { double height; };
TELTEL_DESCRIBE(Body, "flight", "body.state", TELTEL_MEMBER(Body, height, "pos.z", "m"));

int main() {
  teltel::Run run{teltel::Options{}};
  const auto type = run.define<Body>();
  for (int frame = 0; frame < 100; frame++) type.emit(run, frame, frame * 0.01, Body{1.0 * frame});
}`;

export function emptyState(): HTMLElement {
  return element(
    "div", { class: "message empty", "data-testid": "empty-state" },
    element("h2", {}, "No runs yet"),
    element("p", {}, "A run appears here as soon as its first event arrives. Start the vehicle demo:"),
    example("demo", "make demo"),
    element("p", {}, "or send one event by hand:"),
    example("ingest", ingestExample(location.origin)),
    element("p", {}, "or emit from your own engine (C and Swift are alike):"),
    example("engine", engineExample),
    element("p", {}, "If an engine runs and nothing appears, this says what is missing on its machine:"),
    example("doctor", "teltel doctor"),
  );
}

function example(name: string, text: string): HTMLElement {
  const copy = element("button", { type: "button", class: "button-quiet", "aria-label": `Copy: ${name}` }, "Copy");
  copy.addEventListener("click", () => void copyText(text, copy));
  return element("div", { class: "example", "data-testid": `example-${name}` }, element("pre", {}, element("code", {}, text)), copy);
}
