import type { ProviderId } from "../core/decision.ts";
import type { Provider } from "../core/provider.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { ActivePolicy } from "../gateway/active-policy.ts";
import type { Telemetry } from "../gateway/deps.ts";
import { activationFaults, preparePolicy, testFaults } from "../gateway/prepare-policy.ts";
import { loadVocabulary } from "../policy/byte-pairs.ts";
import type { PolicyDocument } from "../policy/document.ts";
import type { Fault } from "../policy/fault.ts";
import { renderFaults } from "../policy/render-faults.ts";
import { mismatchOf, type PolicyName } from "../policy/signature.ts";
import { mayFollow, type PolicyIdentity, type Succession } from "../policy/versions.ts";

/** A policy file as it was read, its signature checked already where one is asked for: `signed` is what that says. */
export type PolicyText = { readonly file: string; readonly text: string; readonly signed: PolicyName | null };

/** What keeping a policy takes from the world. None of these throws; `message`s name no secret. */
export type PolicyWorld = {
  /** Reads the file and checks its signature. */
  readonly read: () => Promise<Result<PolicyText, { readonly message: string }>>;
  /** Names of the environment variables that are set. */
  readonly environment: ReadonlySet<string>;
  readonly createProvider: (id: ProviderId, document: PolicyDocument) => Provider;
  /** The newest version that was ever in force under a name; null where none was, or nobody can say now. */
  readonly newestVersion: (name: string) => Promise<PolicyIdentity | null>;
  readonly allowDowngrade: boolean;
  readonly now: () => Date;
};

export type PolicyRefusal = { readonly message: string };

/** Reads, checks and tests the policy file; `current` is what is in force. Null where the file says the same. */
export async function loadActivePolicy(
  world: PolicyWorld,
  current: ActivePolicy | null,
): Promise<Result<LoadedActive | null, PolicyRefusal>> {
  const read = await world.read();
  if (!read.ok) return read;
  const prepared = preparePolicy(read.value.text, { environment: world.environment });
  if (!prepared.ok) return refuse(read.value, prepared.error);
  const { policy, document } = prepared.value.loaded;
  const mismatch = read.value.signed === null ? null : mismatchOf(read.value.signed, policy);
  if (mismatch !== null) return err({ message: `${read.value.file}: ${mismatch.message}` });
  // What is in force was analysed before; only its tests are no part of its identity.
  const isInForce = policy.hash === current?.policy.hash;
  const faults = isInForce ? testFaults(prepared.value) : activationFaults(prepared.value);
  if (faults.length > 0) return refuse(read.value, faults);
  if (isInForce) return ok(null);
  const succession = await judgeSuccession(policy, current, world);
  if (!succession.ok) return succession;
  // Else the first request that is counted would wait for it.
  if (policy.needsTokens) loadVocabulary();
  const active: ActivePolicy = {
    policy,
    scan: prepared.value.scan,
    providers: providersOf(document, current, world.createProvider),
    source: "file",
    loadedAt: world.now(),
  };
  return ok({ active, note: succession.value.note });
}

/** Whether a policy may follow the one in force, and the newest that ever was under its name. */
export async function judgeSuccession(
  policy: PolicyIdentity,
  current: ActivePolicy | null,
  { newestVersion, allowDowngrade }: Pick<PolicyWorld, "newestVersion" | "allowDowngrade">,
): Promise<Result<Succession, PolicyRefusal>> {
  const stored = mayFollow(policy, await newestVersion(policy.name), allowDowngrade);
  if (!stored.ok) return stored;
  const followed = mayFollow(policy, current === null ? null : describe(current), allowDowngrade);
  // At start there is no other to compare with, and a step back that was forced is to be told then, too.
  return followed.ok && followed.value.note === null ? stored : followed;
}

/** `note` is what the log is to say of how it follows the one before. */
export type LoadedActive = { readonly active: ActivePolicy; readonly note: string | null };

const refuse = (
  { file, text }: Pick<PolicyText, "file" | "text">,
  faults: readonly Fault[],
): Result<never, PolicyRefusal> => err({ message: renderFaults(file, text, faults) });

/** Holds the policy in force and swaps it whole; a file that is not sound never replaces one that was (I6). */
export class PolicyKeeper {
  readonly #world: PolicyWorld;
  readonly #telemetry: Pick<Telemetry, "policyLoaded" | "bug">;
  readonly #onSwap: (active: ActivePolicy) => void;
  #current: ActivePolicy;
  #running: Promise<void> = Promise.resolve();

  constructor(
    world: PolicyWorld,
    telemetry: Pick<Telemetry, "policyLoaded" | "bug">,
    first: ActivePolicy,
    onSwap: (active: ActivePolicy) => void,
  ) {
    this.#world = world;
    this.#telemetry = telemetry;
    this.#current = first;
    this.#onSwap = onSwap;
  }

  current(): ActivePolicy {
    return this.#current;
  }

  /** Reads the file again; those asked for meanwhile run one after the other. */
  reload(): Promise<void> {
    this.#running = this.#running.then(() => this.#reload());
    return this.#running;
  }

  /** A bug in checking a file is one more reason not to put it in force (I6). */
  async #load(): ReturnType<typeof loadActivePolicy> {
    try {
      return await loadActivePolicy(this.#world, this.#current);
    } catch (error) {
      this.#telemetry.bug({ requestId: "none", error });
      return err({ message: "The policy file could not be checked, by a bug in the gateway; the log has its place." });
    }
  }

  async #reload(): Promise<void> {
    const loaded = await this.#load();
    if (!loaded.ok) {
      this.#telemetry.policyLoaded({ result: "refused", policy: null, providers: [], reason: loaded.error.message });
      return;
    }
    const next = loaded.value;
    if (next !== null) {
      await askNewOnes(next.active);
      this.#current = next.active;
      this.#onSwap(next.active);
    }
    this.#telemetry.policyLoaded({
      result: next === null ? "unchanged" : "activated",
      policy: describe(this.#current),
      providers: [...this.#current.providers.keys()],
      reason: next?.note ?? null,
    });
  }
}

export const describe = ({ policy: { name, version, hash } }: ActivePolicy): PolicyIdentity => ({
  name,
  version,
  hash,
});

const HOWEVER_OLD_MS = Number.MAX_SAFE_INTEGER;

/** Of one that was never asked nobody knows which models it has, so that wishes for them would go elsewhere. Bounded. */
async function askNewOnes({ providers }: ActivePolicy): Promise<void> {
  await Promise.all([...providers.values()].map((provider) => provider.check(HOWEVER_OLD_MS)));
}

/** Those whose definition stays go on: they know which models their servers have. */
function providersOf(
  document: PolicyDocument,
  current: ActivePolicy | null,
  create: PolicyWorld["createProvider"],
): ActivePolicy["providers"] {
  const before = current?.policy.document.providers ?? {};
  return new Map(
    Object.entries(document.providers).map(([id, definition]) => {
      const known = JSON.stringify(before[id]) === JSON.stringify(definition) ? current?.providers.get(id) : undefined;
      return [id, known ?? create(id, document)];
    }),
  );
}
