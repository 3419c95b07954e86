/**
 * Plays the slow rows of the table of failures at their real durations against a real gateway with its default settings:
 * limits of a minute, `retry-after` of seconds, an outage and the recovery from it.
 *
 *   bun test/support/prove-failures.ts
 *
 * Takes about three minutes. Prints a line for each case and exits 1 if any is not as docs/explanation/failures.md says.
 */
import { join } from "node:path";
import { type FailureRules, failureDocument, PROVIDER_KEY } from "./failing-gateway.ts";
import { LOST_PIECES, WHOLE_TEXT } from "./fault-frames.ts";
import { PLAY_NAMES } from "./fault-plays.ts";
import { startFaultServer } from "./fault-server.ts";
import { type GatewayProcess, scratchFolder, startGateway } from "./gateway-process.ts";
import { readView, SURFACE_VIEWS, type View, type ViewedSurface } from "./surface-views.ts";
import { until } from "./until.ts";

const OUTAGE_SECONDS = 60;
const RECOVERY_SECONDS = 30;

const server = await startFaultServer();
const folder = scratchFolder();
// Before anybody asks which models there are.
for (const gateway of ["live", "held"]) {
  for (const play of PLAY_NAMES) for (const how of ["", "-once"]) server.model(`${play}${how}:${gateway}`);
}
const FLAPPING = server.model("flapping", "answers");
const live = await start("live", {});
const held = await start("held", { rule: { delivery: "whole" } });
const problems: string[] = [];
try {
  await Promise.all([
    isAskedAgainAfter(5_000, "limited-5-seconds-once"),
    isAskedAgainAfter(5_000, "limited-5-date-once"),
    fallsBack(live, "native", "silent", false, 60_000),
    fallsBack(live, "openai_responses", "half-headers", true, 60_000),
    fallsBack(live, "openai_chat", "headers-only", true, 60_000),
    fallsBack(live, "ollama_chat", "opening-only", true, 60_000),
    fallsBack(live, "openai_completions", "pings-only", true, 60_000),
    fallsBack(held, "openai_chat", "stalls", true, 60_000),
    fallsBack(live, "native", "limited-long", false, 0),
    endsWithError("openai_chat", "stalls", 60_000),
    takesItsTime("openai_chat", "very-slow"),
    survivesAnOutage("fails-503"),
  ]);
} finally {
  for (const gateway of [live, held]) await gateway.stop();
  await server.stop();
  folder.remove();
}
for (const problem of problems) say(problem);
say(problems.length === 0 ? "ok  every case is as it should be" : "FAIL");
process.exitCode = problems.length === 0 ? 0 : 1;

async function start(name: string, rules: FailureRules): Promise<GatewayProcess> {
  const file = join(folder.path, `${name}.json`);
  await Bun.write(file, JSON.stringify(failureDocument(server, rules)));
  const env = { DATA_DIR: join(folder.path, name), POLICY_FILE: file, FAULT_KEY: PROVIDER_KEY };
  return startGateway(folder.path, env);
}

type Seen = { readonly view: View; readonly tookMs: number; readonly results: readonly string[] };

async function ask(gateway: GatewayProcess, surface: ViewedSurface, model: string, streamed: boolean): Promise<Seen> {
  const startedMs = performance.now();
  const { path, ask } = SURFACE_VIEWS[surface];
  const response = await gateway.request(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(ask(`plain-openai/${model}`, "Hello", streamed)),
  });
  const view = await readView(surface, response);
  const tookMs = performance.now() - startedMs;
  return { view, tookMs, results: await resultsOf(gateway, response.headers.get("x-request-id") ?? "") };
}

/** As the row has them, as soon as there is one. */
async function resultsOf(gateway: GatewayProcess, requestId: string): Promise<readonly string[]> {
  let results: readonly string[] | null = null;
  await until(async () => {
    const row: unknown = await (await gateway.request(`/v1/audit/${requestId}`)).json();
    results = attemptsIn(row);
    return results !== null;
  }, `the row of ${requestId} has its attempts`);
  return results ?? [];
}

function attemptsIn(row: unknown): readonly string[] | null {
  const attempts: unknown = Object(row).attempts;
  return Array.isArray(attempts) ? attempts.map((attempt: unknown) => String(Object(attempt).result)) : null;
}

