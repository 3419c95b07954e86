import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../../src/core/json.ts";
import { scan } from "../../../src/scan/scan.ts";
import { Budget } from "../../../src/scan/sheet.ts";
import { decodeInTwo, holdsEncodedText } from "../../../src/scan/views/decode.ts";
import { scanFor } from "../../support/compiled-scan.ts";
import { bytesOf } from "../../support/seeded-secret.ts";

const KEYWORDS = scanFor(["phoenix", "机密"]);
const ALL = scanFor(["phoenix"], { detectSensitiveData: true });
const codesIn = (body: JsonObject, compiled = KEYWORDS) => [
  ...new Set(scan({ body, task: null }, compiled).map(({ code }) => code)),
];
const inBase64 = (text: string | Uint8Array): string => Buffer.from(text).toString("base64");
const LONG = "lorem ipsum dolor ".repeat(400);
const words = (text: string, write: (unit: number) => string): string =>
  Array.from(text, (character) => write(character.charCodeAt(0))).join("");

/** What hides a keyword where one reading alone does not show it; each was a way past the scanner once. */
describe("a keyword is found", () => {
  test.each<[string, JsonObject]>([
    ["beside a single letter that is no part of it", { t: "we have a p h o e n i x project" }],
    ["broken twice, with other lines around it", { t: "this is\npho\nenix\nstuff" }],
    ["as a list of a program", { t: '["p", "h", "o", "e", "n", "i", "x"]' }],
    ["in base64, with characters between that nobody sees", { t: `x ${inBase64([..."phoenix plan"].join("\u200b"))}` }],
    ["in base64, in letters that look like its own", { t: `x ${inBase64("рhоеnіх project")}` }],
    ["over lists in a list", { x: [["p"], ["h"], ["o"], ["e"], ["n"], ["i"], ["x"]] }],
    ["over objects in objects", { x: [{ k: { z: "phoe" } }, { k: { z: "nix" } }] }],
    ["over a key and its value", { z: { phoe: "nix" } }],
    ["over instructions and a list of input", { instructions: "phoe", input: [{ type: "message", content: "nix" }] }],
    [
      "over the arguments of two calls",
      {
        messages: [
          {
            tool_calls: [
              { id: "1", function: { name: "f", arguments: "phoe" } },
              { id: "2", function: { name: "g", arguments: "nix" } },
            ],
          },
        ],
      },
    ],
    ["over long messages", { messages: [{ content: `${LONG}pho` }, { content: `enix ${LONG}` }] }],
    [
      "over long messages with white space at the seam",
      { messages: [{ content: `${LONG}pho${" ".repeat(400)}` }, { content: `enix ${LONG}` }] },
    ],
    [
      "over long messages with unseen characters at the seam",
      { messages: [{ content: `${LONG}pho${"\u00ad".repeat(400)}` }, { content: `enix ${LONG}` }] },
    ],
  ])("%s", (_how, body) => {
    expect(codesIn(body)).toEqual(["keyword"]);
  });

  test("of two ideographs with a space between them", () => {
    expect(codesIn({ t: "这是 机 密 文件" })).toEqual(["keyword"]);
  });
});

describe("a secret is found", () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signature = Buffer.from(Array.from({ length: 32 }, (_, index) => (index * 83 + 11) % 251)).toString(
    "base64url",
  );
  const token = [part({ alg: "HS256" }), part({ sub: "4711", name: "x" }), signature].join(".");

  test.each([
    ["percent", words(token, (unit) => `%${unit.toString(16)}`)],
    ["escapes", words(token, (unit) => `\\u${unit.toString(16).padStart(4, "0")}`)],
    ["entities", words(token, (unit) => `&#${unit};`)],
    ["the JSON of arguments", JSON.stringify({ q: `\n${token}` })],
  ])("that is base64 by itself, in %s", (_how, text) => {
    expect(codesIn({ text }, ALL)).toContain("secret.jwt");
  });

  test("that is longer than what two sheets share", () => {
    const long = [part({ alg: "HS256" }), part({ roles: Array.from({ length: 300 }, (_, i) => i * 7919) }), signature];
    for (let at = 28_000; at < 34_000; at += 500) {
      expect(codesIn({ text: `${"x ".repeat(at / 2)}${long.join(".")}` }, ALL)).toContain("secret.jwt");
    }
  });

  test("that is long and the last line of a file in the JSON of arguments", () => {
    const key = bytesOf(5, 64).toString("base64");
    const found = codesIn({ arguments: JSON.stringify({ file: `A=1\ncosmos_key=${key}` }) }, ALL);
    expect(found).toContain("secret.azure_account_key");
  });

  test("in the address of a wallet that is spelled out and ends in digits and a letter", () => {
    const address =
      "addr1rz9qrqtvqzrqqjzhfu4qeycyrwh8d3yfr0tf0p4v8wqf3p3fzpfarfnvztqhfhd3yfks7hpd00ptvtlvazkn5w8cdmujlq275k";
    expect(codesIn({ text: [...address].join(".") }, ALL)).toContain("pii.crypto_wallet");
  });

  test.each([
    ["of Italy", "RSSMRA85T10A562S"],
    ["of Singapore", "NRIC S1234567D"],
    ["of Ireland", "PPS 1234567T"],
    ["of China", "idcard 11010519491231002X"],
  ])("in a number %s that is spelled out and ends in a letter", (_of, text) => {
    for (const separator of [" ", ".", "-"]) {
      const [number = "", ...words] = text.split(" ").toReversed();
      const spelled = [...words.toReversed(), [...number].join(separator)].join(" ");
      expect(codesIn({ text: `my ${spelled} is` }, ALL).some((code) => code.startsWith("pii.national_id."))).toBe(true);
    }
  });

  test("beside its name, however much follows it", () => {
    for (const count of [10, 5_000, 10_920]) {
      const ssn = ["536", "22", "8145"].join("");
      expect(codesIn({ b: { ssn: `${ssn} ${"lorem ".repeat(count)}` } }, ALL)).toContain("pii.us_ssn");
    }
  });
});

