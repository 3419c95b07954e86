import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { failingGateway, failureDocument } from "../support/failing-gateway.ts";
import { RETRY_AFTER_MS, RETRY_AFTER_SECONDS } from "../support/fault-plays.ts";
import { type FaultServer, startFaultServer } from "../support/fault-server.ts";
import { until } from "../support/until.ts";

/** What the provider sees of a gateway over several calls: when they come, how many, and that they stay away. */

let server: FaultServer;
beforeAll(async () => {
  server = await startFaultServer();
});
afterAll(() => server.stop());

/** Between one call of a model and the next. */
function gapsOf(model: string): readonly number[] {
  const times = server.calls(model).map(({ atMs }) => atMs);
  return times.slice(1).map((atMs, index) => atMs - (times[index] ?? Number.NaN));
}

const resultsOf = ({
  outcome,
}: {
  readonly outcome: { readonly attempts: readonly { result: string }[] } | undefined;
}) => outcome?.attempts.map(({ result }) => result);

describe("a provider that says when to come back", () => {
  test.each([
    ["limited-ms-once", RETRY_AFTER_MS],
    ["unavailable-ms-once", RETRY_AFTER_MS],
    ["limited-seconds-once", RETRY_AFTER_SECONDS * 1_000],
    ["limited-date-once", RETRY_AFTER_SECONDS * 1_000],
  ])("is asked again then and never earlier: %s", async (play, askedMs) => {
    const gateway = await failingGateway(server, failureDocument(server));
    const tags = ["native", "openai_chat", "ollama_chat"] as const;
    await Promise.all(
      tags.map(async (surface) => {
        const model = server.model(`${play}:${surface}-wait`);
        const { view } = await gateway.asks(surface, `patient-openai/${model}`, surface === "openai_chat");
        expect([view.status, view.isComplete, view.model]).toEqual([200, true, model]);
        const [gap, ...others] = gapsOf(model);
        expect(gap).toBeGreaterThanOrEqual(askedMs);
        expect(others).toEqual([]);
      }),
    );
  });

  test("is left alone by every other request too, which wait where there is nobody else to ask", async () => {
    const model = server.model("left-alone", "limited-ms", "answers");
    const gateway = await failingGateway(server, failureDocument(server, { alone: true }));
    const first = gateway.asks("native", `patient-openai/${model}`);
    await until(() => gateway.told.attempts.length > 0, "the first call is answered by 429");
    const others = Array.from({ length: 8 }, () => gateway.asks("openai_chat", `patient-openai/${model}`, true));
    for (const { view } of await Promise.all([first, ...others]))
      expect([view.status, view.isComplete]).toEqual([200, true]);
    const [limited, ...later] = server.calls(model);
    expect(later).toHaveLength(9);
    for (const { atMs } of later) expect(atMs - (limited?.atMs ?? Number.NaN)).toBeGreaterThanOrEqual(RETRY_AFTER_MS);
  });

  test("is passed by at once where another can answer, and where the wait would be longer than the request's time", async () => {
    const model = server.model("limited-long:passed-by");
    const gateway = await failingGateway(server, failureDocument(server));
    const asked = [];
    for (let request = 0; request < 5; request++) asked.push(await gateway.asks("native", `patient-openai/${model}`));
    expect(asked.map(({ view }) => view.status)).toEqual([200, 200, 200, 200, 200]);
    expect(server.calls(model)).toHaveLength(1);
    expect(asked.map(resultsOf)).toEqual([["rate_limited", "answered"], ...Array(4).fill(["paused", "answered"])]);
    expect(asked.map(({ view }) => view.headers.get("x-policy-mesh-attempts"))).toEqual(["2", "1", "1", "1", "1"]);
  });

  test("is not waited for any longer by a caller who left", async () => {
    const model = server.model("limited-seconds:left");
    const gateway = await failingGateway(server, failureDocument(server, { alone: true }));
    const leaves = new AbortController();
    const asked = gateway.asks("openai_chat", `patient-openai/${model}`, false, { signal: leaves.signal });
    await until(() => gateway.told.attempts.length > 0, "the first call is answered by 429");
    leaves.abort();
    const { outcome } = await asked;
    expect([outcome?.status, resultsOf({ outcome })]).toEqual(["client_aborted", ["rate_limited"]]);
    expect(server.calls(model)).toHaveLength(1);
  });
});

