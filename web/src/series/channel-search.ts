// What the tree of channels lists: all that a search finds in all types, fields and instances, cut only where it is shown, with how
// much was left out.

import { CatalogueType, isDrawable, isText } from "../data/catalogue";
import { everyKey } from "../protocol/series-id";
import { FieldInfo } from "../wire/run-types";
import { keyName } from "./names";

export const typesShownMax = 200;
export const keysShownMax = 32;
export const fieldsShownMax = 200;

/** Some of a list, and how many others there are. */
export interface Listed<T> {
  shown: T[];
  left: number;
}

/** One instance of a type: a key, `everyKey`, or "" where the type has no keys. */
export interface FoundInstance {
  key: string;
  fields: Listed<FieldInfo>;
}

export interface FoundType {
  type: CatalogueType;
  instances: Listed<FoundInstance>;
}

export type IsWanted = (type: CatalogueType, key: string, field: FieldInfo) => boolean;

function cut<T>(all: T[], shownMax: number): Listed<T> {
  return { shown: all.slice(0, shownMax), left: Math.max(0, all.length - shownMax) };
}

/** The words that a text does not have. */
function missing(words: readonly string[], texts: readonly string[]): string[] {
  if (words.length === 0) return [];
  const text = texts.join("\n").toLowerCase();
  return words.filter((word) => !text.includes(word));
}

/** @param words in lower case; all of them must occur in the names of channel, type, field, unit and instance */
export function searchChannels(types: readonly CatalogueType[], words: readonly string[], isWanted?: IsWanted): Listed<FoundType> {
  const found = types.flatMap((type): FoundType[] => {
    const ofType = missing(words, [type.channel, type.type, ...type.keyFields]);
    const fields = [...type.fields.values()].filter((field) => isDrawable(field) || isText(field));
    // Most instances leave the same words to the fields: there may be many of both.
    const known = new Map<string, FieldInfo[]>();
    const fieldsWith = (left: string[]) => {
      const id = left.join(" ");
      const of = known.get(id) ?? fields.filter((field) => missing(left, [field.name, field.unit]).length === 0);
      known.set(id, of);
      return of;
    };
    const keys = type.keyFields.length > 0 ? [everyKey, ...type.keys] : [""];
    const instances = keys.flatMap((key): FoundInstance[] => {
      const left = key === everyKey || key === "" ? ofType : missing(ofType, [keyName(type.keyFields, key)]);
      const of = isWanted ? fieldsWith(left).filter((field) => isWanted(type, key, field)) : fieldsWith(left);
      return of.length > 0 ? [{ key, fields: cut(of, fieldsShownMax) }] : [];
    });
    return instances.length > 0 ? [{ type, instances: cut(instances, keysShownMax + 1) }] : [];
  });
  return cut(found, typesShownMax);
}
