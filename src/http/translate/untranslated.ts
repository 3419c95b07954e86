import { isJsonObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import { Refusal } from "../problem.ts";
import { safeName } from "../read-json.ts";

/** What of a field's value the task does not carry, as names of fields; none where it carries all. */
export type FieldRule = (value: JsonValue, field: string) => readonly string[];
/** A rule for each field that is known, by its name in lower case; all others are untranslated. No rule sees null. */
export type FieldRules = Readonly<Record<string, FieldRule>>;

/** The task carries what the field means. */
export const carried: FieldRule = () => [];
/** The field cannot change the answer, so every provider satisfies it. */
export const bookkeeping: FieldRule = () => [];
/** Known, and only to servers of the client's own protocol. */
export const uncarried: FieldRule = (_, field) => [field];

export const carriedIf =
  (isCarried: (value: JsonValue) => boolean): FieldRule =>
  (value, field) =>
    isCarried(value) ? [] : [field];

/** Nothing is lost with these values: they are carried, or say what holds without them. */
export const only = (...values: readonly JsonValue[]): FieldRule => carriedIf((value) => values.includes(value));

export const empty: FieldRule = carriedIf(
  (value) => typeof value === "object" && value !== null && Object.keys(value).length === 0,
);

/** The rules may depend on the object, as on the role of a message. */
export const objectOf =
  (rules: FieldRules | ((object: JsonObject) => FieldRules)): FieldRule =>
  (value, field) => {
    if (!isJsonObject(value)) return [field];
    return fieldsOf(value, typeof rules === "function" ? rules(value) : rules, field);
  };

export const arrayOf =
  (rule: FieldRule): FieldRule =>
  (value, field) =>
    Array.isArray(value) ? value.flatMap((item, index) => rule(item, `${field}[${index}]`)) : [field];

/** For a value that is carried, or not, as a whole: what `inside` knows has no disguise, and `rule` says the names. */
export const wholly =
  (rule: FieldRule, inside: FieldRule): FieldRule =>
  (value, field) => {
    inside(value, field);
    return rule(value, field);
  };

/**
 * Names, in the body's order and each once, the fields whose meaning a task does not carry. Null is not given; a key
 * that is no safe name stands as its parent, or as `body`. Throws a `Refusal` for a field in disguise.
 */
export function untranslatedFields(body: JsonObject, rules: FieldRules): readonly string[] {
  return [...new Set(fieldsOf(body, rules, ""))];
}

/** `parent` is empty for the body itself. */
function fieldsOf(object: JsonObject, rules: FieldRules, parent: string): readonly string[] {
  return Object.entries(object).flatMap(([key, value]) => {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (rule === undefined) refuseDisguise(key, rules, parent);
    if (value === null) return [];
    if (rule !== undefined) return rule(value, nameOf(parent, key));
    const name = safeName(key);
    return [name === null ? parent || "body" : nameOf(parent, name)];
  });
}

const nameOf = (parent: string, key: string): string => (parent === "" ? key : `${parent}.${key}`);

/**
 * INVARIANT: what the gateway reads of a body is what a provider reads. Go's JSON decoder, which Ollama and others
 * use, takes `Model` for `model`, the later of the two wins, and so an unknown field that is handed on would be a way
 * around policy.
 */
function refuseDisguise(key: string, rules: FieldRules, parent: string): void {
  if (!Object.hasOwn(rules, foldCase(key))) return;
  const field = parent || "body";
  throw new Refusal(
    "request.unknown_field",
    `${field} has a field whose name differs only in letter case from one of this route.`,
    { field },
  );
}

/** By way of upper case, since Go also takes U+017F for `s` and U+212A for `k`. */
const foldCase = (key: string): string => key.toUpperCase().toLowerCase();
