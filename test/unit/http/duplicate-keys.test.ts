import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { findDuplicateKey } from "../../../src/http/duplicate-keys.ts";
import { Refusal } from "../../../src/http/problem.ts";
import { readJson } from "../../../src/http/read-json.ts";

const read = (text: string) =>
  readJson(
    new Request("http://gateway/", { method: "POST", body: text, headers: { "content-type": "application/json" } }),
    { maxBytes: 10_000_000 },
  );

async function refusalOf(text: string): Promise<Refusal> {
  const outcome = await read(text).catch((thrown: unknown) => thrown);
  if (outcome instanceof Refusal) return outcome;
  throw new Error("it was not refused");
}

describe("a field that stands twice in its object", () => {
  test.each([
    ["at the top", '{"a":1,"a":1}', "a"],
    ["with others between", '{"a":{"a":1},"b":[{"a":1}],"a":null}', "a"],
    [
      "in a message",
      '{"messages":[{"role":"user"},{"role":"user","content":"x","role":"system"}]}',
      "messages[1].role",
    ],
    ["deep inside", '{"a":[[],[[1,2],{"b":{"c":1,"d":[],"c":2}}]]}', "a[1][1].b.c"],
    ["after objects that are closed", '[{"a":1},{"a":1},{"a":{"a":1},"b":1,"b":1}]', "[2].b"],
    ["in other letters", '{"a":1,"\\u0061":2}', "a"],
    ["in other letters the other way round", '{"\\u0061":1,"a":2}', "a"],
    ["after a text that looks like JSON", '{"x":"{\\"a\\":1,\\"a\\":2}","b":"\\\\","b":","}', "b"],
    ["with white space everywhere", '\n{ "a" : 1 ,\t"a"\r\n: 2 } ', "a"],
    ["with a value in between that holds no text", '{"a":1e5,"b":true,"c":null,"b":false}', "b"],
  ])("is refused %s", async (_where, text, field) => {
    const { code, field: told, message } = await refusalOf(text);
    expect([code, told, message]).toEqual(["request.duplicate_key", field, `${field} stands twice in its object.`]);
  });

  test.each([
    ['{"my secret":1,"my secret":2}', "body"],
    ['{"a":[{"my secret":1,"my secret":2}]}', "a[0]"],
    ['{"":1,"":2}', "body"],
    ['{"__proto__":1,"__proto__":2}', "body"],
    ['{"a\\nb":1,"a\\u000ab":2}', "body"],
    [`{"a":{"${"b".repeat(41)}":1,"${"b".repeat(41)}":2}}`, "a"],
  ])("is told without its name where that could be content: %s", async (text, field) => {
    const { code, field: told, message } = await refusalOf(text);
    expect([code, told, message]).toEqual(["request.duplicate_key", field, `${field} has a field twice.`]);
  });

  test("is told without the names around it where they could be content", async () => {
    const { field, message } = await refusalOf('{"my secret":[{"b":1,"b":2}]}');
    expect(field).toBe("*[0].b");
    expect(message).not.toContain("secret");
  });

  test("is refused whatever the values are, equal ones too", async () => {
    for (const text of ['{"a":1,"a":1}', '{"a":{},"a":{}}', '{"a":"\\ud800","a":""}', '{"a":{"b":1},"a":{"b":1}}']) {
      expect((await refusalOf(text)).code).toBe("request.duplicate_key");
    }
  });
});

describe("what only looks like it", () => {
  test.each([
    '{"a":"a","b":"a"}',
    '[{"a":1},{"a":1}]',
    '{"a":{"a":{"a":[{"a":1}]}}}',
    '{"a":1,"A":2,"\\u0041b":3}',
    '{"é":1,"e\\u0301":2}',
    '{"__proto__":{"constructor":1},"constructor":{"__proto__":[]},"toString":1}',
    '{"a":"\\",\\"a\\":1"}',
    '{"1":1,"01":2,"1.0":3}',
    '[":",{":":":"}]',
    '"a:b"',
    "0",
  ])("is read: %s", async (text) => {
    expect(await read(text)).toEqual(JSON.parse(text));
    expect(findDuplicateKey(text)).toBeNull();
  });

  test("a field __proto__ is a field like any other, and changes nothing of the object", async () => {
    const value = await read('{"a":1,"__proto__":{"b":2}}');
    expect(Object.keys(value as object)).toEqual(["a", "__proto__"]);
    expect(value).not.toHaveProperty("b");
  });
});

describe("whatever is sent", () => {
  const anyValue = fc.jsonValue({ maxDepth: 6, stringUnit: "grapheme" });

  test("a value that was written from memory has no field twice", async () => {
    await fc.assert(
      fc.asyncProperty(anyValue, async (value) => {
        const text = JSON.stringify(value, null, 1);
        expect(findDuplicateKey(text)).toBeNull();
        expect(JSON.stringify(await read(text), null, 1)).toBe(text);
      }),
    );
  });

  const escapeOf = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  /** The same name in two spellings. */
  const written = (key: string, escaped: boolean): string =>
    escaped ? `"${key.split("").map(escapeOf).join("")}"` : JSON.stringify(key);

  test("a field that is written again, in any object of a value and in any spelling, is found", async () => {
    const key = fc.oneof(fc.constantFrom("a", "role", "__proto__", "", "1"), fc.string({ unit: "grapheme" }));
    await fc.assert(
      fc.asyncProperty(anyValue, anyValue, anyValue, anyValue, key, fc.boolean(), fc.nat(), async (...given) => {
        const [around, one, between, other, name, escaped, place] = given;
        const fields = [
          [written(name, false), one],
          [written(`${name} x`, false), between],
          [written(name, escaped), other],
        ];
        const doubled = `{${fields.map(([field, value]) => `${field}:${JSON.stringify(value)}`).join()}}`;
        const text = plantedIn(around, doubled, place);
        expect(findDuplicateKey(text)).not.toBeNull();
        expect((await refusalOf(text)).code).toBe("request.duplicate_key");
      }),
      { numRuns: 300 },
    );
  });
});

const MARK = "a mark that no generator makes up 5b1d";

/** The value's text with one of its places taken by `text`. */
function plantedIn(value: unknown, text: string, place: number): string {
  let count = 0;
  JSON.stringify(value, (_key, inner) => {
    count++;
    return inner;
  });
  let index = 0;
  const marked = JSON.stringify(value, (_key, inner) => (index++ === place % count ? MARK : inner));
  return marked.replace(`"${MARK}"`, () => text);
}
