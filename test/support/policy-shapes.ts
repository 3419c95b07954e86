/** What the schema of policy files says of each key, in the words of `docs/reference/policy.md`. */
import { PolicyDocument } from "../../src/policy/document.ts";

type Schema = { readonly [key: string]: unknown };

export type Field = { readonly key: string; readonly shape: string; readonly required: boolean };

const schemaAt = (...path: readonly string[]): Schema => {
  let schema: unknown = PolicyDocument;
  for (const step of path) schema = object(schema)[step];
  return object(schema);
};
const property = (schema: Schema, name: string): Schema => object(object(schema["properties"])[name]);
const item = (schema: Schema): Schema => object(schema["items"]);
/** What every value of a map is. */
const value = (schema: Schema): Schema => object(Object.values(object(schema["patternProperties"]))[0]);

const file = schemaAt();
const provider = value(property(file, "providers"));
const signal = value(property(file, "signals"));
const constraint = item(property(file, "constraints"));
const rule = item(property(file, "rules"));
const test = item(property(file, "tests"));

/** Every kind of object in a policy file, under the heading that tells of it. */
export const SECTIONS: readonly { readonly title: string; readonly schema: Schema }[] = [
  { title: "The file", schema: file },
  { title: "Scan", schema: property(file, "scan") },
  { title: "Providers", schema: provider },
  { title: "Attempts of a provider", schema: property(provider, "attempts") },
  { title: "Breaker", schema: property(provider, "breaker") },
  { title: "Models of a provider", schema: value(property(provider, "models")) },
  { title: "Prices", schema: value(value(property(file, "prices"))) },
  { title: "Signals", schema: signal },
  { title: "Patterns", schema: item(property(signal, "patterns")) },
  { title: "Conditions", schema: property(constraint, "when") },
  { title: "Ranges", schema: property(property(constraint, "when"), "prompt_chars") },
  { title: "Constraints", schema: constraint },
  { title: "What is forbidden", schema: property(constraint, "forbid") },
  { title: "Rules", schema: rule },
  { title: "Default", schema: property(file, "default") },
  { title: "Limits", schema: property(file, "limits") },
  { title: "Attempts", schema: property(rule, "attempts") },
  { title: "Tests", schema: test },
  { title: "What a test supposes", schema: property(test, "given") },
  { title: "What a test expects", schema: property(test, "expect") },
];

export function fieldsOf(schema: Schema): readonly Field[] {
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(object(schema["properties"])).map(([key, field]) => ({
    key,
    shape: shapeOf(object(field)),
    required: required.includes(key),
  }));
}

function shapeOf(schema: Schema): string {
  const { type, anyOf } = schema;
  if (schema["const"] !== undefined) return `\`${String(schema["const"])}\``;
  if (schema["$ref"] === "Condition") return linkTo("Conditions");
  if (Array.isArray(anyOf)) return shapeOfChoice(anyOf.map(object));
  const section = SECTIONS.find((known) => known.schema === schema || isSame(known.schema, schema));
  if (section !== undefined) return linkTo(section.title);
  if (type === "object") return `map${bounds(schema, "Properties")}, ${keyOf(schema)} → ${shapeOf(value(schema))}`;
  if (type === "array") return `list${bounds(schema, "Items")}: ${shapeOf(item(schema))}`;
  if (type === "integer") return `whole number, ${number(schema["minimum"])} to ${number(schema["maximum"])}`;
  if (type === "boolean") return "`true` or `false`";
  return shapeOfText(schema);
}

function shapeOfChoice(choices: readonly Schema[]): string {
  const many = choices.find(({ type }) => type === "array");
  if (many === undefined) return choices.map(shapeOf).join(", ");
  const word = choices.find((choice) => choice["const"] !== undefined);
  return `${word === undefined ? "one" : shapeOf(word)}, or a ${shapeOf(many)}`;
}

/** What a name is made of stands in the part of its title behind the colon, and once in the page. */
function shapeOfText({ title, minLength, maxLength }: Schema): string {
  const said = typeof title === "string" ? (title.split(":")[0] ?? title) : "text";
  const most = maxLength === undefined ? "" : `, ${number(minLength ?? 0)} to ${number(maxLength)} characters`;
  return `${said}${most}`;
}

/** What stands before the arrow of a map. */
const keyOf = (schema: Schema): string => {
  const [pattern] = Object.keys(object(schema["patternProperties"]));
  return NAMES.find((known) => known.pattern === pattern)?.name ?? "name";
};

const patternOf = (schema: Schema): string => String(schema["pattern"]);

const NAMES = [
  { name: "provider", pattern: patternOf(item(property(rule, "route"))) },
  { name: "model", pattern: patternOf(property(provider, "default_model")) },
];

const bounds = (schema: Schema, of: "Items" | "Properties"): string => {
  const least = schema[`min${of}`];
  const most = schema[`max${of}`];
  if (most === undefined) return least === undefined ? "" : ` of at least ${number(least)}`;
  return ` of ${number(least ?? 0)} to ${number(most)}`;
};

const isSame = (one: Schema, other: Schema): boolean =>
  one["type"] === "object" && other["properties"] !== undefined && JSON.stringify(one) === JSON.stringify(other);

/** An anchor as the sites that show Markdown make them. */
const linkTo = (title: string): string => `[${title.toLowerCase()}](#${title.toLowerCase().replaceAll(" ", "-")})`;

const number = (given: unknown): string => Number(given).toLocaleString("en-US");

function object(given: unknown): Schema {
  if (typeof given !== "object" || given === null) throw new Error("the schema has another shape than its page knows");
  return given as Schema;
}
