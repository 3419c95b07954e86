import { expect, test } from "bun:test";
import { createTraffic } from "../../../../src/gateway/traffic/traffic.ts";
import type { PolicyDocument } from "../../../../src/policy/document.ts";
import { activeOf } from "../../../support/deps.ts";
import { fakeClock } from "../../../support/fake-clock.ts";

const NEVER = new AbortController().signal;

/** A policy with two providers. */
function documentOf(change: Partial<PolicyDocument["providers"][string]> = {}, version = 1): PolicyDocument {
  const provider = { kind: "openai", zone: "cloud", default_model: "m" } as const;
  return {
    apiVersion: "policy-mesh/v1",
    name: "traffic",
    version,
    providers: {
      first: { ...provider, base_url: "https://first.example/v1", ...change },
      second: { ...provider, base_url: "https://second.example/v1" },
    },
    default: { route: ["first", "second"], reason: "default" },
  };
}
const activeWith = (document: PolicyDocument) => activeOf(document, new Map());

function watchedTraffic() {
  const clock = fakeClock();
  const changes: unknown[] = [];
  const traffic = createTraffic({
    monotonicMs: clock.monotonicMs,
    after: clock.after,
    onCircuitChanged: (event) => changes.push(event),
  });
  return { clock, traffic, changes };
}
type Active = ReturnType<typeof activeWith>;

async function refuse(traffic: ReturnType<typeof createTraffic>, active: Active, id: string): Promise<void> {
  const entered = await traffic.of(active, id).enter("m", "a", 0, NEVER);
  if (entered.kind !== "permit") throw new Error("barred");
  entered.end({ category: "authentication", message: "Refused." });
}

const kindOf = async (traffic: ReturnType<typeof createTraffic>, active: Active, id: string) =>
  (await traffic.of(active, id).enter("m", "a", 0, NEVER)).kind;

test("a provider is known by its name in the policy, and changes of its circuit are told with it", async () => {
  const { traffic, changes } = watchedTraffic();
  const active = activeWith(documentOf());
  await refuse(traffic, active, "first");
  expect(changes).toEqual([
    { provider: "first", model: null, state: "open", category: "authentication", triesInMs: 5_000 },
  ]);
  expect(await kindOf(traffic, active, "first")).toBe("circuit_open");
  expect(await kindOf(traffic, active, "second")).toBe("permit");
});

test("a reload keeps what is known of a provider whose definition says the same, in whatever order", async () => {
  const { traffic } = watchedTraffic();
  await refuse(traffic, activeWith(documentOf()), "first");
  const { first, ...others } = documentOf().providers;
  const reordered = {
    ...documentOf({}, 2),
    providers: { ...others, first: Object.fromEntries(Object.entries(first ?? {}).toReversed()) },
  };
  const reloaded = activeWith(JSON.parse(JSON.stringify(reordered)));
  expect(await kindOf(traffic, reloaded, "first")).toBe("circuit_open");
});

test("a reload that changes a provider's definition begins anew with it, and with no other", async () => {
  const { traffic } = watchedTraffic();
  const old = activeWith(documentOf());
  await refuse(traffic, old, "first");
  await refuse(traffic, old, "second");
  const reloaded = activeWith(documentOf({ base_url: "https://elsewhere.example/v1" }, 2));
  expect(await kindOf(traffic, reloaded, "first")).toBe("permit");
  expect(await kindOf(traffic, reloaded, "second")).toBe("circuit_open");
  // Requests of the policy before go on by what that one knew, however many there are of the new one.
  for (let count = 0; count < 10; count += 1) traffic.of(reloaded, "first");
  expect(await kindOf(traffic, old, "first")).toBe("circuit_open");
});

