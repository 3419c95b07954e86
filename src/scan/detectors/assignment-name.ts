import { ALPHANUMERIC, DIGIT, isAt, LETTER, LOWER, NAME, runStart, UPPER } from "./characters.ts";

/** The words for a password by what follows `pass`; the empty one last, as it is in all. */
const PASS_ENDINGS = ["words", "word", "wort", "wd", "phrase", "code", "key", ""];
const CREDENTIAL_ENDINGS = ["entials", "ential", "s", ""];
/** What may follow the word without making it the name of something else, as `Hash`, `Field` or `_url` would. */
const SUFFIX =
  /[_.-]?(?:base|value|val|plaintext|plain|text|prod|dev|test|live|staging|string|str|main|default|\d{1,3})/iy;
const MAX_NAME = 48;

/**
 * Where the name ends whose last word is the literal at `at`, or -1 where it is another word or not the last: `tokenUrl`
 * and `secretName` are no secrets. The literals are `pass`, `pwd`, `pw`, `secret`, `token`, `key`, `cred` and `auth`.
 */
export function nameEnd(text: string, at: number): number {
  let end = wordEnd(text, at);
  const goesOn = isAt(text, end, NAME);
  if (goesOn) {
    // Most hits are longer words: `keys`, `tokenizer`, `author`, `secretary`, `passed`.
    SUFFIX.lastIndex = end;
    if (!SUFFIX.test(text)) return text.charAt(end) === "." && !isAt(text, end + 1, ALPHANUMERIC) ? end : -1;
    end = SUFFIX.lastIndex;
  }
  return goesOn && isAt(text, end, NAME) ? -1 : end;
}

/** Where the name begins, with what stands before the word. */
export const nameStart = (text: string, at: number): number => runStart(text, at, NAME, MAX_NAME);

/** Whether the literal is one of those for a password. People choose passwords; machines make the rest. */
export const namesPassword = (text: string, at: number): boolean => (text.charCodeAt(at) | 0x20) === 0x70;

function wordEnd(text: string, at: number): number {
  switch (text.charCodeAt(at) | 0x20) {
    case 0x70:
      return (text.charCodeAt(at + 1) | 0x20) === 0x61 ? endingEnd(text, at + 4, PASS_ENDINGS) : pwEnd(text, at);
    case 0x73:
      return at + 6;
    case 0x74:
      return at + 5;
    case 0x6b:
      return at + 3;
    case 0x63:
      return endingEnd(text, at + 4, CREDENTIAL_ENDINGS);
    default:
      return at + 4;
  }
}

const pwEnd = (text: string, at: number): number => at + ((text.charCodeAt(at + 2) | 0x20) === 0x64 ? 3 : 2);

function endingEnd(text: string, at: number, endings: readonly string[]): number {
  if (!isAt(text, at, LETTER)) return at;
  for (const ending of endings) if (isEnding(text, at, ending)) return at + ending.length;
  return at;
}

function isEnding(text: string, at: number, ending: string): boolean {
  if (at < 0) return false;
  for (let index = 0; index < ending.length; index++) {
    const unit = text.charCodeAt(at + index);
    const expected = ending.charCodeAt(index);
    if (unit !== expected && (unit | 0x20) !== expected) return false;
  }
  return true;
}

/** What makes a key a secret one. Keys of maps, tables, caches and keyboards have other names. */
const SECRET_KEYS = `api app access account admin aes application auth authentication client consumer cookie crypt crypto
  deploy decrypt decryption encrypt encryption hmac jwt license master priv private rest secret security server service
  session shared sign signing signature ssh storage subscription webhook`;
/** What makes a token or the like one that everybody may see, that lasts a moment, or that is a piece of text. */
const NOT_SECRET = `csrf csrfmiddleware xsrf public publickey public_key pub next prev previous page paging pagination continuation
  authenticity verification forgery sync cursor resume nonce cancel by com encom tres sur over under multi single first
  last low high anonymous hashed encrypted masked hidden device push fcm apns stop start eos bos pad unk sep cls mask
  special delimiter lexer syntax site captcha turnstile publishable`;
const isSecretKey = endsWithOneOf(SECRET_KEYS);
const isNotSecret = endsWithOneOf(NOT_SECRET);

/** Words by their last letter, so that few are compared: whether one of them ends at an offset. */
function endsWithOneOf(words: string): (text: string, end: number) => boolean {
  const byLast: (readonly string[] | undefined)[] = Array.from({ length: 128 });
  for (const word of words.split(/\s+/)) {
    const last = word.charCodeAt(word.length - 1);
    byLast[last] = [...(byLast[last] ?? []), word];
  }
  return (text, end) => {
    if (end <= 0) return false;
    const known = byLast[text.charCodeAt(end - 1) | 0x20];
    if (known !== undefined) for (const word of known) if (isEnding(text, end - word.length, word)) return true;
    return false;
  };
}

/** Whether what stands before the word lets it be the name of a secret, as in `apiKey`, and not of `csrf_token`. */
export function isQualified(text: string, at: number): boolean {
  // Words before it that are parted by a space qualify it too: `API key`, `CSRF token`.
  const parted = at > 0 && " _-.".includes(text.charAt(at - 1)) ? at - 1 : at;
  if (isNotSecret(text, parted)) return false;
  const initial = text.charCodeAt(at) | 0x20;
  if (initial === 0x6b) return isSecretKey(text, parted);
  // `oauth` and `unauth` are not the word; `authtoken`, `dbpassword` and `clientsecret` are.
  const joined = isAt(text, at, LOWER) && isAt(text, at - 1, LETTER);
  if (initial === 0x61 || initial === 0x63) return !joined && !(isAt(text, at, UPPER) && isAt(text, at - 1, UPPER));
  return !(initial === 0x70 && isAt(text, at - 1, DIGIT));
}
