import type { Config } from "../config/config.ts";
import type { AttemptDefaults } from "../core/attempts.ts";
import type { Deps } from "../gateway/deps.ts";
import { Turns } from "../gateway/turns.ts";
import type { Audit } from "./audit.ts";

type Opened = Pick<Deps, "active" | "admission" | "audit" | "inFlight" | "telemetry" | "traffic">;

export function createDeps(config: Config, { events, log, digestKeys }: Audit, opened: Opened): Deps {
  return {
    ...opened,
    auditEvents: events,
    auditLog: log,
    digestKeys,
    attemptDefaults: attemptDefaults(config),
    labelsHeader: config.trustedLabelsHeader,
    now,
    monotonicMs,
    chance: Math.random,
    // A macrotask: sockets are read before it runs, which a promise alone would not wait for.
    turns: new Turns(() => new Promise((resolve) => setImmediate(resolve))),
  };
}

function attemptDefaults(config: Config): AttemptDefaults {
  const timeoutMs = config.providerTimeoutSeconds * 1_000;
  const { providerDeadlineSeconds: deadlineSeconds } = config;
  return {
    timeoutMs,
    connectTimeoutMs: config.providerConnectTimeoutMs,
    firstTokenTimeoutMs: config.providerFirstTokenTimeoutMs ?? timeoutMs,
    idleTimeoutMs: config.providerIdleTimeoutMs ?? timeoutMs,
    retries: config.providerRetries,
    // Time for a second provider where the first one is silent.
    deadlineMs: deadlineSeconds === null ? 2 * timeoutMs : deadlineSeconds * 1_000,
  };
}

export const now = (): Date => new Date();
export const monotonicMs = (): number => performance.now();
