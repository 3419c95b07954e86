import type { JsonObject } from "../../src/core/json.ts";
import type { CompiledScan } from "../../src/scan/compile.ts";
import { scan, scanInSteps } from "../../src/scan/scan.ts";
import type { Chunk } from "./benign.ts";

const KIB = 1_024;
const SIZE = 32 * KIB;
const RUNS = 41;
const WARM_UP_ROUNDS = 3;

const filled = (unit: string, length: number): string => unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
const nested = (depth: number, length: number): string => {
  let text = filled("the quick brown fox jumps over the lazy dog 4111-1111 ", length);
  for (let level = 0; level < depth; level++) text = Buffer.from(text).toString("base64");
  return text.slice(0, length);
};

/** Text that was made to take long: for each part of the scanner what it reads most of. */
export const ADVERSARIAL: Readonly<Record<string, (length: number) => string>> = {
  "one digit": (length) => filled("4", length),
  "digits with spaces": (length) => filled("4 1 1 1 ", length),
  "cards that fail": (length) => filled("4111 1111 1111 1112 ", length),
  "phones that fail": (length) => filled("call (602) 272-97 ", length),
  "ids that fail": (length) => filled("nhs 1234567890 pesel 12345678911 ", length),
  "ids that fail, of one kind": (length) => filled("tax 12345678911 ", length),
  "phone numbers": (length) => filled("phone 780-999-2181, ", length),
  "dotted numbers": (length) => filled("1.2.3.4.5.6.7.8.9.", length),
  "at signs": (length) => filled("@", length),
  "almost addresses": (length) => filled("a@a.", length),
  "addresses without an end": (length) => filled("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@", length),
  "heads of IBANs": (length) => filled("GB29 NWBK ", length),
  "prefix AKIA": (length) => filled("AKIA", length),
  "prefix ghp_": (length) => filled("ghp_", length),
  "prefix eyJ.": (length) => filled("eyJ.", length),
  "prefix sk-ant-": (length) => filled("sk-ant-api03-", length),
  assignments: (length) => filled("password=", length),
  "assignments with values": (length) => filled('password="aB3$xY9z" ', length),
  "URL heads": (length) => filled("http://a:", length),
  "PEM heads": (length) => filled("-----BEGIN RSA PRIVATE KEY-----\n", length),
  "one letter": (length) => filled("a", length),
  "one upper-case letter": (length) => filled("A", length),
  "hex digits": (length) => filled("61", length),
  "hex pairs": (length) => filled("61 ", length),
  "base64 once": (length) => nested(1, length),
  "base64 thrice": (length) => nested(3, length),
  percent: (length) => filled("%41", length),
  "percent of percent": (length) => filled("%25", length),
  backslashes: (length) => filled("\\", length),
  "unicode escapes": (length) => filled("\\u0041", length),
  entities: (length) => filled("&#65;", length),
  "open entities": (length) => filled("&", length),
  "zero-width spaces": (length) => filled("a\u200b", length),
  "combining marks": (length) => filled("a\u0301\u0316\u0327", length),
  "only marks": (length) => filled("\u0301", length),
  "letters that stand for many": (length) => filled("\ufdfa", length),
  Cyrillic: (length) => filled("Привет, как дела? ", length),
  homoglyphs: (length) => filled("раураl ", length),
  "Hangul jamo": (length) => filled("\u1112\u1161\u11ab", length),
  "tag characters": (length) => filled("\u{e0041}", length),
  "variation selectors": (length) => filled("\ufe01\u{e0121}", length),
  "lines of one letter": (length) => filled("a\n", length),
  "dots between letters": (length) => filled("a.b.c.d.", length),
  boundaries: (length) => filled("\u0000", length),
  "lines of two words": (length) => filled("word\nword", length),
  "quoted-printable": (length) => filled("=3D=41=42\n", length),
  "escapes upon escapes": (length) => filled("\\\\\\\\u0041", length),
  "signs in brackets": (length) => filled("a [at] b (dot) c ", length),
  "spelled addresses": (length) => filled("a at b dot c dot de ", length),
  "hex lists": (length) => filled("0x41, 0x42, ", length),
  "base64 of zeros": (length) => filled("A", length),
  "keys without values": (length) => filled("key=token:secret ", length),
  "ligatures and fractions": (length) => filled("\ufb03\u00bd\u3300", length),
  "one word of two scripts": (length) => filled("a\u0430", length),
  "overrides of direction": (length) => filled("\u202ea\u202d", length),
  mixed: (length) => filled('a@b.co 4111 GB29 AKIA %41 &#65; \\u0041 YWJjZGVmZ2hp é password="x1" 10.0.0.1 ', length),
};

