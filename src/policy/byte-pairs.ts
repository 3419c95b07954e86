import table from "gpt-tokenizer/data/o200k_base.tiktoken" with { type: "text" };

/**
 * OpenAI's vocabulary `o200k_base`, and the merging of byte pairs by it. The package that it comes from has a tokenizer
 * of its own, which tests hold this one to: it takes ten times as long to load and several times the memory, keeps what
 * it has tokenized, and makes strings of every pair that it looks up. This one works on bytes alone.
 */

/** Longest piece that is merged, as the work grows with the square of the length. */
export const MAX_PIECE_BYTES = 512;

/** Above every rank. */
const NO_RANK = 0x7fff_ffff;
/** A power of two, and more than twice as many as there are tokens, so that few of them meet. */
const SLOTS = 1 << 19;
const NEWLINE = 0x0a;
const SPACE = 0x20;

class Vocabulary {
  /** The bytes of all tokens, one after the other by rank: those of `rank` begin at `#starts[rank]`. */
  readonly #bytes: Uint8Array;
  readonly #starts: Uint32Array;
  /** Hashed by their bytes, with open addressing: a rank and one more, or zero for none. */
  readonly #slots = new Int32Array(SLOTS);
  #longest = 0;

  /** `lines` are `<base64> <rank>`, in the order of ranks without a gap. */
  constructor(lines: string) {
    const text = Buffer.from(lines, "latin1");
    const starts = [0];
    let size = 0;
    for (let at = 0; at < text.length; at = text.indexOf(NEWLINE, at) + 1 || text.length) {
      size = decodeBase64(text, at, text.indexOf(SPACE, at), size);
      starts.push(size);
    }
    // A copy, as a part of a buffer would keep all of it.
    this.#bytes = new Uint8Array(text.subarray(0, size));
    this.#starts = new Uint32Array(starts);
    for (let rank = 0; rank + 1 < starts.length; rank++) this.#add(rank);
  }

  /** `NO_RANK` for bytes that are no token. */
  rankOf(bytes: Uint8Array, start: number, end: number): number {
    if (end - start > this.#longest) return NO_RANK;
    for (let slot = slotOf(bytes, start, end); ; slot = (slot + 1) & (SLOTS - 1)) {
      const rank = (this.#slots[slot] ?? 0) - 1;
      if (rank === -1) return NO_RANK;
      if (this.#isToken(rank, bytes, start, end)) return rank;
    }
  }

  #add(rank: number): void {
    const start = this.#starts[rank] ?? 0;
    const end = this.#starts[rank + 1] ?? 0;
    let slot = slotOf(this.#bytes, start, end);
    while (this.#slots[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
    this.#slots[slot] = rank + 1;
    this.#longest = Math.max(this.#longest, end - start);
  }

  #isToken(rank: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#starts[rank] ?? 0;
    if ((this.#starts[rank + 1] ?? 0) - from !== end - start) return false;
    for (let at = start; at < end; at++) if (bytes[at] !== this.#bytes[from + at - start]) return false;
    return true;
  }
}

/** FNV-1a, folded. */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}

const PADDING = 0x3d;
const SEXTETS = new Uint8Array(128);
for (const [value, sign] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].entries()) {
  SEXTETS[sign.charCodeAt(0)] = value;
}

/**
 * Decodes in place: what was decoded never reaches what is still to be read. A call for each of 200,000 short texts
 * would take longer than all the rest. Gives the size of all that is decoded.
 */
function decodeBase64(text: Uint8Array, start: number, end: number, size: number): number {
  let bits = 0;
  let bitCount = 0;
  let written = size;
  for (let at = start; at < end && text[at] !== PADDING; at++) {
    bits = ((bits << 6) | (SEXTETS[text[at] ?? 0] ?? 0)) & 0x3fff;
    bitCount += 6;
    if (bitCount < 8) continue;
    bitCount -= 8;
    text[written++] = bits >>> bitCount;
  }
  return written;
}

let loaded: Vocabulary | null = null;

/** Made on first use: a gateway whose policy counts no tokens has no need of it. */
function vocabulary(): Vocabulary {
  loaded ??= new Vocabulary(table);
  return loaded;
}

/** Makes the tables now, which takes some tens of milliseconds, and not in the middle of the first request. */
export function loadVocabulary(): void {
  vocabulary();
}

export function isToken(bytes: Uint8Array, start: number, end: number): boolean {
  return vocabulary().rankOf(bytes, start, end) !== NO_RANK;
}

/** Of the piece at hand: where each part begins, and the rank of it and the next together. */
const starts = new Int32Array(MAX_PIECE_BYTES + 1);
const ranks = new Int32Array(MAX_PIECE_BYTES);

/** How many tokens the bytes are, a piece of at most `MAX_PIECE_BYTES` that the tokenizer's pattern cut out. */
export function countMerged(bytes: Uint8Array, start: number, end: number): number {
  const known = vocabulary();
  const rankAt = (part: number): number =>
    part + 1 < parts ? known.rankOf(bytes, starts[part] ?? 0, starts[part + 2] ?? 0) : NO_RANK;
  let parts = end - start;
  for (let part = 0; part <= parts; part++) starts[part] = start + part;
  for (let part = 0; part < parts; part++) ranks[part] = rankAt(part);
  for (let lowest = lowestOf(parts); lowest !== -1; lowest = lowestOf(parts)) {
    starts.copyWithin(lowest + 1, lowest + 2, parts + 1);
    ranks.copyWithin(lowest + 1, lowest + 2, parts);
    parts -= 1;
    ranks[lowest] = rankAt(lowest);
    if (lowest > 0) ranks[lowest - 1] = rankAt(lowest - 1);
  }
  return parts;
}

/** The first part with the lowest rank; -1 where no two parts make a token. */
function lowestOf(parts: number): number {
  let lowest = NO_RANK;
  let found = -1;
  for (let part = 0; part < parts; part++) {
    const rank = ranks[part] ?? NO_RANK;
    if (rank >= lowest) continue;
    lowest = rank;
    found = part;
  }
  return found;
}
