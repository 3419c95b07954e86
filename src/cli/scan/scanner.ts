import type { Config } from "../../config/config.ts";
import { builtInPolicy } from "../../policy/built-in.ts";
import { scanOptionsOf } from "../../policy/scan-options.ts";
import { type CompiledScan, compileScan } from "../../scan/compile.ts";
import { openPolicy, unopenedReport } from "../policy/open-policy.ts";

/** What the gateway would scan with under these settings, or null after saying on standard error what is wrong. */
export async function scannerOf(config: Config): Promise<CompiledScan | null> {
  if (config.policyFile !== null) {
    // Scanning asks no provider, so nobody needs their keys.
    const opened = await openPolicy(config.policyFile, null);
    if (opened.ok) return opened.value.prepared.scan;
    console.error(unopenedReport(opened.error, false).stderr.trimEnd());
    return null;
  }
  const compiled = compileScan(scanOptionsOf(builtInPolicy(config)));
  if (compiled.ok) return compiled.value;
  for (const { message } of compiled.error) console.error(message);
  return null;
}
