import type { Budget } from "../sheet.ts";
import { hexPairAt, hexValueOf } from "./characters.ts";
import { readEntity } from "./entities.ts";
import { readBackslash } from "./escapes.ts";
import { formEnd, formStart, isQuotedPrintable, readPercent, readPluses, readQuotedPrintable } from "./percent.ts";
import { readBracketed } from "./spelled.ts";
import { Replacing, type Rewritten } from "./windows.ts";

const BACKSLASH = 0x5c;
const PERCENT = 0x25;
const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const PLUS = 0x2b;
const SMALL_U = 0x75;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Which characters what is read may begin with: escapes, and what `decode` reads besides. */
const ESCAPE = 1;
const OTHER = 2;
const BRACKET = 4;
const BEGINNINGS = new Uint8Array(65_536);
for (const sign of "\\%&") BEGINNINGS[sign.charCodeAt(0)] = ESCAPE;
for (const sign of "+=") BEGINNINGS[sign.charCodeAt(0)] = OTHER;
for (const sign of "[({<") BEGINNINGS[sign.charCodeAt(0)] = BRACKET;
const AFTER_BRACKET = new Uint8Array(65_536);
for (const unit of " .@:aAdDpP") AFTER_BRACKET[unit.charCodeAt(0)] = 1;

/** Reads escapes and, where `all` is true, also quoted-printable, the spaces of forms and signs in brackets. */
export function readSigns(from: Rewritten, all: boolean, budget: Budget): Rewritten {
  const { text } = from;
  if (!(all || text.includes("\\") || text.includes("%") || text.includes("&"))) return from;
  const reader = new SignReader(from, all);
  const begins = all ? ESCAPE | OTHER | BRACKET : ESCAPE;
  const { length } = text;
  for (let at = 0; at < length; ) {
    const unit = text.charCodeAt(at);
    const beginning = (BEGINNINGS[unit] ?? 0) & begins;
    // Code is full of brackets, and hardly any has a sign in it.
    if (beginning === 0 || (beginning === BRACKET && !mayHoldSign(text, at + 1))) {
      at++;
      continue;
    }
    const end = reader.readAt(at, unit);
    if (end > at && !budget.spend(end - at)) break;
    at = Math.max(end, at + 1);
  }
  return reader.output.done();
}

const mayHoldSign = (text: string, at: number): boolean => AFTER_BRACKET[text.charCodeAt(at)] === 1;

class SignReader {
  readonly output: Replacing;
  readonly #text: string;
  #isQuotedPrintable: boolean | null = null;
  readonly #all: boolean;
  /** Where what was read last ends. */
  #done = 0;
  /** Where the word ends that is percent-encoded, and hence may be a form's. */
  #formEnd = 0;

  constructor(from: Rewritten, all: boolean) {
    this.output = new Replacing(from);
    this.#text = from.text;
    this.#all = all;
  }

  /** Reads what begins at `at`. Returns where it ends, or `at` where nothing does. */
  readAt(at: number, unit: number): number {
    const end = this.#read(at, unit);
    if (end > at) this.#done = end;
    return end;
  }

  #read(at: number, unit: number): number {
    const text = this.#text;
    switch (unit) {
      case BACKSLASH:
        return readBackslash(text, at, this.output);
      case AMPERSAND:
        return readEntity(text, at, this.output);
      case PERCENT:
        return this.#readPercent(at);
      case EQUALS:
        return this.#readEquals(at);
      case PLUS:
        if (at < this.#formEnd) readPluses(text, at, at + 1, this.output);
        return at < this.#formEnd ? at + 1 : at;
      default:
        return readBracketed(text, at, this.#done, this.output);
    }
  }

  /** The text is searched for signs of the encoding only where something may be in it: code is full of equals signs. */
  #readEquals(at: number): number {
    const next = this.#text.charCodeAt(at + 1);
    if (hexValueOf(next) < 0 && next !== LINE_FEED && next !== CARRIAGE_RETURN) return at;
    this.#isQuotedPrintable ??= isQuotedPrintable(this.#text);
    return readQuotedPrintable(this.#text, at, this.#isQuotedPrintable, this.output);
  }

  #readPercent(at: number): number {
    const text = this.#text;
    const next = text.charCodeAt(at + 1);
    if (hexValueOf(next) < 0 && next !== SMALL_U) return at;
    if (this.#all && at >= this.#formEnd && hexPairAt(text, at + 1) >= 0) this.#readForm(at);
    return readPercent(text, at, this.output);
  }

  #readForm(at: number): void {
    const text = this.#text;
    readPluses(text, formStart(text, this.#done, at), at, this.output);
    this.#formEnd = formEnd(text, at);
  }
}
