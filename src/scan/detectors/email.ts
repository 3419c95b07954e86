import type { LiteralDetector, Match, Near, Strength } from "../detector.ts";

const MAX_LOCAL = 64;
const MAX_DOMAIN = 255;
const MAX_LABEL = 63;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;

const isAsciiLetter = (unit: number): boolean => (unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x7a;
const isAsciiAlphanumeric = (unit: number): boolean => isAsciiLetter(unit) || (unit >= 0x30 && unit <= 0x39);

const LETTER_OR_NUMBER = /[\p{L}\p{M}\p{N}]/u;
const IS_FOREIGN = 1;
const IS_NOT_FOREIGN = 2;
/** What has been asked of a character before; an expression for each one of a long text would take too long. */
const known = new Uint8Array(65_536);

/** Mailboxes may have letters of any script (RFC 6531). Half of a surrogate pair is taken for a letter. */
function isForeign(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  if (!(unit >= 0x80)) return false;
  if (unit >= 0xd800 && unit <= 0xdfff) return true;
  if (known[unit] === 0) known[unit] = LETTER_OR_NUMBER.test(text.charAt(at)) ? IS_FOREIGN : IS_NOT_FOREIGN;
  return known[unit] === IS_FOREIGN;
}

/** The other characters that RFC 5322 allows are used by nobody, and stand in code and templates right before an `@`. */
const isLocalMark = (unit: number): boolean =>
  unit === 0x2e || unit === 0x2d || unit === 0x5f || unit === 0x2b || unit === 0x25;

const isLocal = (text: string, at: number): boolean => {
  const unit = text.charCodeAt(at);
  return isAsciiAlphanumeric(unit) || isLocalMark(unit) || isForeign(text, at);
};

/** Where the local part begins; `at` where there is none. */
function startOfLocal(text: string, at: number): number {
  const limit = Math.max(0, at - MAX_LOCAL);
  let start = at;
  while (start > limit && isLocal(text, start - 1)) start--;
  if (start > 0 && start === limit && isLocal(text, start - 1)) {
    // Too long for one: a line of dashes or a sentence without spaces runs into it, so it begins where these end.
    while (start < at && isAsciiAlphanumeric(text.charCodeAt(start))) start++;
    while (start < at && !isAsciiAlphanumeric(text.charCodeAt(start))) start++;
  }
  while (start < at && isLocalMark(text.charCodeAt(start)) && text.charCodeAt(start) !== 0x5f) start++;
  return start;
}

/** Where a label of a domain ends that begins at `start`; `start` where none does. */
function endOfLabel(text: string, start: number): number {
  const limit = start + MAX_LABEL;
  let end = start;
  while (end <= limit) {
    const unit = text.charCodeAt(end);
    const isHyphen = unit === 0x2d && end > start;
    if (!isHyphen && !isAsciiAlphanumeric(unit) && !isForeign(text, end)) break;
    end++;
  }
  if (end > limit) return start;
  while (end > start && text.charCodeAt(end - 1) === 0x2d) end--;
  return end;
}

const PUNYCODE = /^xn--[a-z0-9-]{2,59}$/i;
const FOREIGN_NAME = /^[\p{L}\p{M}]{2,24}$/u;

/** Where a top-level domain ends that this label is or, in scripts without spaces, begins with; 0 where it is none. */
function endOfTopLevel(text: string, start: number, end: number): number {
  let letters = start;
  while (letters < end && isAsciiLetter(text.charCodeAt(letters))) letters++;
  const count = letters - start;
  if (count >= 2 && count <= 24 && (letters === end || text.charCodeAt(letters) >= 0x80)) return letters;
  if (count === end - start || end - start < 2) return 0;
  const label = text.slice(start, end);
  if (PUNYCODE.test(label)) return end;
  return text.charCodeAt(letters) >= 0x80 && FOREIGN_NAME.test(label) ? end : 0;
}

/** The domain as far as its last label that can be a top-level one. */
type Domain = { readonly end: number; readonly topStart: number; readonly firstEnd: number };

function readDomain(text: string, start: number): Domain {
  const limit = start + MAX_DOMAIN;
  const firstEnd = endOfLabel(text, start);
  let end = 0;
  let topStart = 0;
  for (let dot = firstEnd; dot > start && text.charCodeAt(dot) === 0x2e; ) {
    const next = endOfLabel(text, dot + 1);
    if (next === dot + 1 || next > limit) break;
    const top = endOfTopLevel(text, dot + 1, next);
    if (top > 0) {
      end = top;
      topStart = dot + 1;
    }
    dot = next;
  }
  return { end, topStart, firstEnd };
}

/** What file names and units of systemd end with, as in `icon@2x.png` and `getty@tty1.service`: none is delegated. */
const FILE_ENDINGS: ReadonlySet<string> = new Set([
  ...["png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "bmp", "pdf", "txt", "csv", "log", "woff", "ttf"],
  ...["js", "mjs", "cjs", "jsx", "ts", "tsx", "css", "scss", "sass", "less", "vue", "json", "html", "htm", "xml"],
  ...["yaml", "yml", "toml", "lock", "map", "java", "kt", "go", "rb", "php", "cpp", "hpp", "wasm", "patch", "diff"],
  ...["tgz", "gz", "bz", "xz", "tar", "jar", "war", "whl", "deb", "rpm", "apk", "dmg", "exe", "dll", "dylib", "git"],
  ...["service", "socket", "timer", "target", "mount", "slice", "scope", "device", "swap", "automount", "conf"],
]);

/** `lodash@4.17.21-rc.next`: the labels of a version begin with digits, those of a domain such as 163.com only once. */
const VERSION = /v?\d{1,6}\.\d/y;
/** `layoutInflater`, and `lower()`: members of a program, as in `this@Activity.layoutInflater`. */
const MEMBER = /[a-z]{1,20}[A-Z]/y;
const MEMBER_LENGTH = 7;
/** Accounts that version control logs in with, and mailboxes that nobody reads. */
const MACHINE = /^(?:git|hg|svn|bzr|this|super|no-?reply|do-?not-?reply)$/i;
/** `user@host.tld:/srv/file`, `git@host.tld:group/project`. */
const REMOTE_PATH = /:(?:[/~]|\.{1,2}\/|[\w.-]{1,64}\/)/y;
/** `ssh://` or `ssh://user:` before what then is no mailbox but how to log in at a host. */
const AUTHORITY = /:\/\/(?:[^\s/@\p{Cc}]{0,64}:)?$/u;
const AUTHORITY_REACH = 70;
/** `https://user:$TOKEN@host` and `${TOKEN}`: a variable is no mailbox either. */
const VARIABLE_SIGN = /[${]{1,2}$/;
const BEFORE_LOGIN: ReadonlySet<string> = new Set(["/", ":", "$", "{"]);

function isMailbox(text: string, start: number, at: number, domain: Domain): boolean {
  const { end, topStart } = domain;
  if (text.charCodeAt(at - 1) === 0x2e || text.charAt(end) === "(") return false;
  VERSION.lastIndex = at + 1;
  REMOTE_PATH.lastIndex = end;
  MEMBER.lastIndex = topStart;
  if (VERSION.test(text) || REMOTE_PATH.test(text)) return false;
  if (end - topStart >= MEMBER_LENGTH && MEMBER.test(text)) return false;
  if (FILE_ENDINGS.has(text.slice(topStart, end).toLowerCase()) || MACHINE.test(text.slice(start, at))) return false;
  const before = text.charAt(start - 1);
  if (!BEFORE_LOGIN.has(before)) return true;
  return !AUTHORITY.test(text.slice(Math.max(0, start - AUTHORITY_REACH), start).replace(VARIABLE_SIGN, ""));
}

function look(text: string, at: number, near: Near): Match | null {
  const start = startOfLocal(text, at);
  if (start === at) return lookOverLine(text, at);
  const domain = readDomain(text, at + 1);
  if (domain.firstEnd === at + 1) return null;
  if (domain.end === 0) return lookWithoutDot(text, start, at, domain, near);
  const strength: Strength = isMailbox(text, start, at, domain) ? "strong" : "weak";
  return { code: "pii.email", start, end: domain.end, strength };
}

/** Top-level domains that most mailboxes have, and that no member of a program is called. */
const USUAL_TOP = /^(?:com|org|net|edu|gov|info|biz|eu|de|uk|fr|es|nl|pl|se|dk|fi|cz|hu|ro|br|au|ca|ch|jp|ru|us)$/i;

/** `ada\n@example.com`: a line that begins with an `@` is a decorator, mostly. */
function lookOverLine(text: string, at: number): Match | null {
  if (text.charCodeAt(at - 1) !== LINE_FEED) return null;
  const end = at - (text.charCodeAt(at - 2) === RETURN ? 2 : 1);
  if (!isAsciiAlphanumeric(text.charCodeAt(end - 1))) return null;
  const domain = readDomain(text, at + 1);
  if (domain.end === 0 || text.charAt(domain.end) === "(") return null;
  if (!USUAL_TOP.test(text.slice(domain.topStart, domain.end))) return null;
  return { code: "pii.email", start: startOfLocal(text, end), end: domain.end, strength: "medium" };
}

/** `root@localhost`: a mailbox only where something says so. */
function lookWithoutDot(text: string, start: number, at: number, { firstEnd }: Domain, near: Near): Match | null {
  const isName = isAsciiLetter(text.charCodeAt(at + 1)) && !".@/:([".includes(text.charAt(firstEnd) || " ");
  if (!isName || !isAsciiLetter(text.charCodeAt(start))) return null;
  const isBefore = text.charAt(start - 1);
  const strength = isBefore !== "/" && isBefore !== "@" && near(start, firstEnd) ? "medium" : "weak";
  return { code: "pii.email", start, end: firstEnd, strength };
}

export const email: LiteralDetector = {
  kind: "literal",
  codes: ["pii.email"],
  title: "An e-mail address, of any script.",
  sources: [
    "https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2",
    "https://www.rfc-editor.org/rfc/rfc5322#section-3.4.1",
    "https://www.rfc-editor.org/rfc/rfc6531",
  ],
  literals: ["@"],
  context: ["email", "emails", "mail", "mailto", "mailbox"],
  // An `@` ends what the looks before and after it read, so all together read no character more than a few times.
  reach: MAX_LOCAL,
  look,
};
