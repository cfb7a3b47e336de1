// A panel of a kind that this version does not know, from a layout or a link of a later one: it says so, and asks for nothing.

import { element } from "../../base/dom";
import { PanelLook } from "./panel-kind";

export function unknownKind(name: string): PanelLook {
  return {
    hasTime: false,
    emptyWords: `This version does not know panels of the kind ${name}. It is kept in the layout.`,
    makeContent: () => ({
      element: element("div", { class: "panel-content is-empty" }), columns: 0,
      update: () => undefined, draw: () => undefined, resize: () => undefined, destroy: () => undefined,
    }),
    ask: () => null,
  };
}
