import { ok, type Result } from "../core/result.ts";
import { analyse } from "../policy/analyse/analyse.ts";
import { analysisFaults } from "../policy/analyse/analysis-faults.ts";
import { type CaseResult, caseFaults, runCases } from "../policy/cases.ts";
import type { Fault } from "../policy/fault.ts";
import { type LoadedPolicy, loadPolicy } from "../policy/load.ts";
import { type ScannedPart, scanOptionsOf } from "../policy/scan-options.ts";
import { type CompiledScan, compileScan, type ScanFault } from "../scan/compile.ts";
import { detectorCodes } from "../scan/detector-codes.ts";
import { scan } from "../scan/scan.ts";

/** A policy file that is sound, with its scanner and what its tests say. */
export type PreparedPolicy = {
  readonly loaded: LoadedPolicy;
  readonly scan: CompiledScan;
  /** Of the file's own tests, in their order; some may have failed. */
  readonly cases: readonly CaseResult[];
};

/** So long an analysis may take of a running gateway; one that needs more is for `policy check`. */
const MAX_ACTIVATION_NODES = 50_000;

/**
 * Loads a policy file as the gateway and its commands do: syntax, shape, patterns, references, and then its tests.
 * `environment` has the names of the variables that are set; null where nobody is to ask.
 */
export function preparePolicy(
  text: string,
  { environment }: { readonly environment: ReadonlySet<string> | null },
): Result<PreparedPolicy, readonly Fault[]> {
  let compiled: CompiledScan | null = null;
  const scanFaults = (part: ScannedPart): readonly ScanFault[] => {
    const result = compileScan(scanOptionsOf(part));
    if (!result.ok) return result.error;
    compiled = result.value;
    return [];
  };
  const loaded = loadPolicy(text, { environment, knownCodes: detectorCodes(), scanFaults });
  return loaded.ok ? ok(tested(loaded.value, compiled)) : loaded;
}

function tested(loaded: LoadedPolicy, compiled: CompiledScan | null): PreparedPolicy {
  // INVARIANT: of a file without an error the scanner was made, and of all that it has; making it again takes long.
  if (compiled === null) throw new Error("a policy was loaded and no scanner made of it");
  const scanText = (text: string) => scan({ body: { text }, task: null }, compiled);
  return { loaded, scan: compiled, cases: runCases(loaded.policy, loaded.document.tests ?? [], scanText) };
}

/** Which of its own tests a sound policy fails. */
export const testFaults = ({ loaded, cases }: PreparedPolicy): readonly Fault[] => caseFaults(cases, loaded.positionOf);

/** Why a sound policy is not to be put in force: its own tests fail, or it cannot do what it says. */
export function activationFaults(prepared: PreparedPolicy): readonly Fault[] {
  const { loaded } = prepared;
  const analysis = analyse(loaded.policy, { maxNodes: MAX_ACTIVATION_NODES });
  const wrong = analysisFaults(analysis, loaded.positionOf).filter(({ severity }) => severity === "error");
  return [...testFaults(prepared), ...wrong];
}
