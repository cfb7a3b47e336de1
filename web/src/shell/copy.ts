// Text to the clipboard.

import { element } from "../base/dom";

const saidMs = 2000;

/** Copies, and says so on the button that was pressed. */
export async function copyText(text: string, button: HTMLButtonElement): Promise<void> {
  const words = button.textContent ?? "";
  const isCopied = await write(text, button);
  button.textContent = isCopied ? "Copied" : "Not allowed";
  window.setTimeout(() => { button.textContent = words; }, saidMs);
}

async function write(text: string, button: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Browsers have a clipboard for pages from localhost or with TLS only; elsewhere the old way still works.
    return writeBySelection(text, button);
  }
}

/** Inside the same dialog: the rest of the page takes no focus while one is open. */
function writeBySelection(text: string, near: HTMLElement): boolean {
  const field = element("textarea", { class: "for-screen-readers", "aria-hidden": "true" });
  field.value = text;
  near.after(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  near.focus();
  return isCopied;
}
