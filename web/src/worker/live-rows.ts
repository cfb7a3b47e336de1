// Turns blocks of the live stream into rows: one `Rows` per (channel, type, key), within one budget of memory.

import { elementsMax, FoundType, keysPerTypeMax } from "../protocol/protocol";
import { typeId } from "../protocol/series-id";
import { ColumnBlock, ColumnField, ColumnSchema } from "./column-decoder";
import { MemoryBudget, Rows } from "./rows";

const bytesMax = 192 * 1024 * 1024;
/** Two minutes at 1 kHz; faster streams keep a shorter past in memory. */
const rowsMax = 131_072;

/** Where a column of a block goes. */
interface Place {
  /** Index of the field in the block. */
  field: number;
  element: number;
  elements: number;
  name: string;
}

export interface LiveType {
  channel: string;
  type: string;
  keyFields: readonly string[];
  instances: Map<string, Rows>;
}

/** What a run brought before the rows that the live stream begins with. */
export interface Tail {
  /** The highest frame that came before, by `typeId`; of a type that is not named nothing did. */
  earlier: ReadonlyMap<string, number>;
  /** The collector does not know all that came before. */
  isUnknown: boolean;
}

/** The names under which a field's values are drawn: itself, or its elements. */
export function columnNames(name: string, count: number): string[] {
  if (count === 1) return [name];
  return count > elementsMax ? [] : Array.from({ length: count }, (_, index) => `${name}[${index}]`);
}

export class LiveRows {
  /** Grows whenever instances were added or taken away. */
  revision = 0;
  readonly counters = { rows: 0, reducedRows: 0, instancesRefused: 0 };
  /** Rows are missing here, and nobody knows of which frames. */
  isPatchy = false;
  private readonly budget = new MemoryBudget(bytesMax);
  private readonly types = new Map<string, LiveType>();
  /**
   * The newest sequence that was taken of each ring: what comes again is skipped. By instance, since a block that was thinned out
   * comes as one block for each key, and only rows of one key are in order then.
   */
  private readonly taken = new WeakMap<Rows, Map<string, number>>();
  /** By type: of this frame and all later ones every row has come. Undefined: nobody knows. */
  private readonly complete = new Map<string, number | undefined>();
  /** Of types that have not been heard of. */
  private completeDefault: number | undefined;
  /** Types whose rows were given up, and have not begun anew with a tail. */
  private readonly forgotten = new Set<string>();
  private readonly places = new WeakMap<ColumnSchema, Place[]>();
  private readonly keyNames = new Map<string, readonly string[]>();

  constructor(
    private readonly onFound: (type: FoundType) => void,
    private readonly onKeys: (channel: string, type: string, keys: string[]) => void,
  ) {}

  get bytesHeld(): number {
    return this.budget.bytesUsed;
  }

  find(channel: string, type: string): LiveType | undefined {
    return this.types.get(typeId(channel, type));
  }

  /** Which fields tell instances of a type apart, if its events do not say so themselves. */
  setKeyFields(channel: string, type: string, keyFields: readonly string[]): void {
    const id = typeId(channel, type);
    if (JSON.stringify(this.keyNames.get(id) ?? []) === JSON.stringify(keyFields)) return;
    this.keyNames.set(id, keyFields);
    // The rows so far were mixed.
    this.forget(channel, type);
  }

  /** Gives the rows of a type up; they may come again. */
  forget(channel: string, type: string): void {
    const id = typeId(channel, type);
    for (const rows of this.types.get(id)?.instances.values() ?? []) rows.release();
    this.types.delete(id);
    // What comes next need not be the next row.
    this.complete.set(id, undefined);
    this.forgotten.add(id);
    this.revision += 1;
  }

  clear(): void {
    for (const { channel, type } of [...this.types.values()]) this.forget(channel, type);
    this.complete.clear();
    this.forgotten.clear();
    this.completeDefault = undefined;
    this.isPatchy = false;
  }

  /**
   * The first frame of which, as of all later ones, every row of a type is here or has been. Undefined: nobody knows, but rows of one
   * thread come in order, so that what is missing lies before the first frame that is here.
   */
  completeFrom(channel: string, type: string): number | undefined {
    const id = typeId(channel, type);
    return this.complete.has(id) ? this.complete.get(id) : this.completeDefault;
  }

  /** The newest rows come next, again or for the first time. */
  beginTail({ earlier, isUnknown }: Tail): void {
    if (isUnknown) this.isPatchy = true;
    this.completeDefault = isUnknown ? undefined : 0;
    for (const id of new Set([...earlier.keys(), ...this.complete.keys(), ...this.types.keys()])) {
      const type = this.types.get(id);
      const frame = earlier.get(id) ?? -1;
      if (type && this.forgotten.has(id)) {
        // What has come since is part of the tail, which would be taken for a repetition behind it.
        this.forget(type.channel, type.type);
      } else if (type && newestFrame(type) >= frame) {
        continue;  // the tail goes on where memory ends, or within it
      }
      this.complete.set(id, isUnknown ? undefined : frame + 1);
    }
    this.forgotten.clear();
  }

  announce(schema: ColumnSchema): void {
    this.onFound({
      channel: schema.channel, type: schema.type,
      fields: schema.fields.flatMap(({ name, kind, count, unit, key, labels }) => columnNames(name, count).map((column) => ({
        name: column, kind, unit, isKey: key, labels,
      }))),
    });
  }

