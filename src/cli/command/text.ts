/** Columns of a terminal that text is made for; words that are longer stay whole. */
export const WIDTH = 80;

/** `1 rule`, `2 rules`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Names in a column of their own, and what they stand for beside them, wrapped. */
export function rows(pairs: readonly (readonly [name: string, text: string])[], indent = 2): readonly string[] {
  const width = Math.max(0, ...pairs.map(([name]) => name.length)) + 2;
  return pairs.flatMap(([name, text]) =>
    wrap(text, WIDTH - indent - width).map(
      (line, index) => `${" ".repeat(indent)}${(index === 0 ? name : "").padEnd(width)}${line}`,
    ),
  );
}

/** Breaks at spaces. A text without any is one line, and none is an empty line. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A text over the whole width. */
export const paragraph = (text: string): readonly string[] => wrap(text, WIDTH);

/** A list's item, wrapped behind its dash. */
export const bullet = (text: string, indent = 2): readonly string[] =>
  wrap(text, WIDTH - indent - 2).map((line, index) => `${" ".repeat(indent)}${index === 0 ? "-" : " "} ${line}`);

/** A region of requests: those for which all conditions of one of these lists hold. */
export type Described = { readonly when: readonly (readonly string[])[]; readonly more: boolean };

/** One item for each list. */
export const traffic = ({ when, more }: Described, indent = 4): readonly string[] => [
  ...when.flatMap((conditions) => bullet(conditions.length === 0 ? "always" : conditions.join(", and "), indent)),
  ...(more ? bullet("and more", indent) : []),
];