test("a provider that asked to be left alone is, whatever a reload changes but the server itself", async () => {
  const { clock, traffic } = watchedTraffic();
  const old = activeWith(documentOf());
  const entered = await traffic.of(old, "first").enter("m", "a", 0, NEVER);
  if (entered.kind !== "permit") throw new Error("barred");
  entered.end({ category: "rate_limited", message: "Limited.", retryAfterMs: 7_000 });
  clock.advance(1_000);
  const changed = activeWith(documentOf({ max_concurrency: 3 }, 2));
  const barred = await traffic.of(changed, "first").enter("m", "a", 0, NEVER);
  expect(barred).toEqual({ kind: "paused", by: "rate_limited", retryAfterMs: 6_000 });
  expect(await kindOf(traffic, changed, "second")).toBe("permit");
  expect(await kindOf(traffic, activeWith(documentOf({ default_model: "n" }, 3)), "first")).toBe("paused");
  expect(await kindOf(traffic, activeWith(documentOf({ base_url: "https://elsewhere.example/v1" }, 4)), "first")).toBe(
    "permit",
  );
  clock.advance(6_000);
  expect(await kindOf(traffic, changed, "first")).toBe("permit");
});

test("what a provider asked of the policy between is kept where the one before comes back", async () => {
  const { traffic } = watchedTraffic();
  traffic.of(activeWith(documentOf()), "first");
  const between = activeWith(documentOf({ max_concurrency: 3 }, 2));
  const entered = await traffic.of(between, "first").enter("m", "a", 0, NEVER);
  if (entered.kind !== "permit") throw new Error("barred");
  entered.end({ category: "rate_limited", message: "Limited.", retryAfterMs: 7_000 });
  expect(await kindOf(traffic, activeWith(documentOf({}, 3)), "first")).toBe("paused");
});

test("what a provider asked for holds where a policy between did not have it", async () => {
  const { traffic } = watchedTraffic();
  const entered = await traffic.of(activeWith(documentOf()), "first").enter("m", "a", 0, NEVER);
  if (entered.kind !== "permit") throw new Error("barred");
  entered.end({ category: "rate_limited", message: "Limited.", retryAfterMs: 7_000 });
  const { second } = documentOf().providers;
  if (second === undefined) throw new Error("no second provider");
  const without = { ...documentOf({}, 2), providers: { second }, default: { route: ["second"], reason: "default" } };
  traffic.of(activeWith(without), "second");
  expect(await kindOf(traffic, activeWith(documentOf({ max_concurrency: 3 }, 3)), "first")).toBe("paused");
});

test("what a provider asks of a call that began before a reload holds for all that know the server, and for no other", async () => {
  const { traffic } = watchedTraffic();
  const limited = { category: "rate_limited", message: "Limited.", retryAfterMs: 7_000 } as const;
  const enter = (active: Active, model = "m") => traffic.of(active, "first").enter(model, "a", 0, NEVER);
  const permitOf = async (...asked: Parameters<typeof enter>) => {
    const entered = await enter(...asked);
    if (entered.kind !== "permit") throw new Error("barred");
    return entered;
  };
  const old = activeWith(documentOf());
  const changed = activeWith(documentOf({ max_concurrency: 3 }, 2));
  const elsewhere = activeWith(documentOf({ base_url: "https://elsewhere.example/v1" }, 3));
  const asked = await permitOf(old);
  const askedLater = await permitOf(changed, "n");
  await permitOf(elsewhere);
  asked.end(limited);
  expect(await enter(changed)).toEqual({ kind: "paused", by: "rate_limited", retryAfterMs: 7_000 });
  askedLater.end(limited);
  expect((await enter(old, "n")).kind).toBe("paused");
  expect([(await enter(elsewhere)).kind, (await enter(elsewhere, "n")).kind]).toEqual(["permit", "permit"]);
  expect(await kindOf(traffic, changed, "second")).toBe("permit");
});

test("places that are taken stay so through a reload", async () => {
  const { traffic } = watchedTraffic();
  await traffic.of(activeWith(documentOf()), "first").enter("m", "a", 0, NEVER);
  expect(traffic.of(activeWith(documentOf({}, 2)), "first").status().inFlightCount).toBe(1);
});

test("definitions of long ago are forgotten", async () => {
  const { traffic } = watchedTraffic();
  await refuse(traffic, activeWith(documentOf()), "first");
  for (let version = 2; version < 5; version += 1) {
    traffic.of(activeWith(documentOf({ base_url: `https://first.example/v${version}` }, version)), "first");
  }
  expect(await kindOf(traffic, activeWith(documentOf({}, 5)), "first")).toBe("permit");
});

test("a provider that the policy does not have is a bug", () => {
  const { traffic } = watchedTraffic();
  expect(() => traffic.of(activeWith(documentOf()), "third")).toThrow("does not define");
});