  take(block: ColumnBlock): void {
    const { schema } = block;
    const type = this.typeOf(schema);
    const keyed = keyReader(block, type.keyFields);
    const places = this.placesOf(schema);
    for (let row = 0; row < block.rows; row += 1) {
      const rows = this.rowsOf(type, keyed(row));
      if (!rows || !this.isNew(rows, block, row)) continue;
      rows.isThinned ||= block.isReduced;
      this.addRow(rows, block, row, places);
    }
    if (block.isReduced) this.counters.reducedRows += block.rows;
  }

  private isNew(rows: Rows, block: ColumnBlock, row: number): boolean {
    let newest = this.taken.get(rows);
    if (!newest) this.taken.set(rows, newest = new Map<string, number>());
    const sequence = block.sequences[row] as number;
    const before = newest.get(block.ring) ?? -1;
    // Both rows of a pair may be the same one: a stretch of one row.
    if (sequence < before || (sequence === before && !(block.isReduced && row % 2 === 1))) return false;
    newest.set(block.ring, sequence);
    return true;
  }

  private addRow(rows: Rows, block: ColumnBlock, row: number, places: readonly Place[]): void {
    const [frame, simTime, wallTime] = [block.frames[row], block.simTimes[row], block.wallTimes[row]] as [number, number, number];
    const added = rows.add(frame, simTime, wallTime);
    if (added < 0) return;
    this.counters.rows += 1;
    let hidesNotFinite = false;
    for (const { field, element, elements, name } of places) {
      const column = block.columns[field];
      if (!column || column.present?.[row] === 0) continue;
      const target = rows.addColumn(name);
      if (target >= 0) rows.set(added, target, column.values[row * elements + element] as number);
      if (row % 2 === 0 && (column.notFinite?.[row >> 1] ?? 0) > 0) hidesNotFinite = true;
    }
    if (hidesNotFinite) this.addNotFinite(rows, block, row, places);
  }

  /** A stretch had values that were no numbers: a row of its own says so, or the gap would be drawn over. */
  private addNotFinite(rows: Rows, block: ColumnBlock, row: number, places: readonly Place[]): void {
    const added = rows.add(block.frames[row] as number, block.simTimes[row] as number, block.wallTimes[row] as number);
    if (added < 0) return;
    for (const { field, name } of places) {
      const target = rows.column(name);
      if (target >= 0 && (block.columns[field]?.notFinite?.[row >> 1] ?? 0) > 0) rows.set(added, target, NaN);
    }
  }

  private typeOf(schema: ColumnSchema): LiveType {
    const id = typeId(schema.channel, schema.type);
    const known = this.types.get(id);
    if (known) return known;
    const declared = schema.fields.filter((field) => field.key && field.count === 1).map((field) => field.name);
    const keyFields = declared.length > 0 ? declared : this.keyNames.get(id) ?? [];
    const made = { channel: schema.channel, type: schema.type, keyFields, instances: new Map<string, Rows>() };
    this.types.set(id, made);
    return made;
  }

  private placesOf(schema: ColumnSchema): readonly Place[] {
    const known = this.places.get(schema);
    if (known) return known;
    const isDrawn = (field: ColumnField) => !field.key;
    const made = schema.fields.flatMap((field, index) => isDrawn(field)
      ? columnNames(field.name, field.count).map((name, element) => ({ field: index, element, elements: field.count, name }))
      : []);
    this.places.set(schema, made);
    return made;
  }

  private rowsOf(type: LiveType, key: string): Rows | undefined {
    const known = type.instances.get(key);
    if (known) return known;
    if (type.instances.size >= keysPerTypeMax) {
      this.counters.instancesRefused += 1;
      return undefined;
    }
    const made = new Rows(rowsMax, this.budget);
    type.instances.set(key, made);
    this.revision += 1;
    if (type.keyFields.length > 0) this.onKeys(type.channel, type.type, [...type.instances.keys()]);
    return made;
  }
}

function newestFrame(type: LiveType): number {
  return Math.max(-1, ...[...type.instances.values()].filter((rows) => !rows.isEmpty).map((rows) => rows.frameAt(rows.nextRow - 1)));
}

/** The key of a row, as text: the values of the key fields joined by commas, as in storage. */
function keyReader(block: ColumnBlock, keyFields: readonly string[]): (row: number) => string {
  const columns = keyFields.map((name) => {
    const index = block.schema.fields.findIndex((field) => field.name === name);
    const column = block.columns[index];
    return column ? { values: column.values, wide: column.wide, field: block.schema.fields[index] } : null;
  });
  if (columns.length === 0) return () => "";
  const word = (row: number, column: (typeof columns)[number]): string => {
    if (!column) return "";
    const value = column.values[row] as number;
    if (column.field?.kind === "bool") return value === 1 ? "true" : "false";
    if (column.wide && !Number.isSafeInteger(value)) return String(column.wide[row]);
    return Number.isNaN(value) ? "" : String(value);
  };
  const [only] = columns;
  if (columns.length === 1 && only) {
    // Keys come again and again: making their text each time would cost more than all the rest.
    const words = new Map<number, string>();
    return (row) => {
      const value = only.values[row] as number;
      if (only.wide && !Number.isSafeInteger(value)) return word(row, only);
      let text = words.get(value);
      if (text === undefined) words.set(value, text = word(row, only));
      return text;
    };
  }
  return (row) => columns.map((column) => word(row, column)).join(",");
}
