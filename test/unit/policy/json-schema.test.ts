import { describe, expect, test } from "bun:test";
import { createRequire } from "node:module";
import { PolicyDocument } from "../../../src/policy/document.ts";
import { POLICY_SCHEMA, policyJsonSchema, resolved, type Schema } from "../../../src/policy/json-schema.ts";
import { parseSource } from "../../../src/policy/source.ts";
import { jsonOf } from "../../../src/policy/source-node.ts";
import { altered, FULL_POLICY } from "../../support/policy-file.ts";

const KNOWN = [
  ...["$id", "$ref", "$defs", "type", "title", "description", "properties", "required", "patternProperties"],
  ...["propertyNames", "additionalProperties", "minProperties", "maxProperties", "items", "minItems", "maxItems"],
  ...["uniqueItems", "anyOf", "enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum"],
];

const partsOf = (schema: Schema): readonly Schema[] => [
  schema,
  ...[
    ...Object.values({ ...schema.properties, ...schema.patternProperties, ...schema.$defs }),
    ...(schema.anyOf ?? []),
    ...(schema.items === undefined ? [] : [schema.items]),
  ].flatMap(partsOf),
];

describe("the published schema", () => {
  test("is of draft 2020-12, has an identity, and resolves every reference within itself", () => {
    const schema = policyJsonSchema();
    expect(schema).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      $id: "urn:policy-mesh:policy:v1",
      type: "object",
    });
    const references = partsOf(POLICY_SCHEMA).flatMap(({ $ref }) => $ref ?? []);
    expect([...new Set(references)]).toEqual(["#/$defs/Condition"]);
    expect(resolved({ $ref: "#/$defs/Condition" }).properties).toHaveProperty("signal");
    expect(partsOf(POLICY_SCHEMA).filter(({ $id }) => $id !== undefined)).toEqual([POLICY_SCHEMA]);
  });

  test("uses nothing that checking a file would pass over", () => {
    const parts = partsOf(POLICY_SCHEMA);
    expect([...new Set(parts.flatMap((part) => Object.keys(part)))].filter((key) => !KNOWN.includes(key))).toEqual([]);
    const shapes = parts.filter(({ anyOf }) => anyOf !== undefined).map(({ anyOf }) => anyOf?.map(({ type }) => type));
    for (const shape of shapes) expect(shape).toEqual(["string", "array"]);
  });

  test("closes every object, so that editors mark unknown keys", () => {
    const objects = partsOf(POLICY_SCHEMA).filter(({ type }) => type === "object");
    expect(objects.length).toBeGreaterThan(20);
    expect(objects.filter(({ additionalProperties }) => additionalProperties !== false)).toEqual([]);
  });

  test("has the keys of the document in their order", () => {
    expect(Object.keys(POLICY_SCHEMA.properties ?? {})).toEqual(Object.keys(PolicyDocument.properties));
  });

  test("is a copy each time", () => {
    expect(policyJsonSchema()).toEqual(policyJsonSchema());
    expect(policyJsonSchema()).not.toBe(policyJsonSchema());
  });
});

/** Ajv comes with the validator of the API's own description. */
const requireAsIt = createRequire(Bun.resolveSync("@seriousme/openapi-schema-validator", import.meta.dir));
type Validator = new (options: object) => { compile(schema: object): (value: unknown) => boolean };
const Ajv: Validator = requireAsIt("ajv/dist/2020.js").default;

describe("a validator of another hand, in its strict mode,", () => {
  const validate = new Ajv({ strict: true, allErrors: true }).compile(policyJsonSchema());
  const readOf = (text: string) => jsonOf(parseSource(text).root ?? expect.unreachable());

  test("takes the schema and a sound policy", () => {
    expect(validate(readOf(FULL_POLICY))).toBe(true);
  });

  test("takes what a provider and a rule say of attempts", () => {
    const more = `attempts: { retries: 2, idle_timeout_ms: 10 }
    breaker: { failure_percent: 100, open_seconds: 10 }
    max_concurrency: 1
    allowed_addresses: [192.0.2.0/24, "2001:db8::/32"]`;
    const text = altered("zone: local", `zone: local\n    ${more}`);
    expect(validate(readOf(text))).toBe(true);
    expect(validate(readOf(text.replace('[192.0.2.0/24, "2001:db8::/32"]', "any")))).toBe(true);
    const attempts = "{ deadline_seconds: 7200, retries: 0, connect_timeout_ms: 60000 }";
    expect(validate(readOf(altered("{ timeout_seconds: 30, max_targets: 2 }", attempts)))).toBe(true);
  });

  test.each([
    ["a word for addresses that is none", "zone: local", "zone: local\n    allowed_addresses: all"],
    ["what is no block of addresses", "zone: local", "zone: local\n    allowed_addresses: [192.0.2.0]"],
    ["a third retry", "timeout_seconds: 30", "retries: 3"],
    ["a deadline of a provider", "zone: europe", "zone: europe\n    attempts: { deadline_seconds: 1 }"],
    ["an unknown key", "name: full", "name: full\nnam: full"],
    ["a missing key", "name: full\n", ""],
    ["a wrong type", "version: 3", "version: x"],
    ["an unknown key deep in a condition", "{ stream: true }", "{ streamed: true }"],
    ["an item twice", "[openai, eu, local]", "[eu, eu]"],
    ["a wrong name", "  eu:\n", "  EU:\n"],
    ["a word of another list", "delivery: whole", "delivery: later"],
  ])("refuses %s", (_what, from, to) => {
    expect(validate(readOf(altered(from, to)))).toBe(false);
  });
});
