/** Ways to write a value so that a person, or a model, still reads it and a plain pattern does not. */
export type Evasion = { readonly name: string; readonly disguise: (value: string) => string };

const between = (value: string, mark: string): string => [...value].join(mark);
const mapped = (value: string, map: (character: string) => string): string => [...value].map(map).join("");
const bytes = (value: string): readonly number[] => [...new TextEncoder().encode(value)];
const shifted = (character: string, from: string, to: string, offset: number): string | null =>
  character >= from && character <= to
    ? String.fromCodePoint(character.charCodeAt(0) - from.charCodeAt(0) + offset)
    : null;

const HOMOGLYPHS: Readonly<Record<string, string>> = {
  ...{ a: "а", c: "с", e: "е", i: "і", j: "ј", o: "о", p: "р", s: "ѕ", x: "х", y: "у", h: "һ", d: "ԁ", q: "ԛ", w: "ԝ" },
  ...{ A: "А", B: "В", C: "С", E: "Е", H: "Н", I: "І", J: "Ј", K: "К", M: "М", O: "О", P: "Р", S: "Ѕ", T: "Т", X: "Х" },
  ...{ Y: "Ү", Z: "Ζ", N: "Ν", G: "Ԍ" },
};

export const EVASIONS: readonly Evasion[] = [
  { name: "zero-width space", disguise: (value) => between(value, "\u200b") },
  { name: "zero-width joiner", disguise: (value) => between(value, "\u200d") },
  { name: "soft hyphen", disguise: (value) => between(value, "\u00ad") },
  { name: "variation selector", disguise: (value) => between(value, "\ufe0f") },
  { name: "tag characters between", disguise: (value) => between(value, "\u{e0041}") },
  {
    name: "tag characters alone",
    disguise: (value) => mapped(value, (character) => shifted(character, " ", "~", 0xe0020) ?? character),
  },
  { name: "combining marks", disguise: (value) => mapped(value, (character) => `${character}\u0301`) },
  { name: "combining marks, stacked", disguise: (value) => mapped(value, (character) => `${character}\u0335\u0316`) },
  {
    name: "full-width",
    disguise: (value) => mapped(value, (character) => shifted(character, "!", "~", 0xff01) ?? character),
  },
  {
    name: "mathematical",
    disguise: (value) =>
      mapped(
        value,
        (character) =>
          shifted(character, "0", "9", 0x1d7ce) ??
          shifted(character, "A", "Z", 0x1d400) ??
          shifted(character, "a", "z", 0x1d41a) ??
          character,
      ),
  },
  { name: "homoglyphs", disguise: (value) => mapped(value, (character) => HOMOGLYPHS[character] ?? character) },
  {
    name: "Arabic-Indic digits",
    disguise: (value) => mapped(value, (character) => shifted(character, "0", "9", 0x660) ?? character),
  },
  {
    name: "Devanagari digits",
    disguise: (value) => mapped(value, (character) => shifted(character, "0", "9", 0x966) ?? character),
  },
  { name: "base64", disguise: (value) => Buffer.from(value).toString("base64") },
  { name: "base64url", disguise: (value) => Buffer.from(value).toString("base64url") },
  { name: "base64 twice", disguise: (value) => Buffer.from(Buffer.from(value).toString("base64")).toString("base64") },
  { name: "hex", disguise: (value) => Buffer.from(value).toString("hex") },
  {
    name: "hex pairs",
    disguise: (value) =>
      bytes(value)
        .map((byte) => byte.toString(16).padStart(2, "0"))
        .join(" "),
  },
  {
    name: "percent",
    disguise: (value) =>
      bytes(value)
        .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
        .join(""),
  },
  {
    name: "\\u escapes",
    disguise: (value) => mapped(value, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`),
  },
  { name: "decimal entities", disguise: (value) => mapped(value, (character) => `&#${character.codePointAt(0)};`) },
  {
    name: "hexadecimal entities",
    disguise: (value) => mapped(value, (character) => `&#x${character.charCodeAt(0).toString(16)};`),
  },
  { name: "spaced", disguise: (value) => between(value, " ") },
  { name: "dotted", disguise: (value) => between(value, ".") },
  { name: "dashed", disguise: (value) => between(value, "-") },
  {
    name: "newline inside",
    disguise: (value) => `${value.slice(0, value.length >> 1)}\n${value.slice(value.length >> 1)}`,
  },
  {
    name: "[at] and [dot]",
    disguise: (value) => (value.includes("@") ? value.replaceAll("@", " [at] ").replaceAll(".", " [dot] ") : value),
  },
];
