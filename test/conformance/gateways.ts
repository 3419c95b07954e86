import { afterAll, beforeAll, expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Environment, scratchFolder, startGateway } from "../support/gateway-process.ts";
import {
  type Script,
  type ScriptedServer,
  startScriptedOllama,
  startScriptedOpenAi,
  UPSTREAM_KEY,
  VISION_MODEL,
} from "../support/scripted-upstream.ts";
import { until } from "./harness.ts";
import { policyText } from "./policy-text.ts";

/** Both ways that a request can go. Every test of a client runs on each. */
export const WAYS = ["local", "cloud"] as const;
export type Way = (typeof WAYS)[number];

export const MODELS = { local: "smollm2:135m", cloud: "smollm2-135m" } as const;
/** Models that take images. */
export const VISION_MODELS = { local: VISION_MODEL, cloud: MODELS.cloud } as const;
export const PROVIDERS = { local: "local", cloud: "openai" } as const;

/** A gateway, seen as one that answers by one way's models, and the model server there. */
export type Side = {
  readonly way: Way;
  readonly provider: (typeof PROVIDERS)[Way];
  readonly model: string;
  readonly url: string;
  readonly upstream: ScriptedServer;
  readonly output: { readonly stdout: string; readonly stderr: string };
  /** Lets the gateway begin anew with its providers: as if none of them had refused anything yet. */
  readonly forget: () => Promise<void>;
};

type Stop = () => Promise<void>;
/** Both ways of one gateway that runs with settings of its own. */
export type OwnGateway = {
  readonly url: string;
  readonly sides: Readonly<Record<Way, Side>>;
  readonly forget: Side["forget"];
  readonly stop: Stop;
};

/** Whatever fails to start, nothing that did is left running. */
async function startOne(env: Environment, models: Readonly<Record<Way, ScriptedServer>>) {
  const folder = scratchFolder();
  const file = join(folder.path, "policy.yaml");
  const settings = {
    DATA_DIR: join(folder.path, "data"),
    POLICY_FILE: file,
    OLLAMA_BASE_URL: models.local.url,
    OLLAMA_MODEL: MODELS.local,
    OLLAMA_EMBEDDING_MODEL: MODELS.local,
    OPENAI_BASE_URL: `${models.cloud.url}/v1`,
    OPENAI_API_KEY: UPSTREAM_KEY,
    OPENAI_MODEL: MODELS.cloud,
    COST_MAX_PROMPT_LENGTH_FOR_LOCAL: "0",
    // What a client sees of one failure is the subject, and what it makes of it.
    PROVIDER_RETRIES: "0",
    ...env,
  };
  try {
    let version = 1;
    writeFileSync(file, policyText(settings, version));
    const gateway = await startGateway(folder.path, settings);
    const { url, output } = gateway;
    const forget = async () => {
      version += 1;
      writeFileSync(file, policyText(settings, version));
      gateway.signal("SIGHUP");
      const activated = `"result":"activated","name":"built-in","version":${version},`;
      await until(() => output.stdout.includes(activated), "the next version is in force");
    };
    const sideOfWay = (way: Way): Side => ({
      way,
      provider: PROVIDERS[way],
      model: MODELS[way],
      url,
      upstream: models[way],
      output,
      forget,
    });
    const stop = async () => {
      await gateway.stop();
      folder.remove();
    };
    return { url, stop, forget, sides: { local: sideOfWay("local"), cloud: sideOfWay("cloud") } };
  } catch (error) {
    folder.remove();
    throw error;
  }
}

const everyGateway = new Set<OwnGateway>();
const forgotten = new WeakMap<ScriptedServer, number>();
/** After these a gateway leaves a provider alone for a while, with whomever comes next. */
const REMEMBERED: ReadonlySet<Script | null> = new Set<Script>(["unauthorized", "forbidden", "rate-limited"]);

/** So that no test meets what providers refused in the one before. */
export async function forgetRefusals(): Promise<void> {
  for (const { sides, forget } of everyGateway) {
    const refused = WAYS.map((way) => sides[way].upstream).filter((upstream) => {
      const asked = upstream.posted();
      const isRefused = asked.slice(forgotten.get(upstream) ?? 0).some(({ script }) => REMEMBERED.has(script));
      forgotten.set(upstream, asked.length);
      return isRefused;
    });
    if (refused.length > 0) await forget();
  }
}

/** A gateway with settings of its own and model servers that nobody else asks. */
async function startOwnGateway(env: Environment): Promise<OwnGateway> {
  const models = { local: await startScriptedOllama(), cloud: await startScriptedOpenAi() };
  const stopModels = async () => {
    await Promise.all([models.local.stop(), models.cloud.stop()]);
  };
  try {
    const { stop, ...started } = await startOne(env, models);
    const gateway = {
      ...started,
      stop: async () => {
        everyGateway.delete(gateway);
        await stop();
        await stopModels();
      },
    };
    everyGateway.add(gateway);
    return gateway;
  } catch (error) {
    await stopModels();
    throw error;
  }
}

const running = new Map<Way, OwnGateway>();

/** Starts a gateway for each way, whose policy sends every prompt that way: once for all clients, since that takes long. */
export async function startSides(): Promise<void> {
  const starting = WAYS.map(async (way) => {
    const env = {
      DEFAULT_PROVIDER: PROVIDERS[way],
      ALLOW_OPAQUE_CONTENT_TO_CLOUD: "true",
      SENSITIVITY_KEYWORDS: "iban",
    };
    running.set(way, await startOwnGateway(env));
  });
  const failed = (await Promise.allSettled(starting)).find((started) => started.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

export async function stopSides(): Promise<void> {
  const gateways = [...running.values()];
  running.clear();
  await Promise.all(gateways.map((gateway) => gateway.stop()));
}

export function sideOf(way: Way): Side {
  const gateway = running.get(way);
  if (gateway === undefined) throw new Error("the gateways are not running");
  return gateway.sides[way];
}

/** A gateway for the tests of one `describe`. */
export function ownGateway(env: Environment): () => OwnGateway {
  let gateway: OwnGateway | null = null;
  beforeAll(async () => {
    gateway = await startOwnGateway(env);
  });
  afterAll(async () => {
    await gateway?.stop();
    expect(gateway?.sides.local.output.stdout ?? "").not.toContain('"event":"bug"');
  });
  return () => {
    if (gateway === null) throw new Error("the gateway is not running");
    return gateway;
  };
}
