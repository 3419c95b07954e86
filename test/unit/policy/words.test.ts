import { describe, expect, test } from "bun:test";
import { CHOICES, type Condition, FLAGS, QUANTITIES, readCondition } from "../../../src/policy/condition.ts";
import type { ConditionBody } from "../../../src/policy/document.ts";
import { wordsOf } from "../../../src/policy/words.ts";

const said = (body: ConditionBody | undefined): string => wordsOf(readCondition(body));

describe("wordsOf", () => {
  test.each<[ConditionBody | undefined, string]>([
    [undefined, "always"],
    [{ signal: "pii" }, 'signal "pii" is found'],
    [{ signal: ["pii", "secrets"] }, 'signal "pii" is found, or signal "secrets" is found'],
    [{ stream: true }, "the answer is to be streamed"],
    [{ has_tools: false }, "the request has no tools"],
    [{ opaque_content: false, scan_incomplete: false }, "all content is text, and the scanner read all text"],
    [{ prompt_chars: { at_most: 1000 } }, "the prompt has at most 1000 characters"],
    [{ prompt_tokens: { at_least: 5, at_most: 9 } }, "the prompt has 5 to 9 tokens"],
    [{ message_count: { at_least: 2, at_most: 2 } }, "the request has exactly 2 messages"],
    [{ estimated_cost_micros: { at_least: 7 } }, "the estimated cost is at least 7 micro-USD"],
    [{ model: ["a", "b", "auto"] }, 'the model asked for is "a", "b" or "auto"'],
    [{ requested_provider: "openai" }, 'the provider asked for is "openai"'],
    [{ surface: "native", task: ["chat"] }, 'the surface is "native", and the task is "chat"'],
    [{ labels: { team: ["red", "blue"] } }, 'label "team" is "red" or "blue"'],
    [{ not: { signal: "pii" } }, 'signal "pii" is not found'],
    [{ not: { stream: true } }, "the answer is not to be streamed"],
    [{ not: { stream: false } }, "the answer is to be streamed"],
    [{ not: { prompt_chars: { at_most: 9 } } }, "the prompt has more than 9 characters"],
    [{ not: { prompt_chars: { at_least: 9 } } }, "the prompt has less than 9 characters"],
    [{ not: { prompt_chars: { at_least: 3, at_most: 9 } } }, "the prompt has less than 3 or more than 9 characters"],
    [{ not: { model: "a" } }, 'the model asked for is not "a"'],
    [{ not: { labels: { team: "red" } } }, 'label "team" is not "red"'],
  ])("of %j is %s", (body, words) => {
    expect(said(body)).toBe(words);
  });

  test("shows by brackets what belongs together", () => {
    expect(said({ any: [{ signal: "a", stream: true }, { has_tools: true }] })).toBe(
      '(signal "a" is found, and the answer is to be streamed), or the request has tools',
    );
    expect(said({ all: [{ any: [{ signal: "a" }, { signal: "b" }] }, { has_tools: true }] })).toBe(
      '(signal "a" is found, or signal "b" is found), and the request has tools',
    );
    expect(said({ not: { signal: ["a", "b"] } })).toBe('not (signal "a" is found, or signal "b" is found)');
    expect(said({ not: { not: { signal: ["a", "b"] } } })).toBe('signal "a" is found, or signal "b" is found');
    expect(said({ stream: true, not: { not: { signal: ["a", "b"] } } })).toBe(
      'the answer is to be streamed, and (signal "a" is found, or signal "b" is found)',
    );
  });

  test("needs no brackets around one part", () => {
    expect(said({ all: [{ any: [{ all: [{ signal: "a" }] }] }] })).toBe('signal "a" is found');
    expect(wordsOf({ kind: "all", of: [] })).toBe("always");
    expect(wordsOf({ kind: "any", of: [] })).toBe("never");
  });

  test("has different words for every atom and for its opposite", () => {
    const atoms: Condition[] = [
      { kind: "signal", signal: "x" },
      ...FLAGS.map((flag) => ({ kind: "flag" as const, flag })),
      ...QUANTITIES.map((of) => ({ kind: "number" as const, of, atLeast: 1, atMost: 2 })),
      ...CHOICES.map((of) => ({ kind: "choice" as const, of, values: ["x"] })),
      { kind: "label", label: "x", values: ["x"] },
    ];
    const all = atoms.flatMap((atom) => [wordsOf(atom), wordsOf({ kind: "not", of: atom })]);
    expect(new Set(all).size).toBe(all.length);
  });
});
