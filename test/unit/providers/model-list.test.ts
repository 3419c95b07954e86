import { afterEach, beforeEach, describe, expect, jest, mock, spyOn, test } from "bun:test";
import type { ProviderFailure } from "../../../src/core/chat.ts";
import { err, ok, type Result } from "../../../src/core/result.ts";
import { type ListedModel, ModelList } from "../../../src/providers/model-list.ts";
import { until } from "../../support/until.ts";

type Listed = Result<readonly ListedModel[], ProviderFailure>;

const AWAY: ProviderFailure = { category: "unreachable", message: "start it" };
const listOf = (...names: string[]): Listed => ok(names.map((name) => ({ name, remote: false, listing: null })));

let nowMs = 0;
beforeEach(() => {
  nowMs = 1_000;
  spyOn(performance, "now").mockImplementation(() => nowMs);
});
afterEach(() => {
  mock.restore();
});

/** A list whose look-ups are answered with what was said last. */
function setUp(first: Listed) {
  let listed = first;
  const asked: AbortSignal[] = [];
  const list = new ModelList(async (signal) => {
    asked.push(signal);
    return listed;
  });
  return {
    list,
    asked,
    says(next: Listed) {
      listed = next;
    },
  };
}

/** A list whose look-ups wait until they are answered by the test. */
function setUpHeld() {
  const answers: ((listed: Listed) => void)[] = [];
  const list = new ModelList(() => {
    const { promise, resolve } = Promise.withResolvers<Listed>();
    answers.push(resolve);
    return promise;
  });
  return { list, answers };
}

describe("what a list knows", () => {
  test("is nothing before the first look-up", () => {
    const { list, asked } = setUp(listOf("m"));
    expect(list.has("m")).toBe("unknown");
    expect(asked).toEqual([]);
  });

  test("is which models there are, and which of them are answered elsewhere", async () => {
    const { list } = setUp(
      ok([
        { name: "m", remote: false, listing: null },
        { name: "far", remote: true, listing: null },
      ]),
    );
    expect(await list.check(0)).toEqual({ status: "up", modelCount: 2 });
    expect([list.has("m"), list.has("far"), list.has("absent")]).toEqual(["yes", "remote", "no"]);
  });

  test("is that there are none where the server lists none", async () => {
    const { list } = setUp(listOf());
    expect(await list.check(0)).toEqual({ status: "up", modelCount: 0 });
    expect(list.has("m")).toBe("no");
  });

  test("is at most ten thousand names, the first ones", async () => {
    const { list, says } = setUp(listOf(...Array.from({ length: 10_000 }, (_, index) => `m${index}`)));
    expect(await list.check(0)).toEqual({ status: "up", modelCount: 10_000 });
    nowMs++;
    says(listOf(...Array.from({ length: 10_005 }, (_, index) => `n${index}`)));
    expect(await list.check(0)).toEqual({ status: "up", modelCount: 10_000 });
    expect([list.has("n9999"), list.has("n10000"), list.has("m0")]).toEqual(["yes", "no", "no"]);
  });

  test("is what the last look-up said, not the ones before", async () => {
    const { list, says } = setUp(listOf("old"));
    await list.check(0);
    says(listOf("new"));
    nowMs++;
    await list.check(0);
    expect([list.has("old"), list.has("new")]).toEqual(["no", "yes"]);
  });

  test("is nothing after a look-up that failed, until one succeeds again", async () => {
    const { list, says } = setUp(listOf("m"));
    await list.check(0);
    says(err(AWAY));
    nowMs++;
    expect(await list.check(0)).toEqual({ status: "down", failure: AWAY });
    expect([list.has("m"), list.has("absent")]).toEqual(["unknown", "unknown"]);
    says(listOf("m"));
    nowMs++;
    expect(await list.check(0)).toEqual({ status: "up", modelCount: 1 });
    expect([list.has("m"), list.has("absent")]).toEqual(["yes", "no"]);
  });

  test("stays as it was while a look-up is under way", async () => {
    const { list, answers } = setUpHeld();
    const first = list.check(0);
    expect(list.has("m")).toBe("unknown");
    answers[0]?.(listOf("m"));
    await first;
    nowMs++;
    const second = list.check(0);
    expect(list.has("m")).toBe("yes");
    answers[1]?.(listOf());
    await second;
    expect(list.has("m")).toBe("no");
  });
});

describe("a glance", () => {
  test("says what was known before while a look-up is under way, and then what that one said", async () => {
    const { list, answers } = setUpHeld();
    expect(await list.glance(5_000, 1)).toEqual({ status: "unknown" });
    answers[0]?.(err(AWAY));
    expect(await list.check(5_000)).toEqual({ status: "down", failure: AWAY });
    nowMs += 5_001;
    expect(await list.glance(5_000, 1)).toEqual({ status: "down", failure: AWAY });
    expect(answers).toHaveLength(2);
    answers[1]?.(listOf("m"));
    expect(await list.glance(5_000)).toEqual({ status: "up", modelCount: 1 });
  });

  test("waits no longer than a probe has patience for", async () => {
    jest.useFakeTimers();
    try {
      const { list } = setUpHeld();
      const glanced = list.glance(5_000);
      const checked = list.check(5_000);
      let ended = "";
      glanced.then(() => (ended += "glance "));
      checked.then(() => (ended += "check "));
      jest.advanceTimersByTime(250);
      expect(await glanced).toEqual({ status: "unknown" });
      expect(ended).toBe("glance ");
      jest.advanceTimersByTime(1_250);
      await checked;
    } finally {
      jest.useRealTimers();
    }
  });
});

