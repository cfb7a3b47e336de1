// What a run is made of: channels, types, fields with units, and the keys seen so far. Fed by the collector's description of
// the run and by what arrives, since a field may show up in a payload before anybody has described it.

import { byName } from "../base/natural-order";
import { Signal } from "../base/signal";
import { elementsMax, keysPerTypeMax } from "../protocol/protocol";
import { typeId } from "../protocol/series-id";
import { FieldInfo, TypeInfo } from "../wire/run-types";

/** Keys of types that the contract names but whose senders may not have declared: lines sent as JSON declare nothing. */
const wellKnownKeys = new Map([["wheel.force", "wheelId"]]);

/** Kinds whose values are no numbers. */
const textKinds = new Set(["text", "json", "string"]);

export interface CatalogueType {
  channel: string;
  type: string;
  /** Those that the sender has defined, in its order; then what was found out, by name. */
  fields: Map<string, FieldInfo>;
  keyFields: string[];
  /** Keys of instances, as text, in natural order. */
  keys: string[];
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
  /** All of them in order; null: to be sorted anew. */
  private sorted: CatalogueType[] | null = null;
  /** Names of the fields that the sender has defined, by type. */
  private readonly defined = new Map<string, string[]>();

  /** By channel and type: two runs of one program are listed alike, whatever came first. */
  all(): readonly CatalogueType[] {
    this.sorted ??= [...this.types.values()].sort((a, b) => byName(a.channel, b.channel) || byName(a.type, b.type));
    return this.sorted;
  }

  find(channel: string, type: string): CatalogueType | undefined {
    return this.types.get(typeId(channel, type));
  }

  /** Takes over the collector's description. Known keys stay. */
  describe(types: TypeInfo[]): void {
    let changed = false;
    for (const described of types) {
      const known = this.entry(described.channel, described.type);
      const fields = described.fields.flatMap(elementsOf);
      let isOther = this.define(known.entry, fields);
      for (const field of fields) {
        const before = known.entry.fields.get(field.name);
        if (before && before.unit === field.unit && before.isKey === field.isKey && before.kind === field.kind) continue;
        known.entry.fields.set(field.name, field);
        isOther = true;
      }
      if (isOther) this.order(known.entry);
      changed = this.updateKeyFields(known.entry) || isOther || known.isNew || changed;
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
    if (changed) this.order(entry);
    changed = this.updateKeyFields(entry) || changed;
    if (changed) this.version.value += 1;
  }

  /** Notes instances, up to a limit. */
  noteKeys(channel: string, type: string, keys: readonly string[]): void {
    const { entry } = this.entry(channel, type);
    const fresh = keys.filter((key) => !entry.keys.includes(key)).slice(0, keysPerTypeMax - entry.keys.length);
    if (fresh.length === 0) return;
    entry.keys = [...entry.keys, ...fresh].sort(byName);
    this.version.value += 1;
  }

  private entry(channel: string, type: string): { entry: CatalogueType; isNew: boolean } {
    const id = typeId(channel, type);
    const known = this.types.get(id);
    if (known) return { entry: known, isNew: false };
    const entry: CatalogueType = { channel, type, fields: new Map(), keyFields: [], keys: [] };
    this.types.set(id, entry);
    this.sorted = null;
    return { entry, isNew: true };
  }

  /** Several sources, or versions of a program, may define a type: what each adds comes behind what is there. */
  private define({ channel, type }: CatalogueType, fields: readonly FieldInfo[]): boolean {
    const id = typeId(channel, type);
    const known = this.defined.get(id) ?? [];
    const names = [...new Set([...known, ...fields.map(({ name }) => name)])];
    this.defined.set(id, names);
    return names.length !== known.length;
  }

  private order(entry: CatalogueType): void {
    const places = new Map((this.defined.get(typeId(entry.channel, entry.type)) ?? []).map((name, place) => [name, place]));
    const place = (name: string) => places.get(name) ?? Infinity;
    const sorted = [...entry.fields].sort(([a], [b]) => (place(a) === place(b) ? byName(a, b) : place(a) - place(b)));
    entry.fields = new Map(sorted);
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
