// Keys drawn as caps.

import { element } from "../base/dom";
import { keyCaps } from "./keys";

/** All keys of a command: `Shift` `←` or `j`. */
export function keyCapsOf(keys: readonly string[]): HTMLElement {
  const place = element("span", { class: "key-caps" });
  keys.forEach((key, index) => {
    if (index > 0) place.append(" or ");
    keyCaps(key).forEach((cap, part) => {
      if (part > 0) place.append(element("span", { class: "for-screen-readers" }, " + "));
      place.append(element("kbd", {}, cap));
    });
  });
  return place;
}
