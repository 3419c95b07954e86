/** More groups than any number that means a person has. A longer run is read in parts that overlap by a few groups. */
export const MAX_GROUPS = 32;
/** Characters that may stand between two groups of one number, as in `+41 (0)71 526-99.04`, and how many of them. */
const MAX_GAP = 3;
const GAP: ReadonlySet<number> = new Set(Array.from(" \t\n\r.-/(),_'", (character) => character.charCodeAt(0)));
const ZERO = 0x30;
const NINE = 0x39;

/** Groups of ASCII digits that stand together, closely enough to be one number: a card, a phone, an address, a date. */
export class NumberRun {
  /** The sheet it stands in. */
  text = "";
  /** Number of groups, 1 to MAX_GROUPS. */
  count = 0;
  /** Units of work that looks at it took beyond a glance; the budget is charged for them. */
  work = 0;
  /** Where each group begins and ends; valid below `count`. */
  readonly starts = new Int32Array(MAX_GROUPS);
  readonly ends = new Int32Array(MAX_GROUPS);

  /** Reads the run whose first digit stands at `at`. */
  read(text: string, at: number): void {
    this.text = text;
    this.count = 0;
    this.work = 0;
    let index = at;
    while (this.count < MAX_GROUPS) {
      const start = index;
      while (isDigit(text.charCodeAt(index))) index++;
      this.starts[this.count] = start;
      this.ends[this.count] = index;
      this.count++;
      const next = skipGap(text, index);
      if (next === index) return;
      index = next;
    }
  }

  start(group: number): number {
    return this.starts[group] ?? 0;
  }

  end(group: number): number {
    return this.ends[group] ?? 0;
  }

  /** How many digits a group has. */
  size(group: number): number {
    return this.end(group) - this.start(group);
  }

  /** The digits of groups `first` to `last`, both included, without what stands between them. */
  digits(first: number, last: number): string {
    let digits = "";
    for (let group = first; group <= last; group++) digits += this.text.slice(this.start(group), this.end(group));
    return digits;
  }

  /** What stands between a group and the next. */
  gap(group: number): string {
    return this.text.slice(this.end(group), this.start(group + 1));
  }
}

const isDigit = (unit: number): boolean => unit >= ZERO && unit <= NINE;

/** Where the next group begins, or `at` itself where none follows. */
function skipGap(text: string, at: number): number {
  for (let index = at; index < at + MAX_GAP; index++) {
    if (!GAP.has(text.charCodeAt(index))) return at;
    if (isDigit(text.charCodeAt(index + 1))) return index + 1;
  }
  return at;
}
