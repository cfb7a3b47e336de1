// What a run is made of: channels, types, fields with units, and the keys seen so far. Fed by the collector's description of
// the run and by what arrives, since a field may show up in a payload before anybody has described it.

import { Signal } from "../base/signal";
import { elementsMax, keysPerTypeMax } from "../worker/live-rows";
import { FieldInfo, TypeInfo } from "../wire/run-types";

/** Keys of types that the contract names but whose senders may not have declared: lines sent as JSON declare nothing. */
const wellKnownKeys = new Map([["wheel.force", "wheelId"]]);

/** Kinds whose values are no numbers. */
const textKinds = new Set(["text", "json", "string"]);

export interface CatalogueType {
  channel: string;
  type: string;
  fields: Map<string, FieldInfo>;
  keyFields: string[];
  /** Keys of instances, as text, in natural order. */
  keys: string[];
}

export function typeId(channel: string, type: string): string {
  return JSON.stringify([channel, type]);
}

/** Whether a chart can show the field: keys only name instances, text has no height. */
export function isDrawable(field: FieldInfo): boolean {
  return !field.isKey && !textKinds.has(field.kind);
}

/** Whether the field is a text: tables show its newest value. */
export function isText(field: FieldInfo): boolean {
  return !field.isKey && textKinds.has(field.kind);
}

/** An array is drawn as its elements, if they are few. */
function elementsOf(field: FieldInfo): FieldInfo[] {
  const array = /^(.*)\[(\d+)\]$/.exec(field.kind);
  if (!array || field.kind.startsWith("text")) return [field];
  const count = Number(array[2]);
  if (count > elementsMax) return [];
  return Array.from({ length: count }, (_, index) => ({ ...field, name: `${field.name}[${index}]`, kind: array[1] as string }));
}

export class Catalogue {
  /** Counts structural changes: a new type, field or key. */
  readonly version = new Signal(0);
  private readonly types = new Map<string, CatalogueType>();

  all(): CatalogueType[] {
    return [...this.types.values()];
  }

  find(channel: string, type: string): CatalogueType | undefined {
    return this.types.get(typeId(channel, type));
  }

  /** Takes over the collector's description. Known keys stay. */
  describe(types: TypeInfo[]): void {
    let changed = false;
    for (const described of types) {
      const known = this.entry(described.channel, described.type);
      changed = changed || known.isNew;
      for (const field of described.fields.flatMap(elementsOf)) {
        const before = known.entry.fields.get(field.name);
        if (before && before.unit === field.unit && before.isKey === field.isKey && before.kind === field.kind) continue;
        known.entry.fields.set(field.name, field);
        changed = true;
      }
      changed = this.updateKeyFields(known.entry) || changed;
    }
    if (changed) this.version.value += 1;
  }

  /** Adds fields that came with events and that nobody has described. */
  discover(channel: string, type: string, fields: readonly FieldInfo[]): void {
    const { entry, isNew } = this.entry(channel, type);
    let changed = isNew;
    for (const field of fields) {
      if (entry.fields.has(field.name)) continue;
      entry.fields.set(field.name, field);
      changed = true;
    }
    changed = this.updateKeyFields(entry) || changed;
    if (changed) this.version.value += 1;
  }

  /** Notes instances, up to a limit. */
  noteKeys(channel: string, type: string, keys: readonly string[]): void {
    const { entry } = this.entry(channel, type);
    const fresh = keys.filter((key) => !entry.keys.includes(key)).slice(0, keysPerTypeMax - entry.keys.length);
    if (fresh.length === 0) return;
    entry.keys = [...entry.keys, ...fresh].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    this.version.value += 1;
  }

  private entry(channel: string, type: string): { entry: CatalogueType; isNew: boolean } {
    const id = typeId(channel, type);
    const known = this.types.get(id);
    if (known) return { entry: known, isNew: false };
    const entry: CatalogueType = { channel, type, fields: new Map(), keyFields: [], keys: [] };
    this.types.set(id, entry);
    return { entry, isNew: true };
  }

  private updateKeyFields(entry: CatalogueType): boolean {
    const wellKnown = wellKnownKeys.get(entry.type);
    const field = wellKnown === undefined ? undefined : entry.fields.get(wellKnown);
    const declared = [...entry.fields.values()].filter((candidate) => candidate.isKey);
    if (declared.length === 0 && field) {
      entry.fields.set(field.name, { ...field, isKey: true });
      declared.push(field);
    }
    const names = declared.map((candidate) => candidate.name);
    if (names.join("\n") === entry.keyFields.join("\n")) return false;
    entry.keyFields = names;
    entry.keys = [];
    return true;
  }
}
