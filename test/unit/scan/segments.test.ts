import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../../src/core/json.ts";
import { gather, gatherJoined, isDeeper, MAX_TEXTS, Pace, pathOf, ROOT, Sheets } from "../../../src/scan/segments.ts";
import { BOUNDARY, NAME_END } from "../../../src/scan/sheet.ts";

/** Texts with their paths, as the sheets hold them. */
function textsOf(body: JsonObject, collect: (body: JsonObject, sheets: Sheets) => Generator): [string, string][] {
  const sheets = new Sheets();
  Array.from(collect(body, sheets));
  return [...sheets.finish()].flatMap(({ text, places }) => {
    const texts = text.split(BOUNDARY);
    expect(texts).toHaveLength(places.length);
    return texts.map((each, index): [string, string] => [each, pathOf(places[index] ?? ROOT)]);
  });
}

function gathered(body: JsonObject): Sheets {
  const sheets = new Sheets();
  Array.from(gather(body, ROOT, sheets, new Pace()));
  return sheets;
}

const sheetsOf = (body: JsonObject) => [...gathered(body).finish()];

function isDeep(body: JsonObject, levels: number): boolean {
  const steps = isDeeper(body, levels, new Pace());
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

const all = (body: JsonObject) => textsOf(body, (value, sheets) => gather(value, ROOT, sheets, new Pace()));
const joined = (body: JsonObject, separator = "") =>
  textsOf(body, (value, sheets) => gatherJoined(value, [{ separator, sheets }], new Pace())).map(
    ([text, path]) => `${path}: ${text}`,
  );

describe("the texts of a body", () => {
  test("are its strings, its numbers and the names that are the client's own", () => {
    expect(
      all({ messages: [{ role: "user", content: "hi" }], seed: 7, x_new: { "a/b": true, c: ["d", null] } }),
    ).toEqual([
      ["hi", "/messages/0/content"],
      ["7", "/seed"],
      ["x_new", "/x_new"],
      ["a/b", "/x_new/a~1b"],
      ["c", "/x_new/c"],
      ["d", "/x_new/c/0"],
    ]);
  });

  test("say which is the name of the next", () => {
    expect(all({ metadata: { password: "x", age: 5, list: ["y"] } })).toEqual([
      [`password${NAME_END}`, "/metadata/password"],
      ["x", "/metadata/password"],
      [`age${NAME_END}`, "/metadata/age"],
      ["5", "/metadata/age"],
      ["list", "/metadata/list"],
      ["y", "/metadata/list/0"],
    ]);
  });

  test("cannot pass for the marks of a sheet", () => {
    expect(all({ text: "a\u0000b\u0001c\u0002d" })).toEqual([["a\u0003b\u0003c\u0003d", "/text"]]);
  });

  test("are in sheets of a bounded size; a longer one is cut into pieces that overlap", () => {
    const long = Array.from({ length: 40_000 }, (_, index) => index.toString(36).padStart(5, "-")).join("");
    const list = sheetsOf({ text: long, more: ["x".repeat(30_000), "y".repeat(30_000)], ["k".repeat(90_000)]: "z" });
    for (const { text } of list) expect(text.length).toBeLessThanOrEqual(32_768);
    const texts = list.flatMap(({ text }) => text.split(BOUNDARY));
    for (let at = 0; at < long.length - 900; at += 333) {
      expect(texts.some((text) => text.includes(long.slice(at, at + 900)))).toBe(true);
    }
  });

  test("keep a name in the sheet of what it names", () => {
    const sheets = sheetsOf({ filler: "z".repeat(32_740), password: "x".repeat(100) });
    expect(sheets.at(-1)?.text).toBe(`password${NAME_END}${BOUNDARY}${"x".repeat(100)}`);
  });

  test("are no more than can be read in moments", () => {
    expect(gathered({ input: Array.from({ length: MAX_TEXTS - 1 }, () => "a") }).overflowed).toBe(false);
    expect(gathered({ input: Array.from({ length: MAX_TEXTS + 1 }, () => "a") }).overflowed).toBe(true);
    expect(gathered({ input: Array.from({ length: MAX_TEXTS + 1 }, () => []) }).overflowed).toBe(true);
  });

  test("are known to lie too deep before anything is called for each level", () => {
    let value: JsonObject = {};
    for (let level = 0; level < 100_000; level++) value = { a: value };
    expect(isDeep(value, 128)).toBe(true);
    expect(isDeep({ a: { b: [{}] } }, 4)).toBe(false);
    expect(isDeep({ a: { b: [{}] } }, 3)).toBe(true);
  });
});

describe("texts side by side are one", () => {
  test.each<[string, JsonObject, string]>([
    ["texts of a list", { input: ["sec", "ret"] }, "/input: secret"],
    [
      "contents of messages",
      {
        messages: [
          { role: "user", content: "sec" },
          { role: "assistant", content: "ret" },
        ],
      },
      "/messages: secret",
    ],
    [
      "parts of a content, whatever stands between",
      { messages: [{ content: [{ type: "text", text: "sec" }, { type: "x" }, { type: "text", text: "ret" }] }] },
      "/messages/0/content: secret",
    ],
    [
      "the last part of a message and the first of the next",
      { messages: [{ content: [{ text: "a" }, { text: "sec" }] }, { content: "ret" }] },
      "/messages: asecret",
    ],
    ["a prompt and its suffix", { prompt: "sec", suffix: "ret" }, ": secret"],
  ])("%s", (_what, body, expected) => {
    expect(joined(body)).toContain(expected);
  });

  test("with a space between them, too", () => {
    expect(joined({ input: ["project", "falcon"] }, " ")).toContain("/input: project falcon");
  });

  test("of long ones only what is near a seam", () => {
    const texts = joined({ input: ["a".repeat(5_000), "b".repeat(5_000), "c"] });
    expect(texts.every((text) => text.length < 1_000)).toBe(true);
    expect(texts.some((text) => text.includes("aabb"))).toBe(true);
    expect(texts.some((text) => text.includes("bbc"))).toBe(true);
  });
});
