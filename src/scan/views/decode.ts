import type { Budget, Rewrite } from "../sheet.ts";
import { findPairs, HexReader, isPairAt, isPrefixAt } from "./hex.ts";
import { RunReader } from "./runs.ts";
import { readSigns } from "./signs.ts";
import { readSpelledAddresses } from "./spelled.ts";
import { Replacing, type Rewritten, unchanged, windowed } from "./windows.ts";

/** Fewer bytes than these may be read as text by chance once in a library of code. */
const SURE_BYTES = 9;
const NONE = -1;
const HEX_PREFIX = "0x";

const runs = new RunReader();
const hex = new HexReader();

/** One level of what is encoded or spelled out in a sheet, decoded where it stands. */
export type Decoded = {
  /** What is base64 by itself, such as a token whose escapes were read, is left as it is. Null where that is all there is. */
  readonly partly: string | null;
  readonly wholly: string | null;
};

export function decodeInTwo(sheet: string, budget: Budget): Decoded {
  const signs = readSpelledAddresses(readSigns(unchanged(sheet), true, budget));
  const lists = readHexLists(readHexPairs(signs, budget), budget);
  const runs = readRuns(lists, budget);
  return { partly: runs === lists ? null : windowed(lists), wholly: windowed(runs) };
}

/** Another reading of a sheet, with all of that decoded. */
export const decode: Rewrite = (sheet, budget) => decodeInTwo(sheet, budget).wholly;

/** Another reading of a sheet, with one level of escapes read: those that programs write over one another, many times. */
export const readEscapes: Rewrite = (sheet, budget) => windowed(readSigns(unchanged(sheet), false, budget));

/** Whether text in base64 or in hexadecimal is in a sheet. It would rather miss a short one than be wrong. */
export function holdsEncodedText(sheet: string, budget: Budget): boolean {
  for (let from = 0; runs.find(sheet, from, budget); from = runs.end) {
    if (runs.length >= SURE_BYTES || sheet.charAt(runs.end - 1) === "=") return true;
  }
  for (let start = findPairs(sheet, 0); start !== NONE; start = findPairs(sheet, hex.end)) {
    const isText = hex.readPairs(sheet, start) && hex.length >= SURE_BYTES;
    if (!spendHex(budget) || isText) return true;
  }
  for (let start = sheet.indexOf(HEX_PREFIX); start !== NONE; start = sheet.indexOf(HEX_PREFIX, hex.end)) {
    const isText = readsList(sheet, start) && hex.length >= SURE_BYTES;
    if (!spendHex(budget) || isText) return true;
  }
  return false;
}

/** Whether a list of `0x41` begins at a prefix and is text; where it goes on otherwise is behind the prefix. */
function readsList(text: string, start: number): boolean {
  hex.end = start + HEX_PREFIX.length;
  return isPrefixAt(text, start) && isPairAt(text, start + 2) && hex.readList(text, start);
}

function readRuns(from: Rewritten, budget: Budget): Rewritten {
  const { text } = from;
  const output = new Replacing(from);
  for (let at = 0; runs.find(text, at, budget); at = runs.end) {
    output.replace(runs.start);
    runs.bytes.putInto(output, runs.length);
    output.resume(runs.end);
  }
  return output.done();
}

function readHexPairs(from: Rewritten, budget: Budget): Rewritten {
  const { text } = from;
  const output = new Replacing(from);
  for (let start = findPairs(text, 0); start !== NONE; start = findPairs(text, hex.end)) {
    if (hex.readPairs(text, start)) putHex(output, start);
    if (!spendHex(budget)) break;
  }
  return output.done();
}

function readHexLists(from: Rewritten, budget: Budget): Rewritten {
  const { text } = from;
  const output = new Replacing(from);
  for (let start = text.indexOf(HEX_PREFIX); start !== NONE; start = text.indexOf(HEX_PREFIX, hex.end)) {
    if (readsList(text, start)) putHex(output, start);
    if (!spendHex(budget)) break;
  }
  return output.done();
}

function putHex(output: Replacing, start: number): void {
  output.replace(start);
  hex.bytes.putInto(output, hex.length);
  output.resume(hex.end);
}

function spendHex(budget: Budget): boolean {
  const { work } = hex;
  hex.work = 0;
  return budget.spend(work);
}
