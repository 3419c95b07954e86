import { buildApp } from "./app.ts";
import { type Audit, openAudit } from "./boot/audit.ts";
import { checkProviders, keepChecking } from "./boot/check-providers.ts";
import { type OpenedDatabase, openDatabase } from "./boot/database.ts";
import { createDeps, monotonicMs, now } from "./boot/deps.ts";
import { watchDescriptors } from "./boot/descriptors.ts";
import { firstPolicy, judgeFirst, newestVersion, policyWorld } from "./boot/policy.ts";
import { openPolicyFile } from "./boot/policy-file.ts";
import { keepOnRecord } from "./boot/policy-record.ts";
import { timeout } from "./boot/timeout.ts";
import type { Config } from "./config/config.ts";
import type { Environment } from "./config/environment.ts";
import { err, ok, type Result } from "./core/result.ts";
import { VERSION } from "./core/version.ts";
import type { ActivePolicy } from "./gateway/active-policy.ts";
import type { Deps, Telemetry } from "./gateway/deps.ts";
import { InFlight } from "./gateway/in-flight.ts";
import { createAdmission } from "./gateway/traffic/admission.ts";
import { createTraffic } from "./gateway/traffic/traffic.ts";
import { Unsettled } from "./gateway/unsettled.ts";
import { withCors } from "./http/cors.ts";
import { type HttpServer, listen } from "./http/listen.ts";
import { codeOf } from "./store/durable-file.ts";
import type { Store } from "./store/open-store.ts";
import { watchSpool } from "./telemetry/audit-metrics.ts";
import { createLogger } from "./telemetry/logger.ts";
import { createMetrics, type Metrics } from "./telemetry/metrics.ts";
import { createTelemetry } from "./telemetry/telemetry.ts";
import { watchTraffic } from "./telemetry/traffic-metrics.ts";
import { describe, PolicyKeeper, type PolicyWorld } from "./workers/keep-policy.ts";
import type { Worker } from "./workers/repeat.ts";

/** `message` is for a person at a terminal: what is wrong and what to do; no secret in it. */
export type BootFailure = { readonly message: string };

export type Gateway = {
  readonly url: string;
  readonly database: Store["kind"];
  /** Why the database could not be used at start, if so; it is tried again meanwhile. */
  readonly databaseProblem: string | null;
  /** The file that a key for the audit log was just made in; null where there was one. */
  readonly generatedKeyFile: string | null;
  /** The policy in force. */
  readonly active: () => ActivePolicy;
  /** Reads the policy file again now; what is wrong with it is told by log and metric. */
  readonly reloadPolicy: () => Promise<void>;
  /** Logs a bug that belongs to no request: its kind and place, none of its words. */
  readonly tellBug: (bug: unknown) => void;
  /** Resolves when the gateway cannot go on, for the supervisor to start it again. */
  readonly died: Promise<BootFailure>;
  /** Stops accepting, lets what is in flight finish within a bound, closes everything in reverse. */
  close(): Promise<void>;
};

/** A migration that waits for a server may take longer; what it does is safe to leave. */
const WORKERS_STOP_TIMEOUT_MS = 5_000;
/** For the records of streams that the drain had to cut. */
const SETTLE_TIMEOUT_MS = 5_000;
/** Longer than all that the audit waits for, but for a disk that does not answer. */
const AUDIT_CLOSE_TIMEOUT_MS = 20_000;

/**
 * Config -> opened resources -> Deps -> listening server. What was opened is closed again when a later step fails.
 * `environment` is what references of a policy file are resolved by.
 */
export async function boot(config: Config, environment: Environment = {}): Promise<Result<Gateway, BootFailure>> {
  const file = config.policyFile === null ? null : openPolicyFile(config.policyFile, config.policyPublicKey);
  const world = policyWorld(config, environment, file);
  const first = await firstPolicy(config, world);
  if (!first.ok) return first;

  const metrics = createMetrics({ version: VERSION, bun: Bun.version });
  const telemetry = createTelemetry(createLogger(config.logLevel), metrics);
  const opened = await openRecords(config, world, first.value, telemetry);
  if (!opened.ok) return opened;
  const { database, audit, lasting, note } = opened.value;
  watchSpool([metrics.registry], audit.status, now);

  const outdated = Promise.withResolvers<string>();
  const recorder = keepOnRecord(config.dataDir, database.store, world, outdated.resolve);
  const policies = new PolicyKeeper(lasting, telemetry, first.value, (policy) => recorder.record(policy));
  const active = () => policies.current();
  const unsettled = new Unsettled();
  const deps = createDeps(config, audit, {
    active,
    ...createWatchedTraffic(config, active, telemetry, metrics),
    audit: unsettled.watch(audit.store),
    inFlight: new InFlight(),
    telemetry,
  });
  recorder.record(first.value);
  await checkProviders(active());

  const server = tryToListen(config, deps, metrics);
  if (!server.ok) {
    await recorder.stop();
    await audit.close();
    await database.store.close();
    return server;
  }
  telemetry.started({ url: server.value.url, version: VERSION, database: database.store.kind });
  const providers = [...first.value.providers.keys()];
  telemetry.policyLoaded({ result: "activated", policy: describe(first.value), providers, reason: note });

  const watching = file?.watch(() => policies.reload(), telemetry);
  const workers = [
    database.migrating,
    recorder,
    ...(watching === undefined ? [] : [watching]),
    ...keepChecking(active),
  ];
  return ok({
    url: server.value.url,
    database: database.store.kind,
    databaseProblem: database.problem,
    generatedKeyFile: audit.generatedKeyFile,
    active,
    reloadPolicy: async () => watching?.signal(),
    tellBug: (error) => telemetry.bug({ requestId: "", error }),
    died: Promise.race([database.store.died, ...[database.migrating.broken, outdated.promise].map(asFailure)]),
    close: () => close({ deps, server: server.value, unsettled, workers, audit, store: database.store }),
  });
}

