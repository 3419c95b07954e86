import { mayBeNamed, nameablePath } from "./confidential.ts";
import type { Fault } from "./fault.ts";
import { FAULT_CODES, type FaultCode } from "./fault-codes.ts";
import { anchorOf, pointerToken, type SourceNode } from "./source-node.ts";
import type { Span, TextLines } from "./text-lines.ts";

/** Of each severity. A person reads the first of them; a file with more errors is no policy. */
const MAX_FAULTS = 500;

export type Said = {
  readonly code: FaultCode;
  readonly message: string;
  readonly suggestion?: string | null | (() => string | null);
};

type Told = { readonly path: string; readonly said: Said };

/** Gathers the faults of one file, so that all of them are reported at once. */
export class Faults {
  private readonly gathered: Fault[] = [];
  private readonly faulty = new Set<SourceNode>();
  private readonly counts = { error: 0, warning: 0 };
  /** Where in the text the errors begin, in UTF-16 code units. */
  private readonly starts: number[] = [];

  private readonly lines: TextLines;

  constructor(lines: TextLines) {
    this.lines = lines;
  }

  /** Of a stretch of the text that is not read as a value. */
  inText(span: Span, said: Said): void {
    this.add("error", span, () => ({ path: "", said }));
  }

  error(node: SourceNode, said: Said): void {
    this.faulty.add(node);
    this.add("error", anchorOf(node), () => ({ path: nameablePath(node), said }));
  }

  warning(node: SourceNode, said: Said): void {
    this.add("warning", anchorOf(node), () => ({ path: nameablePath(node), said }));
  }

  /** Of a value that is wrong in what it refers to; only if nothing worse was said of it. */
  reference(node: SourceNode, said: Said): void {
    if (!this.faulty.has(node)) this.error(node, said);
  }

  /** Of a key of a mapping, whatever its value is. One that may be a keyword is not named, whatever is said of it. */
  ofKey(mapping: SourceNode, key: string, span: Span, said: Said, severity: Fault["severity"] = "error"): void {
    this.add(severity, span, () => {
      const path = nameablePath(mapping);
      return mayBeNamed(mapping, key) ? { path: `${path}/${pointerToken(key)}`, said } : { path, said: unnamed(said) };
    });
  }

  get hasErrors(): boolean {
    return this.counts.error > 0;
  }

  /** Whether no error that is listed begins within a stretch of the text. */
  isSound({ start, end }: Span): boolean {
    return !this.starts.some((at) => at >= start && at < end);
  }

  /** Nothing more will be listed. */
  get isFull(): boolean {
    return this.counts.error >= MAX_FAULTS;
  }

  /** In the order of the file. */
  all(): readonly Fault[] {
    return this.gathered.toSorted((a, b) => a.position.line - b.position.line || a.position.column - b.position.column);
  }

  private add(severity: Fault["severity"], span: Span, tell: () => Told): void {
    const before = this.counts[severity]++;
    if (before >= MAX_FAULTS || (before === MAX_FAULTS - 1 && severity === "warning")) return;
    if (severity === "error") this.starts.push(span.start);
    // Looking for what was meant and what may be named takes long, so it is done only for what is listed.
    const { path, said } = tell();
    const { code, message, suggestion = null } = before === MAX_FAULTS - 1 ? TOO_MANY : said;
    this.gathered.push({
      severity,
      code,
      message,
      path,
      position: this.lines.position(span),
      suggestion: typeof suggestion === "function" ? suggestion() : suggestion,
    });
  }
}

/** The same in general words. */
const unnamed = ({ code }: Said): Said => ({
  code,
  message: FAULT_CODES[code],
  suggestion: code === "unknown_key" ? COLON : null,
});

/** What is to be done about a text that is read as a mapping. */
export const COLON = "a text with a colon and a space in it needs quotes";

const TOO_MANY: Said = {
  code: "too_many_faults",
  message: `There are ${MAX_FAULTS} errors or more; from here on they are not listed.`,
};
