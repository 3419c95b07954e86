import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FINDING_GROUPS, groupOf } from "../../../src/core/finding.ts";
import { Automaton, Hits } from "../../../src/scan/automaton.ts";
import { compileScan, type ScanOptions } from "../../../src/scan/compile.ts";
import { detectorCodes } from "../../../src/scan/detector-codes.ts";
import type { KeywordList } from "../../../src/scan/keyword-list.ts";
import { scan } from "../../../src/scan/scan.ts";
import { EVASIONS } from "../../measure/evasions.ts";
import { scanFor } from "../../support/compiled-scan.ts";

const SEED = 20_261_122;
/** Detectors have much to compile, and nothing to do with keywords but that they share an automaton. */
const PATTERN = { patterns: [{ id: "heron", pattern: "heron", keywords: ["heron", "blue"] }] } as const;
const ON = { detectSensitiveData: true } as const;

const findingsIn = (text: string, keywordLists: readonly KeywordList[], options: Partial<ScanOptions> = {}) =>
  scan({ body: { text }, task: null }, scanFor(options.keywords ?? [], { ...options, keywordLists }));
const codesIn = (text: string, lists: readonly KeywordList[], options: Partial<ScanOptions> = {}) =>
  findingsIn(text, lists, options).map(({ code }) => code);
const listOf = (id: string, ...keywords: string[]): KeywordList => ({ id, keywords });

/** Few letters, so that words hold each other, end each other and stand in several lists. */
const letters = (maxLength: number) =>
  fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength }).map((units) => units.join(""));
const listsOf = (word: fc.Arbitrary<string>) =>
  fc
    .array(fc.uniqueArray(word, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 5 })
    .map((all) => all.map((keywords, index) => ({ id: `list_${index}`, keywords })));

/** As plainly as it can be said: at how many places any word of the list ends. */
function placesOf({ keywords }: KeywordList, text: string): number {
  const ends = Array.from({ length: text.length }, (_, index) => index + 1);
  return ends.filter((end) => keywords.some((keyword) => text.slice(0, end).endsWith(keyword))).length;
}

