import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { groupOf, KEYWORD, VIEWS } from "../../../src/core/finding.ts";
import type { JsonObject, JsonValue } from "../../../src/core/json.ts";
import { scan } from "../../../src/scan/scan.ts";
import { EVASIONS } from "../../measure/evasions.ts";
import { scanFor } from "../../support/compiled-scan.ts";
import {
  anyBody,
  around,
  isFoundAt,
  KIND_NAMES,
  KINDS,
  type KindName,
  PLANTED_RULES,
  type Plant,
  plant,
  plantInto,
  plantOf,
  put,
  resolve,
  type Slot,
  secretPlant,
  slotsOf,
  textPlant,
  wrapped,
} from "../../support/plant.ts";
import { REQUEST_BODIES } from "../../support/request-bodies.ts";

const SEED = 20_261_122;
const detecting = scanFor([], { detectSensitiveData: true });
const find = (body: JsonObject, compiled = detecting) => scan({ body, task: null }, compiled);

const ALL: ReadonlySet<KindName> = new Set(KIND_NAMES);
const without = (...names: KindName[]): ReadonlySet<KindName> =>
  new Set(KIND_NAMES.filter((name) => !names.includes(name)));
/** Other letters look like these whatever their case, which then is lost; and the shortest are no sure base64. */
const SENSITIVE_TO_CASE = ["jwt", "authorization", "cryptoWallet", "iban"] as const;
/** What is base64 in itself is decoded together with what it is wrapped in. */
const BASE64_WITHIN = ["jwt", "authorization"] as const;
const SHORT = ["markers", "ip", "email"] as const;
const MOSTLY_DIGITS = ["iban", "phone", "nationalId", "cryptoWallet"] as const;

const CARRIED: Readonly<Record<string, ReadonlySet<KindName>>> = {
  homoglyphs: without(...SENSITIVE_TO_CASE),
  base64: without(...SHORT),
  base64url: without(...SHORT),
  "base64 twice": without(...SHORT),
  hex: without(...SHORT, ...MOSTLY_DIGITS),
  "hex pairs": without(...SHORT, ...MOSTLY_DIGITS, ...BASE64_WITHIN),
  percent: without(...BASE64_WITHIN),
  "\\u escapes": without(...BASE64_WITHIN),
  "decimal entities": without(...BASE64_WITHIN),
  "hexadecimal entities": without(...BASE64_WITHIN),
  dotted: without("markers"),
  "newline inside": new Set(["creditCard", "usSsn", "iban", "cryptoWallet", "email", "markers"]),
  "[at] and [dot]": new Set(["email"]),
};

const pick = <T>(list: readonly T[], at: number): T => {
  const item = list[at % list.length];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
};

function expectFoundIn(body: JsonObject, slot: Slot, planted: Plant): void {
  const { body: changed, path } = plantInto(body, slot, planted);
  if (!isFoundAt(find(changed), planted.code, path)) {
    expect([find(changed), changed]).toEqual([[expect.objectContaining({ code: planted.code, path })], changed]);
  }
}

const KIND_CODES: ReadonlySet<string> = new Set(Object.values(KINDS).map(({ code }) => code));
/** Where one sheet ends or another begins, whichever size they have. */
const EDGES = [1, 2, 3].flatMap((part) => [31_744, 32_768, 64_512, 65_536].map((size) => part * size));
const KEYWORDS = ["blue heron", "geheim", "Müller-Lüdenscheidt", "M&A", "コードネーム", "проект", "x-ray 7", "4711991"];
const withKeywords = scanFor(KEYWORDS);

