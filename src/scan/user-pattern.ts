import { RE2JS } from "re2js";
import { err, ok, type Result } from "../core/result.ts";
import type { LiteralDetector, Strength } from "./detector.ts";
import { ID, type ScanFault, type ScanFaultPart } from "./scan-fault.ts";
import { BOUNDARY } from "./sheet.ts";
import { foldKeyword } from "./views/fold.ts";

/** A pattern of the policy's own, looked for around its keywords only. */
export type UserPattern = {
  /** Its findings have the code `pattern.<id>`. */
  readonly id: string;
  /** RE2 syntax, which has no look-around and takes linear time. */
  readonly pattern: string;
  /** At least one, of at least three characters; a match lies within WINDOW characters around one of them. */
  readonly keywords: readonly string[];
  readonly strength?: Strength;
};

/** Characters around a keyword, it included, that a pattern is run over. */
const WINDOW = 512;
const MIN_KEYWORD = 3;
/** What a run over a window costs beside the reading of a character, as measured: RE2 in JavaScript is slow. */
const COST_PER_CHARACTER = 16;
/** Each character may be tried with each instruction of the pattern; so many of them cost as much as reading one. */
const INSTRUCTIONS_PER_UNIT = 8;
/** A larger pattern would spend what even a short prompt may cost on one run. */
const MAX_INSTRUCTIONS = 1_000;

/** `position` counts from 1, for patterns that have no name to call them by. A fault quotes nothing but a good name. */
export function compilePattern(rule: UserPattern, position: number): Result<LiteralDetector, readonly ScanFault[]> {
  const { id, strength = "medium" } = rule;
  const literals = [...new Set(rule.keywords.flatMap(foldKeyword))];
  const compiled = tryToCompile(rule.pattern);
  const faults = faultsOf(rule, compiled);
  if (compiled === null || faults.length > 0) {
    const isNamed = ID.test(id);
    const name = isNamed ? `Pattern ${id}` : `Pattern ${position} of the list`;
    return err(
      faults.map(({ said, part }) => ({
        message: `${name} ${said}`,
        id: isNamed ? id : null,
        ...(part === undefined ? {} : { part }),
      })),
    );
  }
  const code = `pattern.${id}`;
  return ok({
    kind: "literal",
    codes: [code],
    title: "A pattern of the policy.",
    sources: ["https://github.com/google/re2/wiki/Syntax"],
    literals,
    reach: WINDOW * Math.max(COST_PER_CHARACTER, compiled.programSize() / INSTRUCTIONS_PER_UNIT),
    look: (text, at) => {
      const { start, end } = windowAround(text, at);
      // What this throws counts as found: nobody knows that the text is harmless.
      const found = runs(compiled, text.slice(start, end));
      return found ? { code, start: at, end: at + 1, strength } : null;
    },
  });
}

type PatternFault = { readonly said: string; readonly part?: ScanFaultPart };

function faultsOf({ id, keywords }: UserPattern, compiled: RE2JS | null): readonly PatternFault[] {
  const faults: PatternFault[] = [];
  if (!ID.test(id))
    faults.push({ said: "needs an id of at most 64 lower-case letters, digits and _, a letter first." });
  if (keywords.length === 0 || keywords.some(isTooShort)) {
    const said = `needs a keyword, and each of at least ${MIN_KEYWORD} characters.`;
    faults.push({ said, part: "pattern_keywords" });
  }
  if (compiled === null) {
    const said = "is not in the syntax of RE2, which has no look-around and no back-references.";
    faults.push({ said, part: "pattern" });
  } else if (compiled.programSize() > MAX_INSTRUCTIONS) {
    faults.push({ said: "is too large: make its counted repetitions shorter.", part: "pattern" });
  }
  return faults;
}

function isTooShort(keyword: string): boolean {
  const forms = foldKeyword(keyword);
  return forms.length === 0 || forms.some((form) => Array.from(form).length < MIN_KEYWORD);
}

function tryToCompile(pattern: string): RE2JS | null {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return null;
  }
}

function runs(pattern: RE2JS, window: string): boolean {
  try {
    return pattern.matcher(window).find();
  } catch {
    return true;
  }
}

/** Of the text that the keyword stands in, not of its neighbours. */
function windowAround(text: string, at: number): { readonly start: number; readonly end: number } {
  const from = Math.max(0, at - WINDOW / 2);
  const boundaryBefore = text.lastIndexOf(BOUNDARY, at);
  const boundaryAfter = text.indexOf(BOUNDARY, at);
  const until = from + WINDOW;
  return {
    start: Math.max(from, boundaryBefore + 1),
    end: boundaryAfter < 0 ? until : Math.min(until, boundaryAfter),
  };
}
