// Modal dialogs. The browser keeps the focus inside, closes on Escape and gives the focus back to where it was.

import { append, Child, element } from "../base/dom";
import { navigatedEvent } from "../pages/route";

export interface DialogOptions {
  title: string;
  testId: string;
  content: Child[];
  /** Of the dialog, next to "dialog". */
  className?: string;
  /** Without the line with title and close button; the title is then read to screen readers only. */
  isBare?: boolean;
  onClose?: () => void;
}

/** Opens a dialog at once. It closes by its button, Escape, a click beside it, and when the page changes. */
export function openDialog({ title, testId, content, className, isBare, onClose }: DialogOptions): HTMLDialogElement {
  const dialog = element(
    "dialog", { class: `dialog${className ? ` ${className}` : ""}`, "data-testid": testId, "aria-label": title },
  );
  const body = element("div", { class: "dialog-body" });
  if (!isBare) {
    body.append(element(
      "div", { class: "dialog-head" }, element("h2", {}, title), element("span", { class: "spacer" }),
      element("button", { type: "button", class: "button", click: () => dialog.close() }, "Close"),
    ));
  }
  append(body, content);
  dialog.append(body);

  const close = () => dialog.close();
  // The body covers the dialog: only what lies around both is the dialog itself.
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog) close();
  });
  window.addEventListener(navigatedEvent, close);
  window.addEventListener("popstate", close);
  dialog.addEventListener("close", () => {
    window.removeEventListener(navigatedEvent, close);
    window.removeEventListener("popstate", close);
    dialog.remove();
    onClose?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