describe("lists of keywords", () => {
  test("have a code each, beside that of the keywords that are in no list", () => {
    const lists = [listOf("board", "takeover"), listOf("people", "salary")];
    expect(codesIn("a salary", lists)).toEqual(["keyword.people"]);
    expect(codesIn("the takeover and a salary", lists).toSorted()).toEqual(["keyword.board", "keyword.people"]);
    expect(codesIn("a salary", lists, { keywords: ["salary"] }).toSorted()).toEqual(["keyword", "keyword.people"]);
    expect(codesIn("nothing of it", lists)).toEqual([]);
    for (const code of codesIn("a salary", lists)) expect(groupOf(code)).toBe("keyword");
  });

  test("do not hide each other's words", () => {
    const both = ["keyword.one", "keyword.two"];
    const cases: readonly (readonly [string, KeywordList, KeywordList])[] = [
      ["foobar", listOf("one", "foo"), listOf("two", "foobar")],
      ["foobar", listOf("one", "bar"), listOf("two", "foobar")],
      ["foobar", listOf("one", "foobar", "ar"), listOf("two", "ob", "bar")],
      ["foobar", listOf("one", "oob"), listOf("two", "foobar")],
      ["foobar", listOf("one", "foobar"), listOf("two", "foobar")],
      ["FooBar", listOf("one", "FOOBAR"), listOf("two", "foobar")],
      ["blue heron seven", listOf("one", "blue heron"), listOf("two", "heron seven")],
    ];
    for (const [text, one, two] of cases) {
      expect(codesIn(text, [one, two]).toSorted()).toEqual(both);
      expect(codesIn(text, [two, one]).toSorted()).toEqual(both);
    }
  });

  test("find what a naive search finds, as often, and no more", () => {
    fc.assert(
      fc.property(listsOf(letters(5)), letters(60), (lists, text) => {
        const found = findingsIn(text, lists).map(({ code, count }) => `${code} ${count}`);
        const naive = lists
          .map((list) => ({ id: list.id, count: placesOf(list, text) }))
          .filter(({ count }) => count > 0)
          .map(({ id, count }) => `keyword.${id} ${count}`);
        expect(found.toSorted()).toEqual(naive.toSorted());
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  test("find what each finds alone, whatever the disguise and whatever else is looked for", () => {
    const word = fc.oneof(
      fc.constantFrom("blue heron", "heron", "Müller-Lüdenscheidt", "M&A", "geheim", "geheimnis", "проект", "x-ray 7"),
      letters(6),
    );
    const disguise = fc.constantFrom(...EVASIONS.map((evasion) => evasion.disguise), (value: string) => value);
    const text = fc
      .array(fc.tuple(word, disguise, fc.constantFrom("", " ", " and ", "\n")), { minLength: 1, maxLength: 4 })
      .map((pieces) => pieces.map(([value, hide, separator]) => `${hide(value)}${separator}`).join(""));
    fc.assert(
      fc.property(listsOf(word), text, (lists, written) => {
        const together = findingsIn(written, lists, { ...PATTERN, keywords: ["heron"] });
        for (const list of lists) {
          const code = `keyword.${list.id}`;
          const alone = findingsIn(written, [list]).filter((finding) => finding.code === code);
          expect(together.filter((finding) => finding.code === code)).toEqual(alone);
        }
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  test.each(EVASIONS.map(({ name, disguise }) => [name, disguise] as const))(
    "see a word of several lists through a disguise: %s",
    (_name, disguise) => {
      const lists = [listOf("one", "blueheron"), listOf("two", "BlueHeron"), listOf("three", "blueheron")];
      const alone = codesIn(`it is ${disguise("blueheron")} now`, [listOf("one", "blueheron")]);
      const together = codesIn(`it is ${disguise("blueheron")} now`, lists);
      expect(together.toSorted()).toEqual(alone.length === 0 ? [] : ["keyword.one", "keyword.three", "keyword.two"]);
    },
  );

  test.each([
    ["base64", Buffer.from("foo").toString("base64")],
    ["hexadecimal", Buffer.from("foo").toString("hex")],
    ["spelled out", "f o o"],
    ["spelled with dots", "f.o.o"],
  ])("see a short word of several lists: %s", (_name, written) => {
    const codes = codesIn(`it is ${written} now`, [listOf("one", "foo"), listOf("two", "foo", "fo")]);
    expect(codes.toSorted()).toEqual(["keyword.one", "keyword.two"]);
  });

  test("are told each, however often another one is found", () => {
    const text = `${"alpha ".repeat(2_000)}beta`;
    expect(findingsIn(text, [listOf("one", "alpha"), listOf("two", "beta")])).toMatchObject([
      { code: "keyword.one", count: 256 },
      { code: "keyword.two", count: 1 },
    ]);
  });

  test("give the automaton no more to say of a place than there are lists", () => {
    const texts = Array.from({ length: 60 }, (_, index) => "a".repeat(index + 1));
    const lists = new Map(texts.map((_, index) => [index, [index % 3]]));
    const text = "a".repeat(1_000);
    const hits = new Hits();
    Automaton.build(texts, lists)?.run(text, hits);
    expect(hits.literalCount / 2).toBeGreaterThan(2 * text.length);
    expect(hits.literalCount / 2).toBeLessThanOrEqual(3 * text.length);
  });

  test("do not change which rules an audit row names", () => {
    const plain = scanFor([], ON).ruleset;
    expect(scanFor([], { ...ON, keywordLists: [listOf("one", "foo")] }).ruleset).toBe(plain);
  });

  test("make a scan active, unless they are empty", () => {
    expect(scanFor([], { keywordLists: [listOf("one", "foo")] }).active).toBe(true);
    expect(scanFor([], { keywordLists: [listOf("one")] }).active).toBe(false);
  });
});

describe("a list that is no good", () => {
  const faultsOf = (keywordLists: readonly KeywordList[]) => {
    const compiled = compileScan({ keywords: [], keywordLists, detectSensitiveData: false });
    return compiled.ok ? [] : compiled.error;
  };
  const messagesOf = (lists: readonly KeywordList[]) => faultsOf(lists).map(({ message }) => message);

  test("is named with the position of the keyword that nothing can match, and no keyword is quoted", () => {
    const faults = faultsOf([
      listOf("fine", "quetzal"),
      listOf("board", "quetzal", "", " \n", "\u200b\u00ad"),
      listOf("people", "\u0000"),
    ]);
    expect(faults.map(({ id }) => id)).toEqual(["board", "board", "board", "people"]);
    expect(faults.map(({ message }) => message)).toEqual([
      "Keyword 2 of the list board is nothing but white space or characters that nobody sees.",
      "Keyword 3 of the list board is nothing but white space or characters that nobody sees.",
      "Keyword 4 of the list board is nothing but white space or characters that nobody sees.",
      "Keyword 1 of the list people is nothing but white space or characters that nobody sees.",
    ]);
    expect(JSON.stringify(faults)).not.toContain("quetzal");
  });

  test.each(["", "A", "1a", "a-b", "a.b", "a b", "é", "a".repeat(65)])("needs a good id, not %j", (id) => {
    const message = "Keyword list 2 needs an id of at most 64 lower-case letters, digits and _, a letter first.";
    expect(faultsOf([listOf("fine", "quetzal"), listOf(id, "quetzal")])).toEqual([{ message, id: null }]);
  });

  test("has no other's id", () => {
    expect(messagesOf([listOf("one", "a"), listOf("two", "b"), listOf("one", "c")])).toEqual([
      "Keyword lists 1 and 3 have the same id.",
    ]);
    expect(messagesOf([listOf("a".repeat(64), "a"), listOf("a_1", "b")])).toEqual([]);
  });
});

describe("the codes of the built-in detectors", () => {
  test("are of their four groups, and are what they give", () => {
    const groups = new Set([...detectorCodes()].map(groupOf));
    expect(FINDING_GROUPS.filter((group) => groups.has(group))).toEqual(["marker", "pii", "secret", "evasion"]);
    const found = codesIn(`jane.roe@${"mail.example.org"}, 4111 1111 1111 1111`, [], ON);
    expect(found.length).toBeGreaterThan(1);
    for (const code of found) expect(detectorCodes().has(code)).toBe(true);
  });
});