describe("a look-up", () => {
  test("is not repeated within the age that the asker takes, and is after it", async () => {
    const { list, asked } = setUp(listOf("m"));
    await list.check(5_000);
    expect(asked).toHaveLength(1);
    nowMs += 5_000;
    expect(await list.check(5_000)).toEqual({ status: "up", modelCount: 1 });
    expect(asked).toHaveLength(1);
    nowMs += 1;
    await list.check(5_000);
    expect(asked).toHaveLength(2);
  });

  test("that failed is not repeated within that age either", async () => {
    const { list, asked, says } = setUp(err(AWAY));
    await list.check(5_000);
    says(listOf("m"));
    nowMs += 5_000;
    expect(await list.check(5_000)).toEqual({ status: "down", failure: AWAY });
    nowMs += 1;
    expect(await list.check(5_000)).toEqual({ status: "up", modelCount: 1 });
    expect(asked).toHaveLength(2);
  });

  test("is as old as its question, since the server may have changed while it answered", async () => {
    const { list, answers } = setUpHeld();
    const slow = list.check(0);
    nowMs += 1_400;
    answers[0]?.(listOf("m"));
    await slow;
    nowMs += 4_000;
    const fresh = list.check(5_000);
    expect(answers).toHaveLength(2);
    answers[1]?.(listOf("m"));
    await fresh;
  });

  test("that is under way is no answer to a later question: all of those share the next", async () => {
    const { list, answers } = setUpHeld();
    const early = list.check(0);
    nowMs += 100;
    const late = [list.check(0), list.check(0)];
    expect(answers).toHaveLength(1);
    answers[0]?.(listOf("m"));
    await early;
    await Promise.resolve();
    await until(() => answers.length === 2, "the second look-up");
    answers[1]?.(err(AWAY));
    expect(await Promise.all(late)).toEqual(Array(2).fill({ status: "down", failure: AWAY }));
    expect(answers).toHaveLength(2);
  });

  test("is one for all who ask at the same time, and everybody gets its answer", async () => {
    const { list, answers } = setUpHeld();
    const together = [list.check(0), list.check(0), list.check(5_000)];
    expect(answers).toHaveLength(1);
    answers[0]?.(listOf("m"));
    expect(await Promise.all(together)).toEqual(Array(3).fill({ status: "up", modelCount: 1 }));
  });

  test("is a new one for who asks after those", async () => {
    const { list, answers } = setUpHeld();
    const first = list.check(0);
    answers[0]?.(err(AWAY));
    await first;
    nowMs++;
    const second = list.check(0);
    expect(answers).toHaveLength(2);
    answers[1]?.(listOf("m"));
    expect(await second).toEqual({ status: "up", modelCount: 1 });
  });

  test("that throws is over: the next one asks again", async () => {
    let fail = true;
    const list = new ModelList(async () => {
      if (fail) throw new Error("a bug");
      return listOf("m");
    });
    await expect(list.check(0)).rejects.toThrow("a bug");
    fail = false;
    expect(await list.check(0)).toEqual({ status: "up", modelCount: 1 });
  });

  test("that takes too long is not waited for, and counts when it comes", async () => {
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    const list = new ModelList(async () => {
      await answered;
      return err(AWAY);
    });
    expect(await list.check(0, 1)).toEqual({ status: "unknown" });
    answer();
    expect(await list.check(0, 1_000)).toEqual({ status: "down", failure: AWAY });
  });
});

describe("a model is proven to be the server's own", () => {
  test.each([
    ["when the server listed it", { name: "m", remote: false, listing: null }, true],
    ["not when it is answered elsewhere", { name: "m", remote: true, listing: null }, false],
    ["not by the operator's word", { name: "m", remote: false, unproven: true, listing: null }, false],
    ["not when another one is listed", { name: "other", remote: false, listing: null }, false],
  ])("%s", async (_name, entry, proven) => {
    const { list } = setUp(ok([entry]));
    expect(list.isProven("m")).toBe(false);
    await list.check(0);
    expect(list.isProven("m")).toBe(proven);
  });

  test("not after a look-up that failed", async () => {
    const { list, says } = setUp(listOf("m"));
    await list.check(0);
    says(err(AWAY));
    nowMs++;
    await list.check(0);
    expect(list.isProven("m")).toBe(false);
  });
});

describe("the models that a list shows", () => {
  const LISTED: Listed = ok([
    { name: "b", remote: false, listing: { id: "b", created: 5 } },
    { name: "far", remote: true, listing: { id: "far" } },
    { name: "a", remote: false, unproven: true, listing: null },
  ]);

  test("are those that the server runs itself, in its order, with what it says of them", async () => {
    const { list } = setUp(LISTED);
    expect(list.models()).toEqual([]);
    await list.check(0);
    expect(list.models()).toEqual([
      { name: "b", listing: { id: "b", created: 5 } },
      { name: "a", listing: null },
    ]);
  });

  test("are none after a look-up that failed, and those of the next one", async () => {
    const { list, says } = setUp(LISTED);
    await list.check(0);
    says(err(AWAY));
    nowMs++;
    await list.check(0);
    expect(list.models()).toEqual([]);
    says(listOf("m"));
    nowMs++;
    await list.check(0);
    expect(list.models()).toEqual([{ name: "m", listing: null }]);
  });

  test("ask nobody", () => {
    const { list, asked } = setUp(LISTED);
    list.models();
    expect(asked).toEqual([]);
  });
});
