// Layouts that the collector keeps by name. What a layout holds is the business of the page that it belongs to: a JSON object.

import { parseTime } from "../format/times";
import { request } from "./http";

/** Of its JSON text. The collector takes no more. */
export const layoutBytesMax = 256 * 1024;
export const layoutNameMax = 100;

export interface SavedLayout {
  name: string;
  bytes: number;
  savedMs: number;
}

function path(name: string): string {
  return `/api/layouts/${encodeURIComponent(name)}`;
}

function readFacts(json: unknown): SavedLayout {
  const facts = (json ?? {}) as { name?: unknown; size?: unknown; savedAt?: unknown };
  return { name: String(facts.name ?? ""), bytes: Number(facts.size ?? NaN), savedMs: parseTime(String(facts.savedAt ?? "")) };
}

/** By name. */
export async function fetchLayouts(): Promise<SavedLayout[]> {
  const json: unknown = await (await request("/api/layouts")).json();
  return Array.isArray(json) ? json.map(readFacts) : [];
}

export async function fetchLayout(name: string): Promise<unknown> {
  return (await request(path(name))).json();
}

/** Takes the place of one of the same name. */
export async function saveLayout(name: string, layout: unknown): Promise<void> {
  await request(path(name), { method: "PUT", body: layout });
}

export async function deleteLayout(name: string): Promise<void> {
  await request(path(name), { method: "DELETE" });
}

/** The layout in a file's text; fails with words for the user. */
export function parseLayoutFile(text: string): unknown {
  if (text.length > layoutBytesMax) throw new Error(`The file is larger than ${layoutBytesMax / 1024} KiB.`);
  let layout: unknown;
  try {
    layout = JSON.parse(text);
  } catch (cause) {
    throw new Error(`The file is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (typeof layout !== "object" || layout === null || Array.isArray(layout)) throw new Error("The file holds no JSON object.");
  return layout;
}

/** A file's name for a layout's name: letters, digits, "-", "_" and "." stay. */
export function layoutFileName(name: string): string {
  const plain = name.trim().replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "");
  return `${plain || "layout"}.teltel-layout.json`;
}
