import type { ActivePolicy } from "../gateway/active-policy.ts";
import { repeat, type Worker } from "../workers/repeat.ts";

/** The local server is asked often, since people pull models; a hosted one's list hardly changes. */
const LOCAL_CHECK_EVERY_MS = 30_000;
const CLOUD_CHECK_EVERY_MS = 300_000;
/** However young what is known of them. */
const ALWAYS = 0;

/** Asks the servers of a kind, or all, which models they have. Bounded by what each provider waits. */
export async function checkProviders({ policy, providers }: ActivePolicy, kind?: "ollama" | "openai"): Promise<void> {
  const asked = policy.providers.filter((provider) => kind === undefined || provider.kind === kind);
  await Promise.all(asked.map(({ id }) => providers.get(id)?.check(ALWAYS)));
}

/** Asks those of the policy in force, again and again. */
export const keepChecking = (active: () => ActivePolicy): readonly Worker[] => [
  repeat(() => checkProviders(active(), "ollama"), LOCAL_CHECK_EVERY_MS),
  repeat(() => checkProviders(active(), "openai"), CLOUD_CHECK_EVERY_MS),
];
