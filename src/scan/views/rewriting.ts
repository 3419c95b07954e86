import { BOUNDARY, CUT, MARGIN } from "../sheet.ts";
import { isOfToken } from "./characters.ts";

const BOUNDARY_UNIT = BOUNDARY.charCodeAt(0);
const CUT_UNIT = CUT.charCodeAt(0);
const SMALL_UNITS = 131_072;
/** More than this is given back once it was used, so that one strange sheet does not keep memory for ever. */
const MAX_KEPT_UNITS = 1_048_576;

/** Longer words than this have no end that matters. */
const MAX_WORD = 128;

const isPart = (unit: number): boolean => isOfToken(unit) || unit > 0x7f;

let shared = new Uint16Array(SMALL_UNITS);

/**
 * Writes another reading of a sheet: what changed, and of what did not, no more than a margin around each change. Only
 * one is written at a time, since all share one buffer.
 */
export class Windows {
  readonly #text: string;
  readonly #margin: number;
  #units = shared;
  #length = 0;
  /** Where the text begins that is neither written nor left out yet. */
  #kept = 0;
  #changed = false;

  constructor(text: string, margin = MARGIN) {
    this.#text = text;
    this.#margin = margin;
  }

  /** What is before this is written, or changed. */
  get done(): number {
    return this.#kept;
  }

  /** What stands from `start` to `end` is no longer so: what is put next takes its place. */
  change(start: number, end: number): void {
    if (start > this.#kept || !this.#changed) this.#flush(start, false);
    this.#changed = true;
    this.#kept = end;
  }

  put(unit: number): void {
    if (this.#length === this.#units.length) this.#grow(this.#length + 1);
    this.#units[this.#length++] = unit;
  }

  putText(text: string): void {
    for (let index = 0; index < text.length; index++) this.put(text.charCodeAt(index));
  }

  /** Puts a unit in the place of the last one that was put. */
  replaceLast(unit: number): void {
    this.#units[this.#length - 1] = unit;
  }

  /** The unit that stands before what is read at `at`, as it is written; 0 where none does. */
  before(at: number): number {
    if (this.#kept < at) return this.#text.charCodeAt(at - 1);
    return this.#length === 0 ? 0 : (this.#units[this.#length - 1] ?? 0);
  }

  /** The new reading; null where nothing changed. */
  finish(): string | null {
    if (!this.#changed) return null;
    this.#flush(this.#text.length, true);
    const { buffer, byteOffset } = this.#units;
    const sheet = Buffer.from(buffer, byteOffset, this.#length * 2).toString("utf16le");
    if (shared.length > MAX_KEPT_UNITS) shared = new Uint16Array(SMALL_UNITS);
    return sheet;
  }

  #flush(to: number, atEnd: boolean): void {
    const from = this.#kept;
    const head = this.#changed ? this.#wordEnd(from + this.#margin, to) : from;
    const tail = atEnd ? to : this.#wordStart(to - this.#margin, head);
    this.#reserve(to - from);
    if (tail - head <= 1) {
      this.#copy(from, to);
      return;
    }
    this.#copy(from, head);
    this.#cut(head, tail);
    this.#copy(tail, to);
  }

  /** Half a word may look like another one, so a margin ends with a word, if that is not too long. */
  #wordEnd(at: number, limit: number): number {
    const most = Math.min(limit, at + MAX_WORD);
    let end = at;
    while (end < most && isPart(this.#text.charCodeAt(end))) end++;
    return Math.min(end, limit);
  }

  #wordStart(at: number, limit: number): number {
    const least = Math.max(limit, at - MAX_WORD);
    let start = at;
    while (start > least && isPart(this.#text.charCodeAt(start - 1))) start--;
    return Math.max(start, limit);
  }

  #cut(from: number, to: number): void {
    let start = from;
    while (start < to) {
      const boundary = this.#text.indexOf(BOUNDARY, start);
      const end = boundary === -1 || boundary >= to ? to : boundary;
      if (end > start) this.#units[this.#length++] = CUT_UNIT;
      if (end === to) return;
      this.#units[this.#length++] = BOUNDARY_UNIT;
      start = end + 1;
    }
  }

  #copy(from: number, to: number): void {
    const text = this.#text;
    const units = this.#units;
    let length = this.#length;
    for (let index = from; index < to; index++) units[length++] = text.charCodeAt(index);
    this.#length = length;
  }

  #reserve(units: number): void {
    if (this.#length + units > this.#units.length) this.#grow(this.#length + units);
  }

  #grow(units: number): void {
    const grown = new Uint16Array(Math.max(units, 2 * this.#units.length));
    grown.set(this.#units.subarray(0, this.#length));
    this.#units = grown;
    shared = grown;
  }
}