describe("a provider that fails and does not say for how long", () => {
  test("is asked again after a random part of a time that doubles", async () => {
    const model = server.model("fails-503-twice:back-off");
    const gateway = await failingGateway(server, failureDocument(server), { chance: () => 0.8 });
    const { view } = await gateway.asks("native", `patient-openai/${model}`);
    expect([view.status, view.model]).toEqual([200, model]);
    const [first, second] = gapsOf(model);
    expect(first).toBeGreaterThanOrEqual(0.8 * 250);
    expect(second).toBeGreaterThanOrEqual(0.8 * 500);
  });

  test("is not hammered by many requests at once: their retries are bounded together", async () => {
    const model = server.model("fails-500:crowd");
    const provider = { breaker: { minimum_calls: 1_000 } };
    const gateway = await failingGateway(server, failureDocument(server, { provider }));
    const asked = await Promise.all(
      Array.from({ length: 40 }, () => gateway.asks("openai_chat", `patient-openai/${model}`, true)),
    );
    for (const { view } of asked) expect([view.status, view.isComplete]).toEqual([200, true]);
    const calls = server.calls(model);
    // Ten at first, and one more for each two seconds.
    const [first, last] = [calls[0]?.atMs ?? 0, calls.at(-1)?.atMs ?? 0];
    expect(calls.length - asked.length).toBeLessThanOrEqual(10 + Math.ceil((last - first) / 2_000));
    expect(calls.length).toBeGreaterThan(asked.length);
  });
});

