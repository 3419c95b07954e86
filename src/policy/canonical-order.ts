import { resolved, type Schema } from "./json-schema.ts";

/** Keys as the schema has them, then the others as they stand. Records keep their own order. */
export function inSchemaOrder<T>(entries: readonly T[], keyOf: (entry: T) => string, schema: Schema): readonly T[] {
  const order = Object.keys(schema.properties ?? {});
  const place = (entry: T): number => {
    const index = order.indexOf(keyOf(entry));
    return index === -1 ? order.length : index;
  };
  return schema.properties === undefined ? entries : entries.toSorted((a, b) => place(a) - place(b));
}

const ANYTHING: Schema = {};

/** Of what stands under a key. */
export function schemaUnder(schema: Schema, key: string): Schema {
  const { properties, patternProperties = {} } = schema;
  if (properties !== undefined && Object.hasOwn(properties, key)) return resolved(properties[key] ?? ANYTHING);
  const [ofRecord = ANYTHING] = Object.values(patternProperties);
  return resolved(ofRecord);
}

/** Of an item of a list; a union is of a value and its list. */
export function schemaOfItems(schema: Schema): Schema {
  const list = schema.anyOf?.find(({ type }) => type === "array") ?? schema;
  return resolved(list.items ?? ANYTHING);
}
