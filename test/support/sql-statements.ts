export type Statement = {
  /** As written, with the comments that stand before and inside it. */
  readonly text: string;
  /** In lower case, without comments, with the content of strings and quoted bodies taken out. */
  readonly code: string;
  readonly terminated: boolean;
};

/** One alternative for each thing inside which a semicolon ends nothing. */
const OPAQUE = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$/y;

/** Splits SQL into statements as psql would, near enough for files that people review. */
export function statementsOf(sql: string): Statement[] {
  const statements: Statement[] = [];
  let text = "";
  let code = "";
  const finish = (terminated: boolean) => {
    const trimmed = code.replace(/\s+/g, " ").trim().toLowerCase();
    if (trimmed !== "") statements.push({ text: text.trim(), code: trimmed, terminated });
    text = "";
    code = "";
  };
  for (let at = 0; at < sql.length; ) {
    OPAQUE.lastIndex = at;
    const opaque = OPAQUE.exec(sql)?.[0];
    const piece = opaque ?? sql.charAt(at);
    text += piece;
    code += opaque === undefined ? piece : stripped(opaque);
    at += piece.length;
    if (piece === ";") {
      code = code.slice(0, -1);
      finish(true);
    }
  }
  finish(false);
  return statements;
}

function stripped(opaque: string): string {
  if (opaque.startsWith("--") || opaque.startsWith("/*")) return " ";
  return opaque.startsWith('"') ? opaque.slice(1, -1) : "''";
}

/** Splits at the commas that stand outside all parentheses. */
export function elementsOf(list: string): string[] {
  const elements = [""];
  let depth = 0;
  for (const character of list) {
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    if (character === "," && depth === 0) elements.push("");
    else elements[elements.length - 1] += character;
  }
  return elements.map((element) => element.trim()).filter((element) => element !== "");
}
