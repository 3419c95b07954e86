import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "bun";
import { scanFor } from "../support/compiled-scan.ts";
import { scratchFolder } from "../support/gateway-process.ts";
import { alarmsIn, benignChunks, countByCode } from "./benign.ts";
import { EVASIONS } from "./evasions.ts";
import { evasionRecall, keywordRecall, type Labelled, qualityOf, readLabelled } from "./quality.ts";
import { ADVERSARIAL, longestStepMs, quantile, typicalMs } from "./timing.ts";

const folder = scratchFolder();
afterAll(() => folder.remove());
const secret = scanFor(["secret"]);
const disguise = (name: string, value: string): string =>
  EVASIONS.find((one) => one.name === name)?.disguise(value) ?? "";

describe("a disguise", () => {
  test("changes a card, an address or a keyword, and never in the same way as another", () => {
    const value = "Ab1@x.org 4111-Z";
    const disguised = EVASIONS.map((one) => one.disguise(value));
    expect(disguised).not.toContain(value);
    expect(new Set(disguised).size).toBe(EVASIONS.length);
    expect(new Set(EVASIONS.map(({ name }) => name)).size).toBe(EVASIONS.length);
    expect(EVASIONS.length).toBeGreaterThanOrEqual(19);
  });

  test.each([
    ["zero-width space", "a1", "a\u200b1"],
    ["soft hyphen", "a1", "a\u00ad1"],
    ["tag characters alone", "a", "\u{e0061}"],
    ["combining marks", "a1", "a\u03011\u0301"],
    ["full-width", "a1 ", "ａ１ "],
    ["mathematical", "aZ9", "𝐚𝐙𝟗"],
    ["homoglyphs", "aß", "аß"],
    ["Arabic-Indic digits", "a09", "a٠٩"],
    ["Devanagari digits", "09", "०९"],
    ["base64", "é?", "w6k/"],
    ["base64url", "é?", "w6k_"],
    ["base64 twice", "abc", "WVdKag=="],
    ["hex", "é1", "c3a931"],
    ["hex pairs", "\na", "0a 61"],
    ["percent", "a\n", "%61%0A"],
    ["\\u escapes", "aé", "\\u0061\\u00e9"],
    ["decimal entities", "a😀", "&#97;&#128512;"],
    ["hexadecimal entities", "a", "&#x61;"],
    ["spaced", "a😀b", "a 😀 b"],
    ["dotted", "abc", "a.b.c"],
    ["newline inside", "abcd", "ab\ncd"],
    ["[at] and [dot]", "a@b.c", "a [at] b [dot] c"],
    ["[at] and [dot]", "b.c", "b.c"],
  ])("is as its name says: %s of %j", (name, value, expected) => {
    expect(disguise(name, value)).toBe(expected);
  });
});

describe("quality", () => {
  const line = (text: string, sensitive: boolean): Labelled => ({ text, sensitive });

  test("is precision and recall at the level of a prompt", () => {
    const lines = [
      ...[line("secret", true), line("the secret", true), line("hidden", true), line("concealed", true)],
      ...[line("a secret too", false), line("nothing", false), line("nothing at all", false)],
    ];
    const quality = qualityOf(lines, secret);
    expect(quality.precision).toBeCloseTo(2 / 3);
    expect(quality.recall).toBeCloseTo(2 / 4);
    expect(quality.missed.map(({ text }) => text)).toEqual(["hidden", "concealed"]);
    expect(quality.falseAlarms).toEqual([{ line: line("a secret too", false), codes: ["keyword"] }]);
  });

  test("of disguised prompts counts those whose values a disguise changes, all of which it changes", () => {
    const value = (text: string, start: number) => ({ type: "T", value: text, start, end: start + text.length });
    const lines: Labelled[] = [
      { text: "a secret, a secret", sensitive: true, spans: [value("secret", 2), value("secret", 12)] },
      { text: "42 hidden", sensitive: true, spans: [value("42", 0)] },
      { text: "nothing", sensitive: false },
    ];
    const recalls = evasionRecall(lines, secret);
    expect(recalls.map(({ name }) => name)).toEqual(EVASIONS.map(({ name }) => name));
    const of = (name: string) => recalls.find((recall) => recall.name === name);
    expect(of("zero-width space")).toMatchObject({ found: 1, of: 2, missed: ["4\u200b2 hidden"] });
    expect(of("Arabic-Indic digits")).toMatchObject({ found: 0, of: 1 });
    expect(of("[at] and [dot]")).toMatchObject({ found: 0, of: 0 });
    expect(of("full-width")?.missed).toEqual(["４２ hidden"]);
  });

  test("of keywords looks for each of them, alone and in a sentence", () => {
    const found = keywordRecall((keywords) => scanFor(keywords));
    const none = keywordRecall(() => scanFor([]));
    for (const [index, recall] of found.entries()) {
      expect(recall.found).toBeGreaterThanOrEqual(0.5 * recall.of);
      expect(none[index]).toMatchObject({ found: 0, of: recall.of });
      expect(none[index]?.missed).toHaveLength(recall.of);
    }
  });

  test("is read from lines of JSON", () => {
    writeFileSync(join(folder.path, "a.jsonl"), '{"text":"x","sensitive":true}\n{"text":"y","sensitive":false}\n');
    expect(readLabelled(folder.path, "a.jsonl").map(({ text }) => text)).toEqual(["x", "y"]);
  });
});

