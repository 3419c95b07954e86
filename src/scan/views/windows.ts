import { BOUNDARY, CUT, MARGIN } from "../sheet.ts";
import { isOfToken } from "./characters.ts";

/** Farther than MARGIN, a window still goes on to the end of a word, a number or a key. */
const MAX_WORD_TAIL = 128;
const LAST_MARK = 2;
const NO_UNITS = new Uint16Array(0);
const FIRST_UNITS = 1_024;
/** What is copied is put together from parts of the source where they are longer: one instruction copies many units. */
const MIN_PART = 128;

/** A text that was rewritten, as yet in full, and where it differs: pairs of offsets, ascending, far apart. */
export type Rewritten = { readonly text: string; readonly changes: readonly number[] };

export const unchanged = (text: string): Rewritten => ({ text, changes: [] });

/**
 * Writes a text that differs from another in some places, given from left to right. None of them may be longer than what
 * it replaces. Several of these may follow one another: each knows the changes of the ones before.
 */
export class Replacing {
  readonly #from: Rewritten;
  readonly #changes: number[] = [];
  /** What is written, but for the units below. */
  #text = "";
  #units = NO_UNITS;
  #count = 0;
  /** Of both together. */
  #length = 0;
  /** Where in the output the present change begins. */
  #start = 0;
  /** How much of the source is dealt with. */
  #read = 0;
  /** How many of the earlier changes are dealt with. */
  #earlier = 0;

  constructor(from: Rewritten) {
    this.#from = from;
  }

  /** From here on, what is put stands for the source, up to where `resume` says. */
  replace(start: number): void {
    if (this.#units.length === 0) this.#units = new Uint16Array(FIRST_UNITS);
    this.#copy(start);
    this.#start = this.#length;
  }

  /** A mark of the sheet would part what is one text, so it is left out. */
  put(unit: number): void {
    if (unit <= LAST_MARK) return;
    if (this.#count === this.#units.length) this.#grow();
    this.#units[this.#count++] = unit;
    this.#length++;
  }

  putCodePoint(point: number): void {
    if (point > 0xffff) {
      this.put(0xd800 + ((point - 0x10000) >> 10));
      this.put(0xdc00 + ((point - 0x10000) & 0x3ff));
    } else this.put(point);
  }

  resume(end: number): void {
    this.#read = end;
    this.#touch(this.#start, this.#length);
  }

  done(): Rewritten {
    if (this.#units.length === 0) return this.#from;
    this.#copy(this.#from.text.length);
    this.#flush();
    return { text: this.#text, changes: this.#changes };
  }

  #copy(end: number): void {
    const { text } = this.#from;
    if (this.#earlier < this.#from.changes.length) this.#carry(end);
    const size = end - this.#read;
    if (size >= MIN_PART) {
      this.#flush();
      this.#text += text.slice(this.#read, end);
    } else {
      while (this.#count + size > this.#units.length) this.#grow();
      for (let index = this.#read; index < end; index++) this.#units[this.#count++] = text.charCodeAt(index);
    }
    this.#length += size;
    this.#read = end;
  }

  #flush(): void {
    if (this.#count > 0) this.#text += stringOf(this.#units, this.#count);
    this.#count = 0;
  }

  #grow(): void {
    const larger = new Uint16Array(2 * this.#units.length);
    larger.set(this.#units);
    this.#units = larger;
  }

  /** Takes over the earlier changes in what is copied next, up to `end`. */
  #carry(end: number): void {
    const { changes } = this.#from;
    const shift = this.#length - this.#read;
    for (; this.#earlier < changes.length; this.#earlier += 2) {
      const start = changes[this.#earlier] ?? 0;
      const stop = changes[this.#earlier + 1] ?? 0;
      if (start > end) return;
      if (stop >= this.#read) this.#touch(Math.max(start, this.#read) + shift, Math.min(stop, end) + shift);
      if (stop > end) return;
    }
  }

  #touch(start: number, end: number): void {
    const changes = this.#changes;
    const last = changes.length - 1;
    const before = changes[last];
    if (before !== undefined && start - before <= 2 * MARGIN) changes[last] = Math.max(before, end);
    else changes.push(start, end);
  }
}

/** A sheet with what is far from all changes left out, or null where nothing changed. */
export function windowed({ text, changes }: Rewritten): string | null {
  if (changes.length === 0) return null;
  let sheet = "";
  let kept = 0;
  for (let index = 0; index < changes.length; index += 2) {
    const start = Math.max(kept, windowStart(text, (changes[index] ?? 0) - MARGIN));
    const end = Math.max(start, windowEnd(text, (changes[index + 1] ?? 0) + MARGIN));
    sheet += marksOnly(text, kept, start) + text.slice(start, end);
    kept = end;
  }
  return sheet + marksOnly(text, kept, text.length);
}

function windowStart(text: string, at: number): number {
  const least = at - MAX_WORD_TAIL;
  let start = at;
  while (start > 0 && start > least && isOfToken(text.charCodeAt(start - 1))) start--;
  return Math.max(0, start);
}

function windowEnd(text: string, at: number): number {
  const most = Math.min(text.length, at + MAX_WORD_TAIL);
  let end = at;
  while (end < most && isOfToken(text.charCodeAt(end))) end++;
  return Math.min(text.length, end);
}

/** The boundaries of a part that is left out, with a CUT for each text between them. */
function marksOnly(text: string, start: number, end: number): string {
  let marks = "";
  let from = start;
  while (from < end) {
    const found = text.indexOf(BOUNDARY, from);
    const boundary = found === -1 || found > end ? end : found;
    if (boundary > from) marks += CUT;
    if (boundary === end) break;
    marks += BOUNDARY;
    from = boundary + 1;
  }
  return marks;
}

/** Short texts of Latin-1 take half the memory, and so does what they are put into. */
const MAX_ARGUMENTS = 512;
const stringOf = (units: Uint16Array, length: number): string =>
  length <= MAX_ARGUMENTS
    ? String.fromCharCode(...units.subarray(0, length))
    : Buffer.from(units.buffer, units.byteOffset, 2 * length).toString("utf16le");
