/** What the random part of a secret looks like. */
export type ValueForm = { readonly pattern: string; readonly maxLength: number };

/** `among`: the inside of a character class. */
export function characters(among: string, least: number, most = least): ValueForm {
  return { pattern: least === most ? `[${among}]{${least}}` : `[${among}]{${least},${most}}`, maxLength: most };
}

export const hex = (least: number, most = least): ValueForm => characters("0-9a-f", least, most);
export const alphanumeric = (least: number, most = least): ValueForm => characters("A-Za-z0-9", least, most);
export const urlSafe = (least: number, most = least): ValueForm => characters("A-Za-z0-9_\\-", least, most);
export const base64 = (least: number, most = least): ValueForm => characters("A-Za-z0-9+/", least, most);

export const UUID: ValueForm = {
  pattern: "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
  maxLength: 36,
};

/** The pattern of a text as it stands. */
export const verbatim = (text: string): string => text.replace(/[.+$^*?()[\]{}|\\/]/g, "\\$&");

/** The pattern of a lower-case word in upper, lower or mixed case. */
export const inAnyCase = (word: string): string =>
  word.replace(/[^a-z]|[a-z]/g, (unit) => (/[a-z]/.test(unit) ? `[${unit.toUpperCase()}${unit}]` : verbatim(unit)));
