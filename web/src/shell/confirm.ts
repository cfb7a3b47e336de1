// Asks before something that cannot be taken back.

import { Child, element } from "../base/dom";
import { openDialog } from "./dialog";

export interface Question {
  /** "Delete this run?" */
  title: string;
  content: Child[];
  /** What the button says: "Delete". */
  action: string;
}

/** Whether the user has said yes; closing the dialog in any way is a no. The focus is on the harmless button. */
export function confirm({ title, content, action }: Question): Promise<boolean> {
  return new Promise((answer) => {
    let isYes = false;
    const no = element("button", { type: "button", class: "button", autofocus: true, "data-testid": "confirm-no" }, "Cancel");
    const yes = element("button", { type: "button", class: "button button-danger", "data-testid": "confirm-yes" }, action);
    const dialog = openDialog({
      title, testId: "confirm", className: "confirm", isBare: true, onClose: () => answer(isYes),
      content: [
        element("h2", {}, title), ...content,
        element("div", { class: "dialog-actions" }, no, yes),
      ],
    });
    no.addEventListener("click", () => dialog.close());
    yes.addEventListener("click", () => {
      isYes = true;
      dialog.close();
    });
  });
}
