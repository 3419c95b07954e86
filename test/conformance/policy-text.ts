import { readConfig } from "../../src/config/config.ts";
import { builtInPolicy } from "../../src/policy/built-in.ts";
import type { Environment } from "../support/gateway-process.ts";

/** As many failures as no test makes. */
const BREAKER = { failure_percent: 100, minimum_calls: 1_000 };

/**
 * The built-in policy of these settings as a file, whose providers are not left alone for the many failures that tests
 * ask for. With each version they are defined anew, so that nothing is known of them.
 */
export function policyText(env: Environment, version: number): string {
  const { POLICY_FILE: _, ...settings } = env;
  const config = readConfig(settings);
  if (!config.ok) throw new Error("no settings of a gateway");
  const document = builtInPolicy(config.value);
  const defined = Object.entries(document.providers).map(([id, provider]) => [
    id,
    // What a server asked for is kept as long as it is the same one: so each version writes its address in another way.
    { ...provider, breaker: BREAKER, base_url: provider.base_url + "/".repeat(version) },
  ]);
  return JSON.stringify({ ...document, version, providers: Object.fromEntries(defined) });
}