describe("benign text", () => {
  const directory = join(folder.path, "benign");

  test("comes in chunks of 2 KB, spread evenly over what is text in a folder", async () => {
    mkdirSync(join(directory, "deep"), { recursive: true });
    writeFileSync(join(directory, "b.md"), `${"b".repeat(2_048)}${"c".repeat(2_048)}d`);
    writeFileSync(join(directory, "deep", "a.md.gz"), gzipSync(Buffer.from("zipped")));
    writeFileSync(join(directory, "no.txt"), Uint8Array.from([0x61, 0xff]));
    writeFileSync(join(directory, "picture.png"), "not read");
    writeFileSync(join(directory, "large.json"), "x".repeat(2_000_001));
    const all = await benignChunks([directory], 100);
    expect(all.map(({ text, at }) => [text.charAt(0), text.length, at])).toEqual([
      ["b", 2_048, 0],
      ["c", 2_048, 2_048],
      ["d", 1, 4_096],
      ["z", 6, 0],
    ]);
    expect((await benignChunks([directory], 2)).map(({ text }) => text.charAt(0))).toEqual(["b", "d"]);
    expect(await benignChunks([directory, directory], 100)).toHaveLength(8);
  });

  test("alarms once for a chunk, and once for each of its codes", () => {
    const chunk = (text: string) => ({ file: "f", at: 0, text });
    const alarms = alarmsIn([chunk("secret secret"), chunk("none"), chunk("s\u200becret")], secret);
    expect(alarms.map(({ codes, views }) => [codes, views])).toEqual([
      [["keyword"], ["raw"]],
      [["keyword"], ["normalised"]],
    ]);
    const codes = [["a", "b", "a"], ["b"]].map((list) => ({ chunk: chunk(""), codes: list, views: [] }));
    expect(countByCode(codes)).toEqual([
      ["b", 2],
      ["a", 1],
    ]);
  });
});

describe("timing", () => {
  test("is of texts as long as is asked for", () => {
    for (const [name, make] of Object.entries(ADVERSARIAL))
      for (const length of [1_000, 4_097]) expect(make(length), name).toHaveLength(length);
  });

  test("is told as quantiles", () => {
    expect([0, 0.5, 0.9, 1].map((share) => quantile([5, 1, 3, 2, 4], share))).toEqual([1, 3, 5, 5]);
    expect(quantile([], 0.5)).toBeNaN();
  });

  test("of real text is of 32 KB each, and of a step the longest", () => {
    const chunks = Array.from({ length: 40 }, (_, at) => ({ file: "f", at, text: "a b ".repeat(512) }));
    const times = typicalMs(chunks, secret);
    expect(times).toHaveLength(2);
    for (const time of [...times, longestStepMs((length) => "a ".repeat(length / 2), secret)])
      expect(time).toBeGreaterThan(0);
  });
});
