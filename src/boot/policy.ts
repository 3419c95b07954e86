import type { Config } from "../config/config.ts";
import { type Environment, namesOf } from "../config/environment.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { ActivePolicy } from "../gateway/active-policy.ts";
import { builtInPolicy } from "../policy/built-in.ts";
import { compilePolicy } from "../policy/compile.ts";
import { storedForm } from "../policy/identity.ts";
import { fillPrices } from "../policy/price-table.ts";
import { scanOptionsOf } from "../policy/scan-options.ts";
import { mayFollow, type PolicyIdentity } from "../policy/versions.ts";
import { compileScan } from "../scan/compile.ts";
import type { Store } from "../store/open-store.ts";
import type { OutboxPolicy } from "../store/policy-outbox.ts";
import { describe, judgeSuccession, loadActivePolicy, type PolicyWorld } from "../workers/keep-policy.ts";
import type { OpenPolicyFile } from "./policy-file.ts";
import { createProvider } from "./providers.ts";

export type PolicyFailure = { readonly message: string };

/** The policy that the process starts with: the file's, or the built-in one. Nothing is opened for it. */
export async function firstPolicy(config: Config, world: PolicyWorld): Promise<Result<ActivePolicy, PolicyFailure>> {
  if (config.policyFile === null) return activateBuiltIn(config);
  const loaded = await loadActivePolicy(world, null);
  if (!loaded.ok) return err({ message: `The policy cannot be put in force.\n${loaded.error.message}` });
  if (loaded.value === null) throw new Error("a first policy is always another one than none");
  return ok(loaded.value.active);
}

function activateBuiltIn(config: Config): Result<ActivePolicy, PolicyFailure> {
  const document = fillPrices(builtInPolicy(config));
  const scan = compileScan(scanOptionsOf(document));
  if (!scan.ok) {
    const faults = scan.error.map(({ message }) => message).join(" ");
    return err({ message: `The scanner cannot be made of SENSITIVITY_KEYWORDS. ${faults}` });
  }
  const environment = { OPENAI_API_KEY: config.openaiApiKey ?? undefined };
  return ok({
    policy: compilePolicy(document),
    scan: scan.value,
    providers: new Map(
      Object.keys(document.providers).map((id) => [id, createProvider(id, document, environment, "built-in")]),
    ),
    source: "built-in",
    loadedAt: new Date(),
  });
}

/** The newest version that was ever in force under a name; null also while nobody can say. */
export async function newestVersion(
  { policies }: Pick<Store, "policies">,
  name: string,
): Promise<PolicyIdentity | null> {
  const found = await policies.newestVersion(name);
  return found.ok && found.value !== null ? { name, ...found.value } : null;
}

/**
 * Puts a policy on record, so that rows can be decided again later. Holds no keyword and no key. What went in force while
 * nobody could say which version was the newest is judged here again: `onOutdated` is told why it may not be. It is on
 * record all the same, since it did decide.
 */
export async function recordPolicy(
  { policies }: Pick<Store, "policies">,
  active: ActivePolicy,
  { allowDowngrade }: Pick<PolicyWorld, "allowDowngrade">,
  onOutdated: (message: string) => void,
): Promise<{ readonly ok: boolean }> {
  const { name } = active.policy;
  const newest = await policies.newestVersion(name);
  if (!newest.ok) return newest;
  const known = newest.value === null ? null : { name, ...newest.value };
  const judged = mayFollow(active.policy, known, allowDowngrade || active.source === "built-in");
  const { stored, meta, loadedAt } = outboxPolicy(active);
  const activated = await policies.activate(stored, meta, loadedAt);
  if (activated.ok && !judged.ok) onOutdated(judged.error.message);
  return activated;
}

/** What is kept of a policy that is in force. */
export const outboxPolicy = (active: ActivePolicy): OutboxPolicy => ({
  meta: describe(active),
  stored: storedForm(active.policy.document),
  loadedAt: active.loadedAt,
});

/** What keeping the policy of a file takes from this process. */
export function policyWorld(config: Config, environment: Environment, file: OpenPolicyFile | null): PolicyWorld {
  return {
    read: () => {
      if (file === null) throw new Error("the built-in policy has no file to be read");
      return file.read();
    },
    environment: namesOf(environment),
    createProvider: (id, document) => createProvider(id, document, environment, "file"),
    // Asked of the database once there is one.
    newestVersion: async () => null,
    allowDowngrade: config.policyAllowDowngrade,
    now: () => new Date(),
  };
}

/** The built-in policy is the same version always, and may follow any. */
export async function judgeFirst(
  active: ActivePolicy,
  world: PolicyWorld,
): Promise<Result<string | null, PolicyFailure>> {
  if (active.source === "built-in") return ok(null);
  const judged = await judgeSuccession(active.policy, null, world);
  if (judged.ok) return ok(judged.value.note);
  return err({ message: `${judged.error.message} POLICY_ALLOW_DOWNGRADE=true forces it.` });
}