describe("harmless text stays so", () => {
  test.each([
    ["an address on a network beside a token's name", "token: 10.0.0.1:8080"],
    ["a sheet of variables", `${"API_KEY=$".padEnd(9)}{API_KEY}\n`.repeat(1_600)],
    ["zeros in base64", "A".repeat(60_000)],
  ])("%s", (_what, text) => {
    expect(codesIn({ text }, ALL)).toEqual([]);
  });
});

describe("what is decoded", () => {
  test("does not depend on what was decoded before", () => {
    const text = `x ${inBase64("Please note herअ card")} y`;
    const alone = decodeInTwo(text, new Budget(1_000_000)).wholly;
    for (const before of ["AAAA BBBB CCCC DDDD EEEE", "aaaa bbbb cccc dddd eeee"]) {
      decodeInTwo(inBase64(before), new Budget(1_000_000));
      expect(decodeInTwo(text, new Budget(1_000_000)).wholly).toBe(alone);
    }
  });

  test("counts as still encoded also behind another list of pairs, and pays for its own work", () => {
    const pairs = (text: string) => Buffer.from(text).toString("hex").replace(/../g, "$& ").trim();
    const hidden = `mac de:ad:be:ef:00:11:f2 and ${pairs("a second list of pairs")}`;
    expect(holdsEncodedText(hidden, new Budget(1_000_000))).toBe(true);
    const budget = new Budget(1_000);
    decodeInTwo("nothing is encoded here", budget);
    expect(budget.exhausted).toBe(false);
  });
});

describe("what tools answer", () => {
  const answer = (content: string, id = "call_x7Kd92Lm") => ({
    messages: [{ role: "tool", tool_call_id: id, content }],
  });

  test.each([
    ["a number beside the id of its call", answer("78 651 450")],
    ["rows of numbers with tabs", answer("314974\t15\t9221358189\n754881\t16\t9221358190\n")],
    ["columns of four digits", answer("4215,6127,5501,0123\n4215,6127,5501,0124\n4539,1488,0343,6467\n")],
  ])("is no phone and no card: %s", (_what, body) => {
    expect(codesIn(body, ALL)).toEqual([]);
  });
});

describe("however a body is made", () => {
  test("a name stays with its value where a sheet ends", () => {
    const password = ["Tr0ub4dor", "3xKq9"].join("&");
    for (let size = 32_736; size < 32_752; size++) {
      const body = { input: ["x".repeat(size)], metadata: { password } };
      expect(codesIn(body, ALL)).toContain("secret.assignment");
    }
  });

  test("long names are not written again and again", () => {
    const mail = ["jane.roe", "mail.example.org"].join("@");
    let body: JsonObject = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`m${index}`, mail]));
    for (let level = 0; level < 60; level++) body = { [`${"/~".repeat(5_000)}${level}`]: body };
    const findings = scan({ body, task: null }, ALL);
    expect(findings.filter(({ code }) => code === "pii.email")).toHaveLength(16);
  });

  test("keywords within keywords are one, and no more of them are told than a decision needs", () => {
    const nested = scanFor(Array.from({ length: 200 }, (_, index) => "a".repeat(index + 1)));
    const findings = scan({ body: { text: "a".repeat(30_000) }, task: null }, nested);
    expect(findings).toEqual([{ code: "keyword", path: "/text", view: "raw", count: 256 }]);
  });
});
