import type { Static, TSchema } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import { Refusal } from "../problem.ts";
import { safeName, toFieldName } from "../read-json.ts";
import { invalid } from "../validation.ts";

/** How the fields of an object of the Responses protocol are dealt with. Fields with null count as not given. */
export type FieldRules = {
  /** Read by the translation, or unable to change an answer. */
  readonly taken: readonly string[];
  /** Fields that may be given with the value that changes nothing. */
  readonly onlyAs?: Readonly<Record<string, readonly JsonValue[]>>;
};

/** Refuses the first field that the task would not carry: on this surface nothing reaches a provider as it came. */
export function requireTranslatable(object: JsonObject, pointer: string, { taken, onlyAs = {} }: FieldRules): void {
  for (const [name, value] of Object.entries(object)) {
    if (value === null || taken.includes(name)) continue;
    if (Object.hasOwn(onlyAs, name) && onlyAs[name]?.includes(value)) continue;
    throw untranslatable(safeName(name) === null ? pointer : `${pointer}/${name}`);
  }
}

export function untranslatable(pointer: string): Refusal {
  const field = toFieldName(pointer);
  return new Refusal("request.untranslatable_field", `${field} is not supported on /v1/responses; leave it out.`, {
    field,
  });
}

export function needsStorage(pointer: string): Refusal {
  const field = toFieldName(pointer);
  return new Refusal(
    "request.stored_responses_unsupported",
    `${field}: no response or conversation is stored here; send all of its items as input, with store: false.`,
    { field },
  );
}

export function invalidField(pointer: string, message: string): Refusal {
  const field = toFieldName(pointer);
  return new Refusal("request.invalid_field", `${field}: ${message}`, { field });
}

/** Holds a part of the body to a schema; the refusal names the field by its place in the whole body. */
export function holder<S extends TSchema>(schema: S): (value: JsonObject, pointer: string) => Static<S> {
  const compiled = TypeCompiler.Compile(schema);
  return (value, pointer) => {
    if (compiled.Check(value)) return value;
    const fault = compiled.Errors(value).First();
    throw invalid(fault && { path: `${pointer}${fault.path}`, message: fault.message, schema: fault.schema });
  };
}