describe("what is planted", () => {
  const bodies = Object.entries(REQUEST_BODIES);

  test.each(bodies)("is found in any field of a request: %s", (_name, body) => {
    const slots = slotsOf(body).filter(({ kind }) => kind !== "number");
    fc.assert(
      fc.property(plant, around, fc.nat(), (planted, wrap, at) => {
        expectFoundIn(body, pick(slots, at), wrapped(planted, wrap));
      }),
      { seed: SEED, numRuns: 120 },
    );
  });

  test.each(bodies)("is found in every one of its fields: %s", (_name, body) => {
    const [planted] = fc.sample(plantOf("creditCard"), { seed: SEED, numRuns: 1 });
    if (planted === undefined) throw new Error("no sample");
    for (const slot of slotsOf(body)) expectFoundIn(body, slot, planted);
  });

  test("is found whichever rule it is for", () => {
    const slots = slotsOf(REQUEST_BODIES["OpenAI chat"] ?? {}).filter(({ kind }) => kind !== "number");
    for (const [index, rule] of PLANTED_RULES.entries()) {
      for (const planted of fc.sample(secretPlant(rule), { seed: SEED, numRuns: 1 })) {
        expectFoundIn(REQUEST_BODIES["OpenAI chat"] ?? {}, pick(slots, index), planted);
      }
    }
  });

  test("is found in any place of any JSON, at any index and under any name", () => {
    fc.assert(
      fc.property(anyBody, plant, around, fc.nat(), (body, planted, wrap, at) => {
        const slots = slotsOf(body).filter(({ kind }) => kind !== "number");
        expectFoundIn(body, pick(slots, at), wrapped(planted, wrap));
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  test("is found at any index of a long list", () => {
    fc.assert(
      fc.property(textPlant, fc.nat(4_000), ({ code, text }, index) => {
        const list = Array.from({ length: 4_001 }, (_, at) => (at === index ? text : "no news"));
        expect(isFoundAt(find({ x_list: list }), code, `/x_list/${index}`)).toBe(true);
      }),
      { seed: SEED, numRuns: 15 },
    );
  });

  test("is found where it is a number", () => {
    const card = plantOf("creditCard").filter(
      ({ text }) => /^\d{15,16}$/.test(text) && Number.isSafeInteger(Number(text)),
    );
    const account = fc.constant({ code: KEYWORD, name: null, text: "4711991" });
    for (const [name, body] of bodies) {
      const slots = slotsOf(body).filter(({ kind }) => kind !== "name");
      fc.assert(
        fc.property(fc.oneof(card, account), fc.nat(), ({ code, text }, at) => {
          const slot = pick(slots, at);
          const compiled = code === KEYWORD ? withKeywords : detecting;
          const { path } = plantInto(body, slot, { code, name: null, text });
          expect(isFoundAt(find(put(body, slot, Number(text)), compiled), code, path), name).toBe(true);
        }),
        { seed: SEED, numRuns: 40 },
      );
    }
  });

  test("is found in the arguments of a call, which are JSON in a string", () => {
    const body = (text: string) => ({ messages: [{ tool_calls: [{ function: { name: "f", arguments: text } }] }] });
    fc.assert(
      fc.property(plant, around, fc.boolean(), (planted, wrap, isPretty) => {
        // What is base64 itself is decoded together with the escape before it.
        const isBase64 = BASE64_WITHIN.some((kind) => KINDS[kind].code === planted.code);
        const { name, text } = isBase64 ? planted : wrapped(planted, wrap);
        // Samples of rules take in the quotes that a program puts around a value; here these are the JSON's own.
        fc.pre(KIND_CODES.has(planted.code) || !/["'\\]/.test((name ?? "") + planted.text));
        fc.pre(name === null || /^[\w.:-]+$/.test(text));
        const value = name === null ? { q: [text] } : { [name]: text };
        const found = find(body(JSON.stringify(value, null, isPretty ? 2 : 0)));
        expect(isFoundAt(found, planted.code, "/messages/0/tool_calls/0/function/arguments")).toBe(true);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  test("is found at any place of a long text, where it is cut into sheets, too", () => {
    const filler = "and so on ".repeat(20_500);
    const places = fc
      .tuple(fc.constantFrom(0, ...EDGES), fc.integer({ min: -1_400, max: 1_400 }))
      .map(([edge, offset]) => Math.max(0, edge + offset));
    fc.assert(
      fc.property(textPlant, places, fc.boolean(), ({ code, text }, at, isNamed) => {
        const long = `${filler.slice(0, at)} ${text} ${filler.slice(at)}`;
        const body = isNamed ? { x_new: long } : { prompt: long };
        expect(isFoundAt(find(body), code, isNamed ? "/x_new" : "/prompt")).toBe(true);
      }),
      { seed: SEED, numRuns: 50 },
    );
  });

  test("is found where it is a keyword, in any place and in any case", () => {
    const written = fc
      .tuple(fc.constantFrom(...KEYWORDS), fc.constantFrom("toUpperCase", "toLowerCase", "trim"))
      .map(([keyword, change]) => keyword[change]());
    fc.assert(
      fc.property(anyBody, written, around, fc.nat(), (body, text, wrap, at) => {
        const slot = pick(slotsOf(body), at);
        const planted = plantInto(body, slot, { code: KEYWORD, name: null, text: wrap(text) });
        expect(isFoundAt(find(planted.body, withKeywords), KEYWORD, planted.path)).toBe(true);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});

describe("what is split between two texts", () => {
  type Split = { readonly path: string; readonly body: (left: string, right: string) => JsonObject };
  const SPLITS: Readonly<Record<string, Split>> = {
    "parts of a message": {
      path: "/messages/0/content",
      body: (left, right) => ({
        messages: [{ role: "user", content: [left, right].map((text) => ({ type: "text", text })) }],
      }),
    },
    "parts with a picture's between": {
      path: "/messages/0/content",
      body: (left, right) => ({ messages: [{ content: [{ text: left }, { type: "x" }, { text: right }] }] }),
    },
    messages: {
      path: "/messages",
      body: (left, right) => ({ messages: [left, right].map((content) => ({ role: "user", content })) }),
    },
    "the end of one message's parts and another message": {
      path: "/messages",
      body: (left, right) => ({ messages: [{ content: [{ text: "Hello." }, { text: left }] }, { content: right }] }),
    },
    "items of a list": { path: "/stop", body: (left, right) => ({ stop: ["END ", left, right] }) },
    "a prompt and its suffix": { path: "", body: (prompt, suffix) => ({ prompt, suffix }) },
    "instructions and input": { path: "", body: (instructions, input) => ({ instructions, input }) },
    "texts of an unknown field": {
      path: "/x_new/deep",
      body: (left, right) => ({ x_new: { deep: [{ y: left }, { y: right }] } }),
    },
  };

  test.each(Object.entries(SPLITS))("is found in %s", (_name, { path, body }) => {
    fc.assert(
      fc.property(textPlant, fc.nat(), fc.boolean(), ({ code, text }, at, isLong) => {
        const cut = 1 + (at % (text.length - 1));
        const far = isLong ? "and so on. ".repeat(100) : "";
        const findings = find(body(`${far}See ${text.slice(0, cut)}`, `${text.slice(cut)} there. ${far}`));
        // A part that is one by itself is told of where it stands.
        const isThere = findings.some((one) => one.code.startsWith(code) && `${one.path}/`.startsWith(`${path}/`));
        if (!isThere) expect([findings, text, cut]).toEqual([[expect.objectContaining({ code, path })], text, cut]);
        const isWhole =
          find({ text: `See ${text.slice(0, cut)}` }).length + find({ text: `${text.slice(cut)} there.` }).length;
        // So is one beside which the other part only stands, as the members of a key do that say what it is.
        const isBeside = findings.some((one) => one.code.startsWith(code) && one.view === "raw");
        if (isWhole === 0 && !isBeside) expect(isFoundAt(findings, code, path)).toBe(true);
      }),
      { seed: SEED, numRuns: 70 },
    );
  });
});

/** Beside digits, what looks like an O or an I in another script is read as a zero or a one: it may be either. */
const ENDS_IN_LIKE_A_DIGIT = /\d[OI]$/;
/** What is put together ends where words go on as they do in prose. */
const ENDS_IN_A_WORD: ReadonlySet<string> = new Set(["spaced", "newline inside"]);

test("a phrase of short words is found with a space where two texts meet", () => {
  const compiled = scanFor(["a b"]);
  expect(isFoundAt(find({ input: ["it is a", "b or c"] }, compiled), KEYWORD, "/input")).toBe(true);
  expect(find({ input: ["it is", "b or c"] }, compiled)).toEqual([]);
});

test("a word of the protocol is text wherever a client may say anything", () => {
  const compiled = scanFor(["assistant"]);
  expect(find({ messages: [{ role: "assistant", type: "assistant" }] }, compiled)).toEqual([]);
  for (const field of ["content", "name", "model", "x_new"]) {
    expect(isFoundAt(find({ [field]: "assistant" }, compiled), KEYWORD, `/${field}`)).toBe(true);
  }
});

test("a path is a JSON Pointer, whatever the names on it", () => {
  const findings = find({ "~1/~": [{ "": "blue heron" }] }, withKeywords);
  expect(findings).toEqual([{ code: KEYWORD, path: "/~01~1~0/0/", view: "raw", count: 1 }]);
});

describe("what is disguised", () => {
  test.each(EVASIONS.map(({ name, disguise }) => [name, disguise] as const))("is found: %s", (name, disguise) => {
    const kinds = KIND_NAMES.filter((kind) => (CARRIED[name] ?? ALL).has(kind));
    const values = fc.constantFrom(...kinds).chain(plantOf);
    fc.assert(
      fc.property(values, around, fc.nat(), (planted, wrap, at) => {
        const { code } = planted;
        fc.pre(name !== "homoglyphs" || !ENDS_IN_LIKE_A_DIGIT.test(planted.text));
        const disguised = disguise(planted.text);
        // A line ends within a word, or it ends something.
        if (name === "newline inside" && !/[A-Za-z0-9]\n[a-z0-9]/.test(disguised)) return;
        const body = REQUEST_BODIES["Ollama chat"] ?? {};
        const slot = pick(
          slotsOf(body).filter(({ kind }) => kind !== "number"),
          at,
        );
        expectFoundIn(
          body,
          slot,
          ENDS_IN_A_WORD.has(name)
            ? { code, name: null, text: `See ${disguised} there.` }
            : wrapped({ code, name: null, text: disguised }, wrap),
        );
      }),
      { seed: SEED, numRuns: 60 },
    );
  });
});

/** Pieces of what the scanner looks for, so that random texts come close to it. */
const HOSTILE = [
  ...["\u0000", "\u0001", "\u0002", "\ud83d", "\udc00", "\u200b", "\u0301", "\u{e0041}", "\ufdfa", "ё", "１"],
  ...["4111", "1111 ", "-", "@", ".com", "GB29", "AKIA", "ghp_", "eyJhbGciOi", "sk-", "password", "=", '"', "://", ":"],
  ...["\\u0041", "\\", "%41", "%", "&#65;", "&", "YWJjZGVm", "61626364", "0x61,", "\n", " ", "/", "-----BEGIN "],
];
const hostileText = fc
  .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ maxLength: 4, unit: "binary" })), { maxLength: 60 })
  .map((pieces) => pieces.join(""));
const hostileBody: fc.Arbitrary<JsonObject> = fc
  .letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      hostileText,
      fc.oneof(fc.double({ noNaN: true }), fc.maxSafeInteger(), fc.boolean(), fc.constant(null)),
      fc.array(tie("value"), { maxLength: 5 }),
      fc.dictionary(hostileText, tie("value"), { maxKeys: 5 }),
    ),
  }))
  .value.map((value) => ({ messages: [value], x_new: value }));

describe("a scan", () => {
  test("never throws, and says of each finding what, where, how and how often, and no more", () => {
    const both = scanFor(["secret", "ё"], { detectSensitiveData: true, threshold: "weak" });
    fc.assert(
      fc.property(fc.oneof(hostileBody, anyBody), (body) => {
        for (const finding of find(body, both)) {
          expect(Object.keys(finding).toSorted()).toEqual(["code", "count", "path", "view"]);
          expect(() => groupOf(finding.code)).not.toThrow();
          expect(VIEWS).toContain(finding.view);
          expect(Number.isInteger(finding.count) && finding.count >= 1).toBe(true);
          expect(resolve(body, finding.path)).not.toBeUndefined();
        }
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  test("tells nothing of what it found, but the names on the way to it", () => {
    fc.assert(
      fc.property(textPlant, around, fc.nat(), ({ text }, wrap, at) => {
        const body = REQUEST_BODIES["OpenAI chat"] ?? {};
        const slot = pick(
          slotsOf(body).filter(({ kind }) => kind === "string"),
          at,
        );
        const findings = find(put(body, slot, wrap(text)));
        const said = JSON.stringify(findings.map((finding) => ({ ...finding, path: "" })));
        expect(findings.every(({ path }) => resolve(body, path) !== undefined)).toBe(true);
        for (const word of text.split(/[\s:=/"'@.]+/).filter((part) => part.length > 6 && /\d/.test(part))) {
          expect(JSON.stringify(findings)).not.toContain(word);
        }
        expect(said).not.toContain(text);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});
