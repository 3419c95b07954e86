import { buildApp } from "../../src/app.ts";
import type { Deps } from "../../src/gateway/deps.ts";
import type { BuiltInOptions } from "../../src/policy/built-in.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { fakeDeps } from "./deps.ts";

/** Every route over fakes; nothing listens. */
export function fakeApp(overrides: Partial<Deps> = {}, builtIn: Partial<BuiltInOptions> = {}) {
  const fakes = fakeDeps(overrides, builtIn);
  const app = buildApp({
    deps: fakes.deps,
    metrics: createMetrics({ version: "0.0.0", bun: "0" }).registry,
    maxBodyBytes: 1_000_000,
    version: "0.0.0",
    isDraining: () => false,
    loopbackOnly: false,
  });
  const send = (path: string, init?: RequestInit) => app.handle(new Request(`http://gateway${path}`, init));
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    send(path, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    });
  return { ...fakes, send, post };
}
