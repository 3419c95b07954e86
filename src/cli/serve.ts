import { boot, type Gateway } from "../boot.ts";
import type { Config } from "../config/config.ts";
import { LOCAL_ZONE } from "../core/decision.ts";
import type { Provider } from "../core/provider.ts";
import { settingsOrComplain } from "./settings.ts";

const SECOND_SIGNAL_EXIT_CODE = 130;
const SAME_SIGNAL_WITHIN_MS = 500;

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
  // A signal that comes before there is anything to drain ends the process; the embedded database takes that.
  const booted = await Promise.race([boot(config, process.env), signalled.then(() => null)]);
  if (booted === null) return 0;
  if (!booted.ok) {
    console.error(`Policy Mesh cannot start: ${booted.error.message}`);
    return 1;
  }
  const gateway = booted.value;
  await greet(gateway, keepsData);
  await whenUp(gateway);
  const death = await Promise.race([signalled.then(() => null), gateway.died]);
  if (death !== null) console.error(`Policy Mesh stops: ${death.message}`);
  await gateway.close();
  return death === null ? 0 : 1;
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
