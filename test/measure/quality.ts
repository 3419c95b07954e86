import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CompiledScan } from "../../src/scan/compile.ts";
import { scan } from "../../src/scan/scan.ts";
import { EVASIONS } from "./evasions.ts";

export type Labelled = {
  readonly text: string;
  readonly sensitive: boolean;
  readonly rule?: string;
  readonly spans?: readonly {
    readonly type: string;
    readonly value: string;
    readonly start: number;
    readonly end: number;
  }[];
};

export function readLabelled(directory: string, file: string): readonly Labelled[] {
  const lines = readFileSync(join(directory, file), "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line): Labelled => JSON.parse(line));
}

export const findingsIn = (text: string, compiled: CompiledScan) => scan({ body: { text }, task: null }, compiled);

export type Quality = {
  readonly precision: number;
  readonly recall: number;
  readonly missed: readonly Labelled[];
  readonly falseAlarms: readonly { readonly line: Labelled; readonly codes: readonly string[] }[];
};

/** At the level of a prompt: whether anything was found in it. */
export function qualityOf(lines: readonly Labelled[], compiled: CompiledScan): Quality {
  const judged = lines.map((line) => ({ line, codes: findingsIn(line.text, compiled).map(({ code }) => code) }));
  const found = judged.filter(({ codes }) => codes.length > 0);
  const right = found.filter(({ line }) => line.sensitive).length;
  const sensitive = lines.filter((line) => line.sensitive).length;
  return {
    precision: right / found.length,
    recall: right / sensitive,
    missed: judged.filter(({ line, codes }) => line.sensitive && codes.length === 0).map(({ line }) => line),
    falseAlarms: found.filter(({ line }) => !line.sensitive),
  };
}

export type Recall = {
  readonly name: string;
  readonly found: number;
  readonly of: number;
  readonly missed: readonly string[];
};

/** Each prompt with each of its values disguised. Values that a disguise leaves as they are do not count. */
export function evasionRecall(lines: readonly Labelled[], compiled: CompiledScan): readonly Recall[] {
  const sensitive = lines.filter(({ spans = [] }) => spans.length > 0);
  return EVASIONS.map(({ name, disguise }) => {
    const prompts = sensitive.flatMap((line) => {
      const text = disguised(line, disguise);
      return text === line.text ? [] : [text];
    });
    const missed = prompts.filter((text) => findingsIn(text, compiled).length === 0);
    return { name, found: prompts.length - missed.length, of: prompts.length, missed };
  });
}

function disguised({ text, spans = [] }: Labelled, disguise: (value: string) => string): string {
  let result = text;
  for (const { value, start, end } of spans.toSorted((a, b) => b.start - a.start)) {
    result = result.slice(0, start) + disguise(value) + result.slice(end);
  }
  return result;
}

const KEYWORDS = [
  "project falcon",
  "geheim",
  "confidential",
  "Müller-Lüdenscheidt",
  "streng vertraulich",
  "acme",
  "M&A",
  "blue heron 7",
];

/** The same for keywords, alone and within a sentence. */
export function keywordRecall(compile: (keywords: readonly string[]) => CompiledScan): readonly Recall[] {
  return EVASIONS.map(({ name, disguise }) => {
    const cases = KEYWORDS.flatMap((keyword) => {
      const value = disguise(keyword);
      return value === keyword
        ? []
        : [`${value}`, `Tell me about ${value} until Friday.`].map((text) => ({ keyword, text }));
    });
    const missed = cases.filter(({ keyword, text }) => findingsIn(text, compile([keyword])).length === 0);
    return { name, found: cases.length - missed.length, of: cases.length, missed: missed.map(({ text }) => text) };
  });
}
