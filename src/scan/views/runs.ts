import type { Budget } from "../sheet.ts";
import { Base64Reader, endOfDigits, MIN_BASE64, mayBeginText } from "./base64.ts";
import { BASE64_DIGIT, BASE64_SIGN, classOf, HEX_DIGIT } from "./characters.ts";
import { HexReader, isPrefixAt, MIN_HEX } from "./hex.ts";
import type { TextBytes } from "./text-bytes.ts";

/** A text in base64 may begin up to three digits late: `x` and then the first of four. */
const QUANTUM = 4;
/** What beginning anew costs, in characters read. It bounds how many parts are decoded. */
const UNITS_PER_PART = 8;
const NONE = -1;

/** Finds text in base64 or in hexadecimal, from left to right. */
export class RunReader {
  /** Where the part that was found begins and ends. */
  start = 0;
  end = 0;
  readonly #base64 = new Base64Reader();
  readonly #hex = new HexReader();
  #found: Base64Reader | HexReader = this.#base64;
  /** Where the run ends that was looked at last, and how far it is known to hold no more hexadecimal. */
  #runEnd = 0;
  #hexEnd = 0;

  get bytes(): TextBytes {
    return this.#found.bytes;
  }

  /** How many of the bytes are text. */
  get length(): number {
    return this.#found.length;
  }

  /** Whether there is a part at `from` or after it. */
  find(text: string, from: number, budget: Budget): boolean {
    if (from === 0) {
      this.#runEnd = 0;
      this.#hexEnd = 0;
    }
    for (let run = nextRun(text, from); run !== NONE; ) {
      if (run >= this.#runEnd) this.#runEnd = endOfDigits(text, run + MIN_BASE64);
      const end = this.#runEnd;
      const isFound = this.#findHex(text, run, end) || this.#findBase64(text, run, end);
      const work = this.#base64.work + this.#hex.work;
      this.#base64.work = 0;
      this.#hex.work = 0;
      if (!budget.spend(isFound ? work + this.length + UNITS_PER_PART : work)) return false;
      if (isFound) return true;
      run = nextRun(text, end);
    }
    return false;
  }

  #findBase64(text: string, run: number, end: number): boolean {
    const last = end - MIN_BASE64;
    for (let start = run; start <= last; start++) {
      const atEdge = isEdge(text.charCodeAt(start - 1));
      if ((!atEdge && start - run >= QUANTUM) || !mayBeginText(text, start)) continue;
      if (this.#base64.read(text, start, end, atEdge)) return this.#take(this.#base64, start);
    }
    return false;
  }

  #findHex(text: string, run: number, end: number): boolean {
    for (let start = Math.max(run, this.#hexEnd); start + MIN_HEX <= end; ) {
      let at = start + MIN_HEX - 1;
      while (at >= start && isHex(text, at)) at--;
      if (at >= start) {
        start = at + 1;
        continue;
      }
      let stop = start + MIN_HEX;
      while (stop < end && isHex(text, stop)) stop++;
      const isPrefixed = isPrefixAt(text, start - 2);
      if ((isPrefixed || isEdge(text.charCodeAt(start - 1))) && isEdge(text.charCodeAt(stop))) {
        if (this.#hex.readRun(text, start, stop)) return this.#take(this.#hex, isPrefixed ? start - 2 : start);
      }
      start = stop;
    }
    this.#hexEnd = end;
    return false;
  }

  #take(reader: Base64Reader | HexReader, start: number): true {
    this.#found = reader;
    this.start = start;
    this.end = reader.end;
    return true;
  }
}

/** Whether a word ends here, so that a text may begin. */
function isEdge(unit: number): boolean {
  const bits = classOf(unit);
  return (bits & BASE64_DIGIT) === 0 || (bits & BASE64_SIGN) !== 0;
}

const isHex = (text: string, at: number): boolean => (classOf(text.charCodeAt(at)) & HEX_DIGIT) !== 0;

/** Where a run of enough digits of base64 begins, or NONE. Looks at the last of them first, to skip by words. */
function nextRun(text: string, from: number): number {
  const last = text.length - MIN_BASE64;
  for (let start = from; start <= last; ) {
    let at = start + MIN_BASE64 - 1;
    while (at >= start && (classOf(text.charCodeAt(at)) & BASE64_DIGIT) !== 0) at--;
    if (at < start) return start;
    start = at + 1;
  }
  return NONE;
}
