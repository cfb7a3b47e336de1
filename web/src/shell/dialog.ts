// Modal dialogs. The browser keeps the focus inside, closes on Escape and gives the focus back to where it was.

import { append, Child, element } from "../base/dom";
import { navigatedEvent } from "../base/navigation";

export interface DialogOptions {
  title: string;
  testId: string;
  content: Child[];
  /** Of the dialog, next to "dialog". */
  className?: string;
  /** Without the line with title and close button; the title is then read to screen readers only. */
  isBare?: boolean;
  /** Of the button that closes it; "Close" by itself. */
  closeWords?: string;
  /** Escape, and a button of its own: what has been done in the dialog is taken back. Without it there is nothing to take back. */
  onCancel?: () => void;
  onClose?: () => void;
}

/** Opens a dialog at once. It closes by its button, Escape, a click beside it, and when the page changes. */
export function openDialog({ title, testId, content, className, isBare, closeWords, onCancel, onClose }: DialogOptions): HTMLDialogElement {
  const dialog = element(
    "dialog", { class: `dialog${className ? ` ${className}` : ""}`, "data-testid": testId, "aria-label": title },
  );
  const body = element("div", { class: "dialog-body" });
  const cancel = () => {
    onCancel?.();
    dialog.close();
  };
  if (!isBare) {
    body.append(element(
      "div", { class: "dialog-head" }, element("h2", {}, title), element("span", { class: "spacer" }),
      onCancel && element("button", { type: "button", class: "button", "data-testid": "dialog-cancel", click: cancel }, "Cancel"),
      element("button", { type: "button", class: "button", "data-testid": "dialog-close", click: () => dialog.close() }, closeWords ?? "Close"),
    ));
  }
  append(body, content);
  dialog.append(body);

  const close = () => dialog.close();
  // The body covers the dialog: only what lies around both is the dialog itself.
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog) close();
  });
  dialog.addEventListener("cancel", () => onCancel?.());
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
