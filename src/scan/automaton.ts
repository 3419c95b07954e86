/**
 * A dense Aho-Corasick automaton (Aho and Corasick 1975: every literal in one pass, whatever their number), fused with
 * what else the detectors ask for: digit runs, long words and the heads of IBANs.
 */

/** Literals hit, in order of their ends; and places that are no literals. Reused from sheet to sheet: it grows once. */
export class Hits {
  /** `literal, end` in turn: the index of a literal, and the offset behind its last character. */
  literals = new Int32Array(2_048);
  literalCount = 0;
  /** Offsets of digits with no digit before them. */
  digits = new Int32Array(1_024);
  digitCount = 0;
  /** `start, end` in turn of runs of letters and digits, at least MIN_WORD long and with a digit. */
  words = new Int32Array(256);
  wordCount = 0;
  /** Offsets of two letters that begin a word and have two digits after them. */
  ibanHeads = new Int32Array(256);
  ibanHeadCount = 0;

  clear(): void {
    this.literalCount = 0;
    this.digitCount = 0;
    this.wordCount = 0;
    this.ibanHeadCount = 0;
  }

  addLiteral(literal: number, end: number): void {
    if (this.literalCount === this.literals.length) this.literals = grown(this.literals);
    this.literals[this.literalCount++] = literal;
    this.literals[this.literalCount++] = end;
  }

  addDigit(at: number): void {
    if (this.digitCount === this.digits.length) this.digits = grown(this.digits);
    this.digits[this.digitCount++] = at;
  }

  addWord(start: number, end: number): void {
    if (this.wordCount === this.words.length) this.words = grown(this.words);
    this.words[this.wordCount++] = start;
    this.words[this.wordCount++] = end;
  }

