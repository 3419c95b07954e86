import { hexValueOf } from "./characters.ts";
import type { Replacing } from "./windows.ts";

const HASH = 0x23;
const SEMICOLON = 0x3b;
const SMALL_X = 0x78;
const LAST_CODE_POINT = 0x10ffff;
const FIRST_OF_LATIN_1 = 0xa0;

/** In the order of Latin-1. HTML allows these without the semicolon. */
const LATIN_1 =
  "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para " +
  "middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave " +
  "Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc " +
  "Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc " +
  "iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";
const WITHOUT_SEMICOLON: Readonly<Record<string, number>> = {
  amp: 0x26,
  AMP: 0x26,
  lt: 0x3c,
  LT: 0x3c,
  gt: 0x3e,
  GT: 0x3e,
  quot: 0x22,
  QUOT: 0x22,
};
/** Signs of ASCII, white space, and what is not seen. */
const WITH_SEMICOLON: Readonly<Record<string, number>> = {
  Tab: 0x09,
  NewLine: 0x0a,
  excl: 0x21,
  num: 0x23,
  dollar: 0x24,
  percnt: 0x25,
  apos: 0x27,
  lpar: 0x28,
  rpar: 0x29,
  ast: 0x2a,
  midast: 0x2a,
  plus: 0x2b,
  comma: 0x2c,
  period: 0x2e,
  sol: 0x2f,
  colon: 0x3a,
  semi: 0x3b,
  equals: 0x3d,
  quest: 0x3f,
  commat: 0x40,
  lsqb: 0x5b,
  lbrack: 0x5b,
  bsol: 0x5c,
  rsqb: 0x5d,
  rbrack: 0x5d,
  Hat: 0x5e,
  lowbar: 0x5f,
  UnderBar: 0x5f,
  grave: 0x60,
  DiacriticalGrave: 0x60,
  lcub: 0x7b,
  lbrace: 0x7b,
  verbar: 0x7c,
  vert: 0x7c,
  VerticalLine: 0x7c,
  rcub: 0x7d,
  rbrace: 0x7d,
  NonBreakingSpace: 0xa0,
  ensp: 0x2002,
  emsp: 0x2003,
  emsp13: 0x2004,
  emsp14: 0x2005,
  numsp: 0x2007,
  puncsp: 0x2008,
  thinsp: 0x2009,
  ThinSpace: 0x2009,
  hairsp: 0x200a,
  VeryThinSpace: 0x200a,
  ZeroWidthSpace: 0x200b,
  NegativeVeryThinSpace: 0x200b,
  NegativeThinSpace: 0x200b,
  NegativeMediumSpace: 0x200b,
  NegativeThickSpace: 0x200b,
  zwnj: 0x200c,
  zwj: 0x200d,
  lrm: 0x200e,
  rlm: 0x200f,
  hyphen: 0x2010,
  dash: 0x2010,
  ndash: 0x2013,
  mdash: 0x2014,
  horbar: 0x2015,
  nldr: 0x2025,
  hellip: 0x2026,
  MediumSpace: 0x205f,
  NoBreak: 0x2060,
  ApplyFunction: 0x2061,
  af: 0x2061,
  InvisibleTimes: 0x2062,
  it: 0x2062,
  InvisibleComma: 0x2063,
  ic: 0x2063,
  minus: 0x2212,
  fflig: 0xfb00,
  filig: 0xfb01,
  fllig: 0xfb02,
};

const LEGACY = new Map(Object.entries(WITHOUT_SEMICOLON));
for (const [index, name] of LATIN_1.split(" ").entries()) LEGACY.set(name, FIRST_OF_LATIN_1 + index);
const NAMED = new Map([...LEGACY, ...Object.entries(WITH_SEMICOLON)]);
const MAX_NAME = Math.max(...[...NAMED.keys()].map((name) => name.length));
const MAX_LEGACY_NAME = Math.max(...[...LEGACY.keys()].map((name) => name.length));
const MIN_NAME = 2;

/** Reads a character reference of HTML (WHATWG, 13.5) at an ampersand. Returns where it ends, or `at`. */
export function readEntity(text: string, at: number, output: Replacing): number {
  return text.charCodeAt(at + 1) === HASH ? readNumeric(text, at, output) : readNamed(text, at, output);
}

function readNumeric(text: string, at: number, output: Replacing): number {
  const isHex = (text.charCodeAt(at + 2) | 0x20) === SMALL_X;
  const base = isHex ? 16 : 10;
  const first = isHex ? at + 3 : at + 2;
  let index = first;
  let point = 0;
  for (; ; index++) {
    const digit = hexValueOf(text.charCodeAt(index));
    if (digit < 0 || digit >= base) break;
    point = Math.min(point * base + digit, LAST_CODE_POINT + 1);
  }
  if (index === first || point > LAST_CODE_POINT) return at;
  return put(output, at, text.charCodeAt(index) === SEMICOLON ? index + 1 : index, point);
}

function readNamed(text: string, at: number, output: Replacing): number {
  const most = at + 1 + MAX_NAME;
  let end = at + 1;
  while (end < most && isNameUnit(text.charCodeAt(end))) end++;
  if (end - at <= MIN_NAME) return at;
  if (text.charCodeAt(end) === SEMICOLON) {
    const point = NAMED.get(text.slice(at + 1, end));
    if (point !== undefined) return put(output, at, end + 1, point);
  }
  for (let stop = Math.min(end, at + 1 + MAX_LEGACY_NAME); stop - at > MIN_NAME; stop--) {
    const point = LEGACY.get(text.slice(at + 1, stop));
    if (point !== undefined) return put(output, at, stop, point);
  }
  return at;
}

function put(output: Replacing, start: number, end: number, point: number): number {
  output.replace(start);
  output.putCodePoint(point);
  output.resume(end);
  return end;
}

const isNameUnit = (unit: number): boolean =>
  (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x30 && unit <= 0x39);
