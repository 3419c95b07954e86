import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { apiReference, DOCUMENTS } from "../../support/reference-docs.ts";

const ROOT = join(import.meta.dir, "../../..");

describe("the reference pages", () => {
  test.each(Object.keys(DOCUMENTS))("%s is what the code says (bun run docs writes it)", async (file) => {
    const committed = await Bun.file(join(ROOT, file)).text();
    expect(committed).toBe((await DOCUMENTS[file]?.()) ?? "");
  });

  test("make the same of the same", async () => {
    for (const make of Object.values(DOCUMENTS)) expect(await make()).toBe(await make());
  });
});

describe("the API page", () => {
  const page = (schema: object, components: object = {}) =>
    apiReference({
      components,
      paths: {
        "/x": {
          get: { summary: "X", responses: { 200: { content: { "application/json": { schema } } }, 204: {} } },
        },
      },
    });

  test("follows references, also through null", () => {
    const body = {
      type: "object",
      required: ["thing"],
      properties: { thing: { anyOf: [{ $ref: "#/components/schemas/Thing" }, { type: "null" }] } },
    };
    const Thing = { type: "object", properties: { kind: { enum: ["a", "b"], description: "Of x | y." } } };
    const made = page(body, { schemas: { Thing } });
    expect(made).toContain("| `thing` | object or null | yes |  |");
    expect(made).toContain('| `thing.kind` | `"a"` or `"b"` | no | Of x \\| y. |');
  });

  test("goes into arrays and names their bounds", () => {
    const item = { type: "object", required: ["n"], properties: { n: { type: "integer" } } };
    const made = page({
      type: "object",
      properties: { list: { type: "array", items: item, minItems: 1, maxItems: 9 } },
    });
    expect(made).toContain("| `list` | array of object, at least 1, at most 9 | no |  |");
    expect(made).toContain("| `list[].n` | integer | yes |  |");
  });

  test("says so where there is no JSON", () => {
    expect(page({ type: "object", properties: {} })).toContain("### Answer 204\n\nText.");
  });
});
