import { expect, test } from "bun:test";
import { Gathered, MAX_GATHERED_CHARACTERS } from "../../../../src/http/translate/gathered.ts";

const HALF = "x".repeat(MAX_GATHERED_CHARACTERS / 2);
const text = (words: string) => ({ kind: "text", text: words }) as const;

test("what an encoder keeps until the end has a bound", () => {
  const gathered = new Gathered("text", "tool_arguments");
  expect(gathered.unfit(text(HALF))).toBeNull();
  expect(gathered.unfit({ kind: "tool_arguments", index: 0, text: HALF })).toBeNull();
  expect(gathered.unfit({ kind: "thinking", text: HALF })).toBeNull();
  expect(gathered.unfit(text("x"))).toMatchObject({ code: "provider.malformed_response", field: null });
});