export type Timing = { readonly name: string; readonly p50Ms: number; readonly maxMs: number; readonly growth: number };

/** Milliseconds for 32 KB, and what four times as much takes in comparison; medians of turns that alternate. */
export function timingOf(name: string, make: (length: number) => string, compiled: CompiledScan): Timing {
  const small = { body: { text: make(SIZE) }, task: null };
  const large = { body: { text: make(4 * SIZE) }, task: null };
  const smallMs: number[] = [];
  const largeMs: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    smallMs.push(millisecondsOf(() => scan(small, compiled)));
    if (run % 4 === 0) largeMs.push(millisecondsOf(() => scan(large, compiled)));
  }
  return {
    name,
    p50Ms: quantile(smallMs, 0.5),
    // The first runs warm the compiler up.
    maxMs: quantile(smallMs.slice(8), 0.9),
    growth: quantile(largeMs.slice(2), 0.5) / quantile(smallMs.slice(8), 0.5),
  };
}

/** 32 KB prompts of real text: consecutive chunks of documentation and code. */
export function typicalMs(chunks: readonly Chunk[], compiled: CompiledScan): readonly number[] {
  const prompts: string[] = [];
  let prompt = "";
  for (const { text } of chunks) {
    prompt += text;
    if (prompt.length < SIZE) continue;
    prompts.push(prompt.slice(0, SIZE));
    prompt = "";
  }
  // A gateway runs for days: what is compiled at first does not count.
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    for (const text of prompts) scan({ body: { text }, task: null }, compiled);
  }
  return prompts.map((text) => millisecondsOf(() => scan({ body: { text }, task: null }, compiled)));
}

/** Bodies of about a megabyte that are many texts, or few, or none. */
export const BODIES: Readonly<Record<string, () => JsonObject>> = {
  "200,000 texts": () => ({ input: Array.from({ length: 199_000 }, () => "ab") }),
  "200,000 numbers": () => ({ x: Array.from({ length: 199_000 }, (_, index) => index % 10_000) }),
  "named texts": () => ({
    metadata: Object.fromEntries(Array.from({ length: 90_000 }, (_, index) => [`k${index}`, "v"])),
  }),
  messages: () => ({
    messages: Array.from({ length: 30_000 }, () => ({ role: "user", content: [{ text: "hello" }] })),
  }),
  "empty lists": () => ({ x: Array.from({ length: 300_000 }, () => []) }),
  "one long name": () => ({ ["n".repeat(KIB * KIB)]: "v" }),
  "marks of a sheet": () => ({ text: filled("\u0000\u0001\u0002", KIB * KIB) }),
  "every letter there is": () => ({
    text: Array.from({ length: 0x1ff00 }, (_, index) => String.fromCodePoint(index + 0x100))
      .join("")
      .toWellFormed(),
  }),
};

/** The longest that other requests wait for one step of a scan. */
export function longestStepOfBodyMs(body: JsonObject, compiled: CompiledScan): number {
  const steps = scanInSteps({ body, task: null }, compiled);
  let longest = 0;
  for (let done = false; !done; ) {
    longest = Math.max(
      longest,
      millisecondsOf(() => {
        done = steps.next().done === true;
      }),
    );
  }
  return longest;
}

/** The same for a text of a megabyte. */
export const longestStepMs = (make: (length: number) => string, compiled: CompiledScan): number =>
  longestStepOfBodyMs({ text: make(KIB * KIB) }, compiled);

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

function millisecondsOf(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
