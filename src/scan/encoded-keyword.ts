/** Longer ones are found by decoding whatever is encoded; shorter ones are too short to tell code from noise. */
const MAX_BYTES = 11;
const MIN_BYTES = 3;
const ALPHABET = /[A-Za-z0-9+/_-]/;

/**
 * A short keyword as it stands in base64, base64url or hexadecimal by itself, in the cases that people write it in. A
 * text of a few characters cannot be known for encoded otherwise.
 */
export function encodedForms(keyword: string): readonly string[] {
  const lower = keyword.toLowerCase();
  const capitalised = lower.charAt(0).toUpperCase() + lower.slice(1);
  const forms = [keyword, lower, capitalised, keyword.toUpperCase()].flatMap((written) => {
    const bytes = Buffer.from(written, "utf8");
    if (bytes.byteLength < MIN_BYTES || bytes.byteLength > MAX_BYTES) return [];
    const hex = bytes.toString("hex");
    return [bytes.toString("base64").replace(/=+$/, ""), bytes.toString("base64url"), hex, hex.toUpperCase()];
  });
  return [...new Set(forms)];
}

/** Whether an encoded form that stands at an offset is all that is encoded there, rather than a part of something else. */
export const standsAlone = (text: string, start: number, end: number): boolean =>
  !ALPHABET.test(text.charAt(start - 1)) && !ALPHABET.test(text.charAt(end));

/** Longer ones that are spelled out are put together by a reading of their own, which tells letters from signs. */
const MAX_SPELLED = 4;
const SEPARATORS = [" ", ".", "-", "_"] as const;

/** A keyword, and where it is as short as `M&A` also its characters with something between them. */
export function spelledForms(keyword: string): readonly string[] {
  const characters = [...keyword];
  if (characters.length < MIN_BYTES || characters.length > MAX_SPELLED || keyword.includes(" ")) return [keyword];
  return [keyword, ...SEPARATORS.map((separator) => characters.join(separator))];
}