type Records = {
  readonly database: OpenedDatabase;
  readonly audit: Audit;
  /** The world with the database in it, which knows the versions that were in force before. */
  readonly lasting: PolicyWorld;
  /** What is to be said of putting the first policy in force; null where nothing is. */
  readonly note: string | null;
};

/** The database, and the audit once the first policy may be in force. Closes what it has opened where it fails. */
async function openRecords(
  config: Config,
  world: PolicyWorld,
  first: ActivePolicy,
  telemetry: Telemetry,
): Promise<Result<Records, BootFailure>> {
  const database = await openDatabase(config, telemetry.migrationTried);
  if (!database.ok) return database;
  const { store } = database.value;
  const lasting: PolicyWorld = { ...world, newestVersion: (name) => newestVersion(store, name) };
  const judged = await judgeFirst(first, lasting);
  if (!judged.ok) {
    await store.close();
    return judged;
  }
  const audit = await openAudit(config, store, telemetry, now);
  if (!audit.ok) {
    await store.close();
    return audit;
  }
  return ok({ database: database.value, audit: audit.value, lasting, note: judged.value });
}

/** What bounds and watches the calls of providers, and shows it in the metrics. */
function createWatchedTraffic(
  { maxConcurrentRequests: maxConcurrent, maxQueuedRequests: maxQueued }: Config,
  active: () => ActivePolicy,
  telemetry: Telemetry,
  metrics: Metrics,
): Pick<Deps, "traffic" | "admission"> {
  const traffic = createTraffic({ monotonicMs, onCircuitChanged: telemetry.circuitChanged });
  const admission = createAdmission({ maxConcurrent, maxQueued });
  watchTraffic([metrics.registry], {
    providers: () => active().policy.providers.map(({ id }) => ({ id, ...traffic.of(active(), id).status() })),
    admission: () => admission.status(),
  });
  return { traffic, admission };
}

function tryToListen(config: Config, deps: Deps, metrics: Metrics): Result<HttpServer, BootFailure> {
  const { inFlight, telemetry } = deps;
  const app = buildApp({
    deps,
    metrics: metrics.registry,
    maxBodyBytes: config.maxBodyBytes,
    version: VERSION,
    isDraining: () => inFlight.drainSignal.aborted,
    loopbackOnly: !config.allowAnonymous,
  });
  try {
    const server = listen(withCors(config.corsAllowedOrigins, app.fetch), {
      ...config,
      onDrainOver: () => inFlight.cutAll(),
      onDoors: (moved) => telemetry.doorsMoved({ moved }),
      crowd: watchDescriptors(),
    });
    return ok(server);
  } catch (cause) {
    const remedy = "Set PORT to a free one, or HOST to an address of this machine.";
    return err({ message: `Cannot listen on ${config.host}:${config.port} (${codeOf(cause)}). ${remedy}` });
  }
}

type Running = {
  readonly deps: Deps;
  readonly server: HttpServer;
  readonly unsettled: Unsettled;
  readonly workers: readonly Worker[];
  readonly audit: Audit;
  readonly store: Store;
};

/** In reverse of how it was opened, each step within a bound. */
async function close({ deps, server, unsettled, workers, audit, store }: Running): Promise<void> {
  const { inFlight, telemetry } = deps;
  inFlight.drain();
  telemetry.stopping();
  await server.drain();
  await unsettled.none(SETTLE_TIMEOUT_MS);
  await Promise.race([Promise.all(workers.map((worker) => worker.stop())), timeout(WORKERS_STOP_TIMEOUT_MS)]);
  await Promise.race([audit.close(), timeout(AUDIT_CLOSE_TIMEOUT_MS)]);
  await store.close();
  telemetry.stopped();
}

const asFailure = async (message: Promise<string>): Promise<BootFailure> => ({ message: await message });
