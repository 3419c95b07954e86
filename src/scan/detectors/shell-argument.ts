import { MAX_VALUE } from "./credential-value.ts";

/** One word of a command line without its quotes, and where it ends. */
export type Argument = { readonly value: string; readonly end: number };

const BACKSLASH = 0x5c;
const NOT_QUOTED = " \t\r\n;|&<>()`,";

/** The word at an offset: quoted, bare, or pieces of both as in `"user":'x'`. Null where it is empty or does not end. */
export function argumentAt(text: string, at: number): Argument | null {
  let value = "";
  let index = at;
  let quote = "";
  const last = Math.min(text.length, at + MAX_VALUE);
  for (; index < last; index++) {
    const character = text.charAt(index);
    if (character < "\u0003" || (quote !== "" && character === "\n")) break;
    if (quote === "" ? character === '"' || character === "'" : character === quote) {
      quote = quote === "" ? character : "";
    } else if (quote === "" && NOT_QUOTED.includes(character)) {
      break;
    } else if (character.charCodeAt(0) !== BACKSLASH) value += character;
  }
  return value === "" || index === at + MAX_VALUE ? null : { value, end: index };
}
