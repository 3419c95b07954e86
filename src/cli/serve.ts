import { boot, type Gateway } from "../boot.ts";
import type { Config } from "../config/config.ts";
import { LOCAL_ZONE } from "../core/decision.ts";
import type { Provider } from "../core/provider.ts";
import { settingsOrComplain } from "./settings.ts";

const SECOND_SIGNAL_EXIT_CODE = 130;
const SAME_SIGNAL_WITHIN_MS = 500;
const CRASH_EXIT_CODE = 1;
/** For what is in flight when a bug has come up that nobody expected: whoever starts the gateway again waits for it. */
const CRASH_CLOSE_TIMEOUT_MS = 10_000;

export async function serve(): Promise<number> {
  const config = settingsOrComplain();
  return config === null ? 1 : await serveWith(config, reloadOnHangUp);
}

/** As servers do; without a policy file a closed terminal ends the process as ever. */
async function reloadOnHangUp({ active, reloadPolicy }: Gateway): Promise<void> {
  if (active().source === "file") process.on("SIGHUP", () => void reloadPolicy());
}

/** Serves until a signal comes or the gateway dies; `whenUp` runs once it listens. `keepsData`: beyond this process. */
export async function serveWith(
  config: Config,
  whenUp: (gateway: Gateway) => Promise<void>,
  { keepsData = true } = {},
): Promise<number> {
  const signalled = firstSignal();
  const crash = firstCrash();
  // A signal that comes before there is anything to drain ends the process; the embedded database takes that.
  const booted = await Promise.race([boot(config, process.env), signalled.then(() => null), crash.come]);
  if (booted === null) return 0;
  if (booted === CRASHED) {
    console.error("Policy Mesh cannot start: a bug came up that it does not expect.");
    return CRASH_EXIT_CODE;
  }
  if (!booted.ok) {
    console.error(`Policy Mesh cannot start: ${booted.error.message}`);
    return 1;
  }
  const gateway = booted.value;
  crash.tellBy(gateway.tellBug);
  await greet(gateway, keepsData);
  await whenUp(gateway);
  const death = await Promise.race([signalled.then(() => null), gateway.died, crash.come]);
  if (death !== null && death !== CRASHED) console.error(`Policy Mesh stops: ${death.message}`);
  const closed = gateway.close();
  // A bug may also come up while it closes, and keep it from ever being done.
  if ((await Promise.race([closed, crash.come])) === CRASHED) return await closeAfterCrash(closed);
  return death === null ? 0 : 1;
}

const CRASHED = "crashed";

/**
 * What nobody caught. State may be wrong from then on, so the process ends with an exit code that says so, after the first
 * within a bound and at once after the second. What is on the spool becomes rows at the next start.
 */
function firstCrash() {
  const { promise: come, resolve } = Promise.withResolvers<typeof CRASHED>();
  let tell: ((bug: unknown) => void) | null = null;
  let hasCrashed = false;
  const onBug = (bug: unknown) => {
    tell?.(bug);
    if (hasCrashed) process.exit(CRASH_EXIT_CODE);
    hasCrashed = true;
    resolve(CRASHED);
  };
  process.on("uncaughtException", onBug);
  process.on("unhandledRejection", onBug);
  return {
    come,
    tellBy(telling: (bug: unknown) => void) {
      tell = telling;
    },
  };
}

async function closeAfterCrash(closed: Promise<void>): Promise<number> {
  console.error("Policy Mesh stops: a bug came up that it does not expect; the log says where.");
  // Also where that fails: its own bug must not be the second one.
  await Promise.race([closed.catch(() => {}), Bun.sleep(CRASH_CLOSE_TIMEOUT_MS)]);
  return CRASH_EXIT_CODE;
}

/**
 * The second signal ends the process at once, for whoever does not want to wait for the drain. Ctrl-C under `bun run`
 * or `npx` comes as several signals in a row, from the terminal and from each of them: together those are the first.
 */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let firstAtMs: number | null = null;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        firstAtMs ??= performance.now();
        if (performance.now() - firstAtMs > SAME_SIGNAL_WITHIN_MS) process.exit(SECOND_SIGNAL_EXIT_CODE);
        resolve();
      });
    }
  });
}

/** Standard output carries JSON log lines only, so this goes to standard error. */
async function greet(gateway: Gateway, keepsData: boolean): Promise<void> {
  const { url, database, databaseProblem, generatedKeyFile, active } = gateway;
  const { policy, providers, source } = active();
  const width = Math.max(...[...providers.keys()].map((id) => id.length), "metrics".length);
  const lines = [...providers].map(
    async ([id, provider]) => `  ${id.padEnd(width)}   ${await describeProvider(provider)}`,
  );
  const trouble = databaseProblem === null ? "" : `, not usable yet: ${databaseProblem}`;
  // Not by console.error, which colours it as if something were wrong.
  process.stderr.write(
    [
      "",
      `Policy Mesh serves on ${url}`,
      `  chat      POST ${url}/v1/chat`,
      `  clients   of OpenAI at ${url}/v1, of Ollama at ${url}`,
      `  docs      ${url}/docs`,
      `  metrics   ${url}/v1/metrics`,
      `  database  ${database === "embedded" ? "embedded Postgres" : "the server that DATABASE_URL names"}${trouble}`,
      ...(generatedKeyFile === null || !keepsData
        ? []
        : [`  log key   made in ${generatedKeyFile}: it signs the audit log, so keep a copy`]),
      `  policy    ${policy.name} version ${policy.version}${source === "file" ? "" : ", which follows the settings"}`,
      ...(await Promise.all(lines)),
      "",
      "",
    ].join("\n"),
  );
}

function doubt(provider: Provider): string {
  switch (provider.has(provider.defaultModel)) {
    case "no":
      return provider.zone === LOCAL_ZONE ? ", which it does not have: run `ollama pull`" : ", which it does not list";
    case "remote":
      return ", which it forwards to a remote host: requests for it are refused";
    default:
      return "";
  }
}

async function describeProvider(provider: Provider): Promise<string> {
  const state = await provider.check(Number.POSITIVE_INFINITY);
  if (state.status === "down") return `not usable: ${state.failure.message}`;
  const models = state.status === "up" ? `${state.modelCount} model(s)` : "no answer yet";
  return `${models}, by default ${provider.defaultModel}${doubt(provider)}`;
}
