import { describe, expect, test } from "bun:test";
import type { Chunk } from "../../../src/core/chat.ts";
import { openInTurn, type Rest } from "../../../src/gateway/attempt.ts";
import { chatRequest } from "../../support/deps.ts";
import { endOf, fails, fakeProvider, text, thenWaits } from "../../support/fake-provider.ts";
import { decisionFor, target } from "../../support/target.ts";

const CLOUD = target("openai", "gpt");
const LOCAL = target("local", "llama");

function setUp({ timeoutMs = 60_000 } = {}) {
  const local = fakeProvider("local");
  const openai = fakeProvider("openai");
  const caller = new AbortController();
  const plain = decisionFor([{ provider: "openai" }, { provider: "local" }]);
  const open = () =>
    openInTurn([CLOUD, LOCAL], {
      request: chatRequest("hello", { streamed: true }),
      decision: { ...plain, effects: { ...plain.effects, delivery: "whole" } },
      providers: new Map([
        ["local", local.provider],
        ["openai", openai.provider],
      ]),
      timeoutMs,
      onPassedOver: () => {},
      callerSignal: caller.signal,
    });
  return { local, openai, caller, open };
}

const yields = (...chunks: readonly Chunk[]) =>
  async function* (): AsyncIterable<Chunk> {
    yield* chunks;
  };

async function readAll(first: unknown, rest: Rest): Promise<readonly unknown[]> {
  const pieces = [first];
  for (;;) {
    const piece = await rest.next();
    pieces.push(piece);
    if (piece.kind === "end" || piece.kind === "failure") return pieces;
  }
}

describe("a stream that is delivered whole", () => {
  test("gives the same pieces as it came in, once it is complete", async () => {
    const { open, openai } = setUp();
    const chunks: Chunk[] = [
      text("one"),
      { kind: "usage", usage: { promptTokens: 1, completionTokens: 2 } },
      text("two"),
    ];
    openai.behaves(yields(...chunks, endOf("gpt")));
    const opened = await open();
    if (opened.kind !== "opened") throw new Error("it was not opened");
    expect(opened.target).toEqual(CLOUD);
    expect<unknown>(await readAll(opened.first, opened.rest)).toEqual([...chunks, endOf("gpt")]);
  });

  test.each([
    ["is cut", yields(text("half an answ"))],
    ["fails", yields(text("half"), { kind: "failure", failure: { category: "upstream_error", message: "broken" } })],
    ["fails at once", () => fails("unreachable")],
  ])("starts again at the next target where one %s, and shows nothing of the first", async (_, behaviour) => {
    const { open, openai, local } = setUp();
    openai.behaves(behaviour);
    local.behaves(yields(text("whole"), endOf("llama")));
    const opened = await open();
    if (opened.kind !== "opened") throw new Error("it was not opened");
    expect(opened.target).toEqual(LOCAL);
    expect<unknown>(await readAll(opened.first, opened.rest)).toEqual([text("whole"), endOf("llama")]);
  });

  test("starts again where one stalls in the middle", async () => {
    const { open, openai, local } = setUp({ timeoutMs: 20 });
    openai.behaves(thenWaits(text("half")));
    local.behaves(yields(text("whole"), endOf("llama")));
    expect(await open()).toMatchObject({ kind: "opened", target: LOCAL });
  });

  test("fails where every target does, with the last one's failure", async () => {
    const { open, openai, local } = setUp();
    openai.behaves(yields(text("half")));
    local.behaves(() => fails("rate_limited"));
    expect(await open()).toMatchObject({ kind: "failed", target: LOCAL, failure: { category: "rate_limited" } });
  });

  test("is aborted with its caller while it is held", async () => {
    const { open, openai, local, caller } = setUp();
    openai.behaves(thenWaits(text("half")));
    const opening = open();
    setTimeout(() => caller.abort(), 5);
    expect(await opening).toMatchObject({ kind: "aborted", target: CLOUD });
    expect(local.calls).toEqual([]);
  });

  test("is too large beyond a bound, and then a failed attempt", async () => {
    const { open, openai, local } = setUp();
    openai.behaves(yields(...Array.from({ length: 20 }, () => text("x".repeat(1_000_000))), endOf("gpt")));
    local.behaves(yields(text("small"), endOf("llama")));
    expect(await open()).toMatchObject({ kind: "opened", target: LOCAL });
  });

  test("ends as cut for whoever hangs up on it", async () => {
    const { open, openai } = setUp();
    openai.behaves(yields(text("one"), text("two"), endOf("gpt")));
    const opened = await open();
    if (opened.kind !== "opened") throw new Error("it was not opened");
    opened.rest.hangUp();
    expect(await opened.rest.next()).toMatchObject({ kind: "failure" });
  });
});

test("no more targets are tried than the rule allows", async () => {
  const local = fakeProvider("local");
  const openai = fakeProvider("openai");
  openai.behaves(() => fails("unreachable"));
  const plain = decisionFor([{ provider: "openai" }, { provider: "local" }]);
  const opened = await openInTurn([CLOUD, LOCAL], {
    request: chatRequest("hello", { streamed: true }),
    decision: { ...plain, effects: { ...plain.effects, attempts: { timeoutMs: null, maxTargets: 1 } } },
    providers: new Map([
      ["local", local.provider],
      ["openai", openai.provider],
    ]),
    timeoutMs: 60_000,
    onPassedOver: () => {},
    callerSignal: new AbortController().signal,
  });
  expect(opened).toMatchObject({ kind: "failed", target: CLOUD });
  expect(local.calls).toEqual([]);
});
