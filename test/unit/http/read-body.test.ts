import { describe, expect, test } from "bun:test";
import { BodyBudget, takeBody } from "../../../src/http/body-budget.ts";
import { Refusal } from "../../../src/http/problem.ts";
import { readBody } from "../../../src/http/read-body.ts";

const MAX_BYTES = 1_000_000;

type Controller = ReadableStreamDefaultController<Uint8Array>;
type Source = {
  readonly start?: (controller: Controller) => void;
  readonly pull?: (controller: Controller) => void | Promise<void>;
  readonly cancel?: () => void;
};
const requestOf = (source: Source) =>
  new Request("http://gateway/", { method: "POST", body: new ReadableStream<Uint8Array>(source) });

async function refusalOf(reading: Promise<unknown>): Promise<Refusal> {
  const thrown: unknown = await reading.then(
    () => null,
    (cause: unknown) => cause,
  );
  if (thrown instanceof Refusal) return thrown;
  throw new Error("it was not refused");
}

describe("a body", () => {
  test("is its bytes, which count until its request is at its end", async () => {
    const budget = new BodyBudget();
    const request = requestOf({
      start(controller) {
        controller.enqueue(new Uint8Array(20_000).fill(1));
        controller.enqueue(new Uint8Array(20_000).fill(2));
        controller.close();
      },
    });
    const bytes = await readBody(request, { maxBytes: MAX_BYTES, budget });
    expect([bytes.length, bytes[0], bytes[39_999]]).toEqual([40_000, 1, 2]);
    expect(budget.heldBytes).toBe(40_000);
    takeBody(request).release();
    takeBody(request).release();
    expect(budget.heldBytes).toBe(0);
  });

  test("that stays away is refused when its time is over, and read no further", async () => {
    const budget = new BodyBudget();
    let isCancelled = false;
    const request = requestOf({
      start: (controller) => controller.enqueue(new Uint8Array(10)),
      cancel() {
        isCancelled = true;
      },
    });
    const { code, headers } = await refusalOf(readBody(request, { maxBytes: MAX_BYTES, budget, timeoutMs: 10 }));
    expect([code, headers["connection"], isCancelled, budget.heldBytes]).toEqual([
      "request.body_timeout",
      "close",
      true,
      0,
    ]);
  });

  test("that trickles is refused when its time is over", async () => {
    const request = requestOf({
      async pull(controller) {
        await Bun.sleep(1);
        controller.enqueue(new Uint8Array(1));
      },
    });
    const { code } = await refusalOf(readBody(request, { maxBytes: MAX_BYTES, timeoutMs: 20 }));
    expect(code).toBe("request.body_timeout");
  });

  test("that comes fast enough may take longer", async () => {
    let pieces = 0;
    const request = requestOf({
      async pull(controller) {
        await Bun.sleep(2);
        controller.enqueue(new Uint8Array(10_000));
        if (++pieces === 50) controller.close();
      },
    });
    const bytes = await readBody(request, { maxBytes: MAX_BYTES, timeoutMs: 20 });
    expect(bytes.length).toBe(500_000);
    takeBody(request).release();
  });

  test("that is cut or too large leaves nothing counted", async () => {
    const budget = new BodyBudget();
    const cut = requestOf({ pull: (controller) => controller.error(new Error("gone")) });
    expect((await refusalOf(readBody(cut, { maxBytes: MAX_BYTES, budget }))).code).toBe("request.aborted");
    const large = requestOf({ pull: (controller) => controller.enqueue(new Uint8Array(100_000)) });
    expect((await refusalOf(readBody(large, { maxBytes: MAX_BYTES, budget }))).code).toBe("request.body_too_large");
    expect(budget.heldBytes).toBe(0);
  });

  test("that has no room beside others is told when to come again", async () => {
    const budget = new BodyBudget(100_000);
    const other = budget.lease("other");
    other?.fits(80_000);
    const request = requestOf({ pull: (controller) => controller.enqueue(new Uint8Array(50_000)) });
    const { code, retryAfterMs } = await refusalOf(readBody(request, { maxBytes: MAX_BYTES, budget }));
    expect([code, retryAfterMs]).toEqual(["gateway.overloaded", 1_000]);
    expect(budget.heldBytes).toBe(80_000);
  });
});