function judge(name: string, found: Readonly<Record<string, boolean>>, more: string): void {
  const wrong = Object.entries(found).filter(([, isRight]) => !isRight);
  if (wrong.length === 0) say(`ok  ${name}: ${more}`);
  else problems.push(`FAIL ${name}: ${wrong.map(([what]) => what).join("; ")}; ${more}`);
}

async function isAskedAgainAfter(askedMs: number, play: string): Promise<void> {
  const model = `${play}:live`;
  const { view, results } = await ask(live, "native", model, false);
  const [first, second] = server.calls(model);
  const gapMs = (second?.atMs ?? 0) - (first?.atMs ?? 0);
  judge(
    play,
    {
      "its own answer": view.text === WHOLE_TEXT && view.model === model,
      "not earlier than asked": gapMs >= askedMs,
      "two calls": server.calls(model).length === 2,
      "on record": results.join() === "rate_limited,answered",
    },
    `asked again after ${seconds(gapMs)}`,
  );
}

async function fallsBack(
  gateway: GatewayProcess,
  surface: ViewedSurface,
  play: string,
  streamed: boolean,
  afterMs: number,
): Promise<void> {
  const model = `${play}:${gateway === held ? "held" : "live"}`;
  const { view, tookMs, results } = await ask(gateway, surface, model, streamed);
  judge(
    `${play} on ${surface}`,
    {
      "the answer of the next one": view.status === 200 && view.isComplete && view.text === WHOLE_TEXT,
      "not before its time": tookMs >= afterMs,
      "a single call": server.calls(model).length === 1,
      "on record": results.length === 2 && results[1] === "answered",
    },
    `${results.join()} after ${seconds(tookMs)}`,
  );
}

async function endsWithError(surface: ViewedSurface, play: string, afterMs: number): Promise<void> {
  const model = `${play}:live`;
  const { view, tookMs, results } = await ask(live, surface, model, true);
  judge(
    `${play} amid a stream`,
    {
      "an error and no end": view.error !== null && !view.isComplete && view.text === LOST_PIECES.join(""),
      "not before its time": tookMs >= afterMs,
      "on record": results.join() === "timeout",
    },
    `${view.error?.message} after ${seconds(tookMs)}`,
  );
}

async function takesItsTime(surface: ViewedSurface, play: "very-slow"): Promise<void> {
  const model = `${play}:live`;
  const { view, tookMs, results } = await ask(live, surface, model, true);
  const isWhole = view.isComplete && view.text === WHOLE_TEXT && view.model === model;
  judge(play, { "a whole answer": isWhole, "on record": results.join() === "answered" }, `after ${seconds(tookMs)}`);
}

/** A request a second, before, in and after an outage of one model. */
async function survivesAnOutage(play: "fails-503"): Promise<void> {
  const askEverySecond = async (count: number) => {
    const answered: { readonly model: string | null; readonly atMs: number }[] = [];
    for (let second = 0; second < count; second++) {
      await Bun.sleep(1_000);
      const { view } = await ask(live, "openai_chat", FLAPPING, second % 2 === 0);
      if (!view.isComplete || view.text !== WHOLE_TEXT) problems.push(`FAIL outage: an answer was ${view.status}`);
      answered.push({ model: view.model, atMs: performance.now() });
    }
    return answered;
  };
  await askEverySecond(3);
  server.model(FLAPPING, play);
  const before = server.calls(FLAPPING).length;
  await askEverySecond(OUTAGE_SECONDS);
  const calls = server.calls(FLAPPING).length - before;
  server.model(FLAPPING, "answers");
  const recoveredMs = performance.now();
  const after = await askEverySecond(RECOVERY_SECONDS);
  const first = after.find((answered) => answered.model === FLAPPING);
  const backMs = first === undefined ? Number.POSITIVE_INFINITY : first.atMs - recoveredMs;
  judge(
    `an outage of ${OUTAGE_SECONDS} s`,
    { "in use again in time": backMs <= RECOVERY_SECONDS * 1_000, "few calls": calls <= 16 },
    `${calls} calls in it, in use again after ${seconds(backMs)}`,
  );
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