describe("a circuit", () => {
  test("opens in an outage, tries few times, and has the provider in use again within 30 seconds", async () => {
    const model = server.model("flapping", "answers");
    const gateway = await failingGateway(server, failureDocument(server));
    const calls = () => server.calls(model).length;
    let callsAtOpening = 0;
    const askEverySecond = async (seconds: number) => {
      const models: (string | null)[] = [];
      for (let second = 0; second < seconds; second++) {
        gateway.passes(1_000);
        const transitions = gateway.told.circuits.length;
        const { view } = await gateway.asks("openai_chat", `patient-openai/${model}`, second % 2 === 0);
        expect([view.status, view.isComplete]).toEqual([200, true]);
        models.push(view.model);
        const [change, ...more] = gateway.told.circuits.slice(transitions);
        if (change?.state === "open" && more.length === 0) callsAtOpening = calls();
      }
      return models;
    };
    const isPrimary = (answered: string | null) => answered === model;
    expect((await askEverySecond(5)).every(isPrimary)).toBe(true);
    for (const outage of ["fails-500", "resets"] as const) {
      const before = calls();
      server.model(model, outage);
      expect((await askEverySecond(60)).some(isPrimary)).toBe(false);
      server.model(model, "answers");
      // It opens when half of the calls of 30 seconds have failed, each of them asked thrice; then one call tries at a time.
      expect(callsAtOpening - before).toBeWithin(5, 31);
      expect(calls() - callsAtOpening).toBeWithin(1, 7);
      const recovered = (await askEverySecond(31)).findIndex(isPrimary);
      expect(recovered).toBeWithin(0, 30);
      expect((await askEverySecond(5)).every(isPrimary)).toBe(true);
    }
    const states = gateway.told.circuits.map(({ state }) => state);
    expect(states[0]).toBe("open");
    expect(states.at(-1)).toBe("closed");
    expect(states.filter((state) => state === "closed")).toHaveLength(2);
    // A transition is told once.
    expect(states.every((state, index) => state !== states[index - 1])).toBe(true);
  });

  test("lets a single call try, however many come", async () => {
    const model = server.model("tried-by-one", "fails-500", "fails-500", "fails-500", "fails-500", "silent");
    const breaker = { minimum_calls: 4, open_seconds: 1 };
    const gateway = await failingGateway(
      server,
      failureDocument(server, { provider: { breaker }, rule: { attempts: { retries: 0 } } }),
    );
    for (let request = 0; request < 4; request++) await gateway.asks("native", `hasty-openai/${model}`, true);
    expect(gateway.told.circuits.map(({ state }) => state)).toEqual(["open"]);
    gateway.passes(1_000);
    const asked = await Promise.all(
      Array.from({ length: 10 }, () => gateway.asks("native", `hasty-openai/${model}`, true)),
    );
    for (const { view } of asked) expect([view.status, view.isComplete]).toEqual([200, true]);
    expect(server.calls(model)).toHaveLength(5);
    expect(asked.map((one) => resultsOf(one)?.[0]).toSorted()).toEqual([...Array(9).fill("circuit_open"), "timeout"]);
    // What was not sent is no attempt that the caller is told of.
    expect(asked.map(({ view }) => view.headers.get("x-policy-mesh-attempts")).toSorted()).toEqual([
      ...Array(9).fill("1"),
      "2",
    ]);
    expect(gateway.told.circuits.map(({ state }) => state)).toEqual(["open", "half_open", "open"]);
  });

  test("opens for a provider as a whole when it refuses the credentials, and nobody is told its words", async () => {
    for (const play of ["unauthorized", "forbidden"] as const) {
      const gateway = await failingGateway(server, failureDocument(server));
      const model = server.model(`${play}:credentials`);
      const first = await gateway.asks("native", `patient-openai/${model}`);
      const another = server.model(`answers:after-${play}`);
      const second = await gateway.asks("native", `patient-openai/${another}`);
      expect([first.view.status, resultsOf(first)]).toEqual([200, ["authentication", "answered"]]);
      expect([second.view.status, resultsOf(second)]).toEqual([200, ["circuit_open", "answered"]]);
      expect([server.calls(model).length, server.calls(another).length]).toEqual([1, 0]);
      expect(gateway.told.circuits).toMatchObject([
        { provider: "patient-openai", model: null, state: "open", category: "authentication" },
      ]);
      const told: unknown = await (await gateway.send("/v1/providers")).json();
      expect(JSON.stringify(told)).toContain('"state":"open"');
      const ready = await gateway.send("/v1/ready");
      expect(await ready.json()).toMatchObject({ dependencies: { "patient-openai": { open_circuits: ["*"] } } });
    }
  });

  test("says so with 503 and when to come back, where there is nobody else", async () => {
    const gateway = await failingGateway(server, failureDocument(server, { alone: true }));
    const model = server.model("unauthorized:alone");
    await gateway.asks("native", `patient-openai/${model}`);
    const { view, outcome } = await gateway.asks("openai_chat", `patient-openai/${model}`);
    expect([view.status, view.error?.code, outcome?.failureCategory]).toEqual([
      503,
      "provider.circuit_open",
      "circuit_open",
    ]);
    expect(Number(view.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(view.headers.get("x-policy-mesh-attempts")).toBe("0");
    expect(server.calls(model)).toHaveLength(1);
  });
});

test("a provider that is not there is asked thrice, and again when it is back", async () => {
  const away = await startFaultServer();
  const provider = { base_url: `${away.url}/v1` };
  const gateway = await failingGateway(server, failureDocument(server, { provider }));
  const model = away.model("answers:later");
  await away.shut();
  const asked = await gateway.asks("openai_chat", `patient-openai/${model}`, true);
  expect([asked.view.status, resultsOf(asked)]).toEqual([200, [...Array(3).fill("unreachable"), "answered"]]);
  await away.open();
  expect(resultsOf(await gateway.asks("openai_chat", `patient-openai/${model}`, true))).toEqual(["answered"]);
  expect(away.calls(model)).toHaveLength(1);
  await away.stop();
});

test("a provider has no more calls at once than the policy lets it", async () => {
  const gateway = await failingGateway(
    server,
    failureDocument(server, { alone: true, provider: { max_concurrency: 2 } }),
  );
  const model = server.model("slow:crowded");
  const asked = await Promise.all(
    Array.from({ length: 7 }, (_, index) => gateway.asks("openai_chat", `patient-openai/${model}`, index % 2 === 0)),
  );
  for (const { view } of asked) expect([view.status, view.isComplete]).toEqual([200, true]);
  const calls = server.calls(model);
  const atOnce = calls.map(
    ({ atMs }) => calls.filter((other) => other.atMs <= atMs && (other.playedAtMs ?? 0) > atMs).length,
  );
  expect(Math.max(...atOnce)).toBe(2);
});

describe("a prompt that is too long", () => {
  const rules = (contextTokens: number | null, failed: number | null) => ({
    provider: failed === null ? {} : { models: { "too-long:t": { context_tokens: failed }, "answers:backup": {} } },
    backup: contextTokens === null ? {} : { models: { "answers:backup": { context_tokens: contextTokens } } },
  });

  test.each([
    ["goes to a model whose context is known, where that of the first is not", 8_000, null, 200],
    ["goes to a model whose context is known to be larger", 8_001, 8_000, 200],
    ["goes to none that is no larger", 8_000, 8_000, 400],
    ["goes to none that is not known to be larger", null, 8_000, 400],
  ] as const)("%s", async (_, contextTokens, failed, status) => {
    server.model("too-long:t");
    const before = server.calls("too-long:t").length;
    const gateway = await failingGateway(server, failureDocument(server, rules(contextTokens, failed)));
    const asked = await gateway.asks("openai_chat", "patient-openai/too-long:t");
    expect([asked.view.status, resultsOf(asked)]).toEqual([
      status,
      status === 200 ? ["context_length", "answered"] : ["context_length"],
    ]);
    if (status === 400) expect(asked.view.error?.code).toBe("context_length_exceeded");
    expect(server.calls("too-long:t").length - before).toBe(1);
  });
});

test("a malformed event of a stream is counted, and what was refused, led astray or skipped leaves no trace elsewhere", async () => {
  const gateway = await failingGateway(server, failureDocument(server));
  const model = server.model("malformed-event:counted");
  await gateway.asks("openai_chat", `patient-openai/${model}`, true);
  await gateway.asks("native", `patient-openai/${model}`, true);
  expect(gateway.told.skipped).toMatchObject([
    { provider: "patient-openai", model, count: 1 },
    { provider: "patient-openai", model, count: 1 },
  ]);
});
