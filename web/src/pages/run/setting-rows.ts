// Rows of a dialog in which something is set: a name, and what it is set by.

import { element } from "../../base/dom";

export function settingRow(name: string, ...content: Node[]): HTMLElement {
  const input = content.find((node): node is HTMLElement => node instanceof HTMLInputElement || node instanceof HTMLSelectElement);
  if (input && input.id === "") input.id = `setting-${name.toLowerCase().replace(/\W+/g, "-")}`;
  return element("div", { class: "setting" }, input ? element("label", { for: input.id }, name) : element("span", {}, name),
    element("div", {}, ...content));
}

export function choice(testId: string, options: [value: string, name: string][], chosen: string, onChange: (value: string) => void): HTMLSelectElement {
  const select = element("select", { "data-testid": testId }, ...options.map(([value, name]) => element("option", { value, selected: value === chosen }, name)));
  select.addEventListener("change", () => onChange(select.value));
  return select;
}

export function numberInput(testId: string, name: string, value: number | undefined): HTMLInputElement {
  return element("input", {
    type: "number", step: "any", "data-testid": testId, "aria-label": name, placeholder: "automatic",
    value: value === undefined ? "" : String(value),
  });
}
