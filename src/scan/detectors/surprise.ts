import { DIGIT, isAt, LETTER, LOWER, UPPER } from "./characters.ts";

/**
 * How much a reader of code and prose would learn from a value, in bits, roughly: the difference between a word that
 * somebody wrote where a secret is to go and a secret. A letter that often follows the one before in words tells
 * little, one that seldom does tells much, as do digits between letters. What repeats or counts up tells nothing, and
 * neither does a word that only names the thing (`password`, `your-token`): whoever reads it knows no more than before.
 */
export function surpriseOf(value: string): number {
  let bits = 0;
  let index = 0;
  while (index < value.length) {
    // Words for the thing begin where a word does, or right after another of them: `mypassword`, `YOUR_API_KEY`.
    const known = beginsWord(value, index) ? placeholderAt(value, index) : 0;
    if (known > 0) {
      index += known;
      while (isAt(value, index, LETTER)) {
        const next = placeholderAt(value, index);
        if (next === 0) break;
        index += next;
      }
    } else {
      bits += bitsAt(value, index);
      index++;
    }
  }
  return bits;
}

/** Words that stand for a secret or its owner, or say that none is meant. They may follow one another. */
const PLACEHOLDERS =
  `access account admin api app auth authorization bar base base64 baz bearer change changeit changeme client code config
  credential credentials db default demo dummy enter env example fake file foo generated goes guest header here hidden id
  insert invalid key login me mock my mypass name new none null of old or pass passphrase passwd passwort password
  placeholder private public put pw pwd qux random redacted replace root sample secret secrets server service set some
  string super temp test tests the this token user username valid value with xxx your yourself`.split(/\s+/);
/** By their first two letters, the longer first. */
const BY_BEGINNING: (readonly string[] | undefined)[] = Array.from({ length: 32 * 32 });
for (const word of PLACEHOLDERS.toSorted((one, other) => other.length - one.length)) {
  const beginning = beginningAt(word, 0);
  BY_BEGINNING[beginning] = [...(BY_BEGINNING[beginning] ?? []), word];
}

/** Two letters by their last five bits, which the cases share. */
function beginningAt(value: string, at: number): number {
  return ((value.charCodeAt(at) & 31) << 5) | (value.charCodeAt(at + 1) & 31);
}

/** How many characters the longest such word at an offset has. */
function placeholderAt(value: string, at: number): number {
  // No such word is so short; past the end there is nothing to compare.
  if (at + 1 >= value.length) return 0;
  const words = BY_BEGINNING[beginningAt(value, at)];
  if (words !== undefined) for (const word of words) if (isWordAt(value, at, word)) return word.length;
  return 0;
}

function isWordAt(value: string, at: number, word: string): boolean {
  if (at + word.length > value.length) return false;
  for (let index = 0; index < word.length; index++) {
    const unit = word.charCodeAt(index);
    const other = value.charCodeAt(at + index);
    if (other !== unit && (other | 0x20) !== unit) return false;
  }
  return true;
}

function beginsWord(value: string, at: number): boolean {
  if (!isAt(value, at, LETTER)) return false;
  return at === 0 || !isAt(value, at - 1, LETTER) || (isAt(value, at, UPPER) && isAt(value, at - 1, LOWER));
}

/** Letters that often follow each letter of the alphabet within words of English and of code. */
const FOLLOWERS = [
  ..."bcdfgiklmnprstuvwy aeilorsu acehiklorstu abdeilorsu abcdefgilmnopqrstvwx aefilortu aeghilnorsu aeiortu".split(
    " ",
  ),
  ..."abcdefglmnoprstvxz es eis adeilostuy abeilmopsu acdefgiklnopstuv abcdfgiklmnoprstuvw aehiloprstu u".split(" "),
  ..."acdefgiklmnoprstuvy acehilmopstuy acehilmoprstuy abcdegilmnprst aeio aeinors ceipt ps ez".split(" "),
];
const A = 0x61;
const PAIRS = new Uint8Array(26 * 26);
for (const [first, followers] of FOLLOWERS.entries()) {
  for (const follower of followers) PAIRS[first * 26 + follower.charCodeAt(0) - A] = 1;
}

const RARE_LETTER_BITS = 4.5;
const LETTER_IN_WORD_BITS = 1;
const FIRST_LETTER_BITS = 3;
const DIGIT_BITS = 3.3;
const SEPARATOR_BITS = 0.5;
const SIGN_BITS = 3;
const SEPARATORS: ReadonlySet<number> = new Set(Array.from("-_./: ", (sign) => sign.charCodeAt(0)));
/** Before the first character and the second there is nothing that one could expect them after. */
const NOTHING = -1_000;

function bitsAt(value: string, at: number): number {
  const unit = value.charCodeAt(at);
  const previous = at > 0 ? value.charCodeAt(at - 1) : NOTHING;
  const earlier = at > 1 ? value.charCodeAt(at - 2) : 2 * NOTHING;
  const step = unit - previous;
  if (step === 0) return earlier !== unit && isAt(value, at, LETTER) ? LETTER_IN_WORD_BITS : 0;
  // The third of `123`, `abc` or `987` was to be expected. After 9 comes 0.
  if (step === 1 || step === -1 || step === -9) {
    const before = previous - earlier;
    if (before === step || before === step + 10) return 0;
  }
  if (isAt(value, at, DIGIT)) return DIGIT_BITS;
  if (isAt(value, at, LETTER)) return letterBits(value, at);
  // Words of other alphabets.
  if (unit > 0x7f) return LETTER_IN_WORD_BITS;
  return SEPARATORS.has(unit) ? SEPARATOR_BITS : SIGN_BITS;
}

function letterBits(value: string, at: number): number {
  if (at === 0 || !isAt(value, at - 1, LETTER)) return FIRST_LETTER_BITS;
  // A capital after a small letter begins a word, as in `maxLength`.
  if (isAt(value, at, UPPER) && isAt(value, at - 1, LOWER)) return FIRST_LETTER_BITS;
  const first = (value.charCodeAt(at - 1) | 0x20) - A;
  const second = (value.charCodeAt(at) | 0x20) - A;
  return PAIRS[first * 26 + second] === 1 ? LETTER_IN_WORD_BITS : RARE_LETTER_BITS;
}
