import { RE2JS } from "re2js";
import { err, ok, type Result } from "../core/result.ts";
import type { LiteralDetector, Strength } from "./detector.ts";
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
const COST_PER_CHARACTER = 40;
const ID = /^[a-z][a-z0-9_]{0,63}$/;

export function compilePattern(rule: UserPattern): Result<LiteralDetector, { readonly message: string }> {
  const { id, strength = "medium" } = rule;
  if (!ID.test(id)) return err({ message: "A pattern's id is lower-case letters, digits and _, at most 64." });
  const literals = rule.keywords.flatMap(foldKeyword);
  if (literals.length === 0 || literals.some((literal) => literal.length < MIN_KEYWORD)) {
    return err({ message: `Pattern ${id} needs a keyword, and each of at least ${MIN_KEYWORD} characters.` });
  }
  const compiled = tryToCompile(rule.pattern);
  if (compiled === null) return err({ message: `Pattern ${id} is not in the syntax of RE2.` });
  const code = `pattern.${id}`;
  return ok({
    kind: "literal",
    codes: [code],
    title: "A pattern of the policy.",
    sources: ["https://github.com/google/re2/wiki/Syntax"],
    literals,
    reach: WINDOW * COST_PER_CHARACTER,
    look: (text, at) => {
      const { start, end } = windowAround(text, at);
      // What this throws counts as found: nobody knows that the text is harmless.
      const found = runs(compiled, text.slice(start, end));
      return found ? { code, start: at, end: at + 1, strength } : null;
    },
  });
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
