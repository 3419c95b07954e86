import type { JsonObject } from "../core/json.ts";
import { PolicyDocument } from "./document.ts";

/** As much of JSON Schema as the schema of a policy uses. */
export type Schema = {
  readonly type?: "object" | "array" | "string" | "integer" | "boolean";
  readonly title?: string;
  readonly description?: string;
  readonly properties?: { readonly [key: string]: Schema };
  readonly required?: readonly string[];
  readonly patternProperties?: { readonly [pattern: string]: Schema };
  readonly propertyNames?: Schema;
  readonly additionalProperties?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly string[];
  readonly const?: string | boolean;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly $ref?: string;
  readonly $id?: string;
  readonly $defs?: { readonly [name: string]: Schema };
};

const DEFINITIONS = "#/$defs/";

/**
 * The schema of policy files for editors and validators (JSON Schema, draft 2020-12). It says of what shape a file is;
 * `policy check` says more, such as whether a signal that a rule names is there.
 */
export function policyJsonSchema(): JsonObject {
  return JSON.parse(JSON.stringify({ $schema: "https://json-schema.org/draft/2020-12/schema", ...POLICY_SCHEMA }));
}

/** The same, for those that walk it with a document. */
export const POLICY_SCHEMA: Schema = published();

/** What `$ref` points to. Throws where the schema has no such definition. */
export function resolved(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const target = POLICY_SCHEMA.$defs?.[schema.$ref.slice(DEFINITIONS.length)];
  if (target === undefined) throw new Error("the schema of policies refers to nothing");
  return target;
}

/**
 * TypeBox marks a recursive schema by an `$id` of its own, which makes references relative to it; validators and editors
 * agree better on definitions. And it writes an enumeration as a union, by which editors complete less well.
 */
function published(): Schema {
  const definitions: Record<string, Schema> = {};
  const visit = (schema: Schema, isRoot = false): Schema => {
    if (schema.$ref !== undefined) return { $ref: `${DEFINITIONS}${schema.$ref}` };
    const { $id, ...plain } = visitParts(schema, visit);
    if ($id === undefined) return plain;
    if (isRoot) return { $id, ...plain };
    definitions[$id] = plain;
    return { $ref: `${DEFINITIONS}${$id}` };
  };
  const root: Schema = visit(JSON.parse(JSON.stringify(PolicyDocument)), true);
  return { ...root, $defs: definitions };
}

function visitParts(schema: Schema, visit: (part: Schema) => Schema): Schema {
  const { anyOf, items, properties, patternProperties, ...others } = schema;
  const values = anyOf?.flatMap((part) => (typeof part.const === "string" ? [part.const] : [])) ?? [];
  const isEnumeration = values.length > 0 && values.length === anyOf?.length;
  return {
    ...others,
    ...(isEnumeration ? { type: "string", enum: values } : {}),
    ...(anyOf !== undefined && !isEnumeration ? { anyOf: anyOf.map((part) => visit(part)) } : {}),
    ...(items === undefined ? {} : { items: visit(items) }),
    ...(properties === undefined ? {} : { properties: visitEach(properties, visit) }),
    ...(patternProperties === undefined ? {} : { patternProperties: visitEach(patternProperties, visit) }),
  };
}

function visitEach(parts: { readonly [name: string]: Schema }, visit: (part: Schema) => Schema) {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, visit(part)]));
}
