/** Where in a JSON text an object names a field again. `parents` are the names and indices that lead to the object. */
export type DuplicateKey = { readonly parents: readonly (string | number)[]; readonly key: string };

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** An object or array that is not closed yet. */
type Open = {
  /** The names it has so far; null for an array. */
  readonly keys: Set<string> | null;
  /** The field or item that is being read. */
  at: string | number;
  awaitsKey: boolean;
};

/**
 * Finds the first of them in one pass; names are compared as they are read, so that `"\u0061"` is `"a"`. The text is
 * well-formed JSON.
 */
export function findDuplicateKey(text: string): DuplicateKey | null {
  const open: Open[] = [];
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    const inner = open.at(-1);
    if (unit === QUOTE) {
      const start = index;
      index = endOfString(text, start);
      if (inner?.keys == null || !inner.awaitsKey) continue;
      const written = text.slice(start + 1, index);
      const key: string = written.includes("\\") ? JSON.parse(`"${written}"`) : written;
      if (inner.keys.has(key)) return { parents: open.slice(0, -1).map(({ at }) => at), key };
      inner.keys.add(key);
      inner.at = key;
      inner.awaitsKey = false;
    } else if (unit === OPEN_BRACE) open.push({ keys: new Set(), at: "", awaitsKey: true });
    else if (unit === OPEN_BRACKET) open.push({ keys: null, at: 0, awaitsKey: false });
    else if (unit === CLOSE_BRACE || unit === CLOSE_BRACKET) open.pop();
    else if (unit === COMMA && inner !== undefined) {
      if (typeof inner.at === "number") inner.at++;
      else inner.awaitsKey = true;
    }
  }
  return null;
}

/** Where the quote stands that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text.charCodeAt(index) !== QUOTE) index += text.charCodeAt(index) === BACKSLASH ? 2 : 1;
  return index;
}