  addIbanHead(at: number): void {
    if (this.ibanHeadCount === this.ibanHeads.length) this.ibanHeads = grown(this.ibanHeads);
    this.ibanHeads[this.ibanHeadCount++] = at;
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** Shorter words are never asked for by a detector. */
export const MIN_WORD = 20;
/** States times character classes, 4 bytes each: what a very large list of keywords may take. */
const MAX_TABLE_ENTRIES = 16_000_000;

const SPACE = 0x20;
const MAX_SMALL_STATES = 32_768;

/** What a character is, in the low bits of its class: neither, or one of these. */
const LETTER = 1;
const DIGIT = 2;
const KIND_BITS = 2;
const KIND_MASK = LETTER | DIGIT;

/** As `\s` of regular expressions has it, and NEL, which Unicode has beside. */
const WHITE_SPACE = Array.from(
  "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff",
  (character) => character.charCodeAt(0),
);
const KINDS = new Uint16Array(65_536);
for (let unit = 0; unit < 128; unit++) KINDS[unit] = kindOf(unit);

export class Automaton {
  /** For each UTF-16 code unit its class (0 for one that no literal has) and its kind. */
  readonly #classes: Uint16Array;
  /** For each state times width, plus class: twice the next state, plus one where literals end in that. */
  readonly #next: Uint16Array | Int32Array;
  readonly #width: number;
  /** For each state: the first of its literals in `#outputs`, 0 for none. */
  readonly #firstOutput: Int32Array;
  /** Lists of literals, each ended by -1. */
  readonly #outputs: Int32Array;

  /**
   * `literals` are lower case where ASCII; any run of white space is one space. Null for more of them than a table of
   * MAX_TABLE_ENTRIES holds. `lists` names the lists that a literal says something of: one that says no more than longer
   * ones that end at the same place is not reported there, so that no place has more of them than there are lists.
   */
  static build(literals: readonly string[], lists: Lists = new Map()): Automaton | null {
    const { classes, width } = classify(literals);
    const trie = new Trie(width, (classes[SPACE] ?? 0) >> KIND_BITS, lists);
    for (const [index, literal] of literals.entries()) {
      trie.add(literal, index, classes);
      if (trie.states * width > MAX_TABLE_ENTRIES) return null;
    }
    return new Automaton(classes, trie);
  }

  private constructor(classes: Uint16Array, trie: Trie) {
    this.#classes = classes;
    this.#width = trie.width;
    const { next, firstOutput, outputs } = trie.link();
    this.#next = next;
    this.#firstOutput = firstOutput;
    this.#outputs = outputs;
  }

  /**
   * One pass over a text: what is in it goes to `hits`, which is cleared first. Whatever most characters are not is a
   * branch that the processor guesses right; so what is around a digit is looked at where there is one.
   */
  run(text: string, hits: Hits): void {
    hits.clear();
    const classes = this.#classes;
    const next = this.#next;
    const width = this.#width;
    const { length } = text;
    let state = 0;
    let lastDigit = -2;
    let wordEnd = 0;
    for (let index = 0; index < length; index++) {
      const entry = classes[text.charCodeAt(index)] ?? 0;
      if ((entry & DIGIT) !== 0) {
        if (index !== lastDigit + 1) {
          hits.addDigit(index);
          if (index >= wordEnd) wordEnd = this.#word(text, index, hits);
        }
        lastDigit = index;
      }
      const step = next[state * width + (entry >> KIND_BITS)] ?? 0;
      state = step >> 1;
      if ((step & 1) !== 0) this.#report(state, index + 1, hits);
    }
  }

  /** The word around the first digit that it has; answers with its end. */
  #word(text: string, digit: number, hits: Hits): number {
    let start = digit;
    while (start > 0 && this.#isWordAt(text, start - 1)) start--;
    let end = digit + 1;
    while (end < text.length && this.#isWordAt(text, end)) end++;
    if (end - start >= MIN_WORD) hits.addWord(start, end);
    if (digit - start === 2 && ((this.#classes[text.charCodeAt(digit + 1)] ?? 0) & DIGIT) !== 0)
      hits.addIbanHead(start);
    return end;
  }

  #isWordAt(text: string, at: number): boolean {
    return ((this.#classes[text.charCodeAt(at)] ?? 0) & (LETTER | DIGIT)) !== 0;
  }

  #report(state: number, end: number, hits: Hits): void {
    for (let at = this.#firstOutput[state] ?? 0; ; at++) {
      const literal = this.#outputs[at] ?? -1;
      if (literal < 0) return;
      hits.addLiteral(literal, end);
    }
  }
}

/** A class for each character that some literal has; upper-case ASCII is in its lower case's, white space in the space's. */
function classify(literals: readonly string[]): { readonly classes: Uint16Array; readonly width: number } {
  const ids = new Map<string, number>();
  for (const literal of literals) {
    for (let index = 0; index < literal.length; index++) {
      const unit = literal.charAt(index);
      if (!ids.has(unit)) ids.set(unit, ids.size + 1);
    }
  }
  const classes = KINDS.slice();
  const setClass = (unit: number, id: number) => {
    classes[unit] = (id << KIND_BITS) | ((classes[unit] ?? 0) & KIND_MASK);
  };
  for (const [character, id] of ids) {
    setClass(character.charCodeAt(0), id);
    const upper = character.toUpperCase();
    if (upper !== character && /^[a-z]$/.test(character)) setClass(upper.charCodeAt(0), id);
    if (character === " ") for (const unit of WHITE_SPACE) setClass(unit, id);
  }
  return { classes, width: ids.size + 1 };
}

function kindOf(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return DIGIT;
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x7a ? LETTER : 0;
}

type Lists = ReadonlyMap<number, readonly number[]>;

type Linked = {
  readonly next: Uint16Array | Int32Array;
  readonly firstOutput: Int32Array;
  readonly outputs: Int32Array;
};

class Trie {
  readonly width: number;
  readonly #space: number;
  readonly #lists: Lists;
  states = 1;
  #next: Int32Array<ArrayBuffer>;
  /** Literals that end in a state. */
  readonly #ends: number[][] = [[]];

  constructor(width: number, space: number, lists: Lists) {
    this.width = width;
    this.#lists = lists;
    this.#space = space;
    this.#next = new Int32Array(width * 1_024);
  }

  add(literal: string, index: number, classes: Uint16Array): void {
    let state = 0;
    for (let at = 0; at < literal.length; at++) {
      const edge = state * this.width + ((classes[literal.charCodeAt(at)] ?? 0) >> KIND_BITS);
      const known = this.#next[edge] ?? 0;
      state = known === 0 ? this.#grow(edge) : known;
    }
    this.#ends[state]?.push(index);
  }

  #grow(edge: number): number {
    const state = this.states++;
    if (this.states * this.width > this.#next.length) this.#next = grown(this.#next);
    this.#next[edge] = state;
    this.#ends.push([]);
    return state;
  }

  /** Breadth first, so that the state of a suffix is complete before those that fall back to it. */
  link(): Linked {
    const { width, states } = this;
    const next = this.#next;
    const suffix = new Int32Array(states);
    const order: number[] = [0];
    for (let at = 0; at < order.length; at++) {
      const state = order[at] ?? 0;
      for (let letter = 0; letter < width; letter++) {
        const edge = state * width + letter;
        const target = next[edge] ?? 0;
        const fallback = state === 0 ? 0 : (next[(suffix[state] ?? 0) * width + letter] ?? 0);
        if (target === 0) next[edge] = fallback;
        else {
          suffix[target] = fallback;
          this.#addEnds(target, fallback);
          order.push(target);
        }
      }
    }
    this.#stayAtSpaces(order);
    return this.#flatten(order);
  }

  /** What ends with a suffix ends with the whole, too. */
  #addEnds(state: number, suffix: number): void {
    const ends = this.#ends[state] ?? [];
    const said = new Set(ends.flatMap((literal) => this.#lists.get(literal) ?? []));
    for (const literal of this.#ends[suffix] ?? []) {
      const lists = this.#lists.get(literal);
      if (lists?.every((list) => said.has(list)) === true) continue;
      ends.push(literal);
      for (const list of lists ?? []) said.add(list);
    }
  }

  /** More white space after some is the same white space. */
  #stayAtSpaces(states: readonly number[]): void {
    if (this.#space === 0) return;
    for (const state of states) {
      const spaced = this.#next[state * this.width + this.#space] ?? 0;
      if (spaced !== 0) this.#next[spaced * this.width + this.#space] = spaced;
    }
  }

  /** In the order of their depth, so that the few states that most of a text is in lie beside each other in memory. */
  #flatten(order: readonly number[]): Linked {
    const { width, states } = this;
    const rank = new Int32Array(states);
    for (const [index, state] of order.entries()) rank[state] = index;
    // Half as many bytes are read twice as fast, and most automata have no more states than this.
    const next = states <= MAX_SMALL_STATES ? new Uint16Array(states * width) : new Int32Array(states * width);
    const firstOutput = new Int32Array(states);
    const outputs: number[] = [-1];
    for (const [index, state] of order.entries()) {
      for (let letter = 0; letter < width; letter++) {
        const target = this.#next[state * width + letter] ?? 0;
        const hasOutput = (this.#ends[target]?.length ?? 0) > 0;
        next[index * width + letter] = 2 * (rank[target] ?? 0) + (hasOutput ? 1 : 0);
      }
      const ends = this.#ends[state] ?? [];
      if (ends.length === 0) continue;
      firstOutput[index] = outputs.length;
      outputs.push(...ends, -1);
    }
    return { next, firstOutput, outputs: Int32Array.from(outputs) };
  }
}
