import { err, ok, type Result } from "../core/result.ts";
import { checkReferences } from "./check-references.ts";
import { type ScanFaultsOf, soundPart, tellScanFaults } from "./check-scan.ts";
import { checkShape } from "./check-shape.ts";
import type { PolicyDocument } from "./document.ts";
import type { Fault, Position } from "./fault.ts";
import { parseSource } from "./source.ts";
import { jsonOf } from "./source-node.ts";

export type LoadOptions = {
  /** Names of the environment variables that are set; null where that is not to be checked. */
  readonly environment: ReadonlySet<string> | null;
  /** Codes of the built-in detectors; left out or null, only their groups are checked. */
  readonly knownCodes?: ReadonlySet<string> | null;
  /**
   * What the scanner does not take of the keywords and patterns; left out, nobody asks it. Asked once for a file that can
   * be read: with the whole of them where the file has no fault of shape, else with those of the signals without one.
   */
  readonly scanFaults?: ScanFaultsOf;
};

export type CheckedPolicy = {
  /** As the file says it. */
  readonly document: PolicyDocument;
  readonly warnings: readonly Fault[];
  /** Where the value of a JSON Pointer stands, or the nearest thing around it that there is. */
  readonly positionOf: (path: string) => Position;
};

/** Reads a policy file and holds it against its schema and itself. With any error: all errors and warnings, in order. */
export function checkPolicy(text: string, options: LoadOptions): Result<CheckedPolicy, readonly Fault[]> {
  const { root, faults, positionOf } = parseSource(text);
  if (root === null) return err(faults.all());
  checkShape(root, faults);
  // Of a file with more errors than are listed nobody knows which signals are sound.
  const scanFaults = faults.isFull ? [] : (options.scanFaults?.(soundPart(root, faults)) ?? []);
  checkReferences(root, { environment: options.environment, knownCodes: options.knownCodes ?? null }, faults);
  tellScanFaults(scanFaults, root, faults);
  if (faults.hasErrors) return err(faults.all());
  // INVARIANT: a file without a fault of shape is what the schema says; a test holds that against TypeBox, which cannot
  // say it here, since it counts UTF-16 units where JSON Schema counts characters.
  const document = jsonOf(root) as unknown as PolicyDocument;
  return ok({ document, warnings: faults.all(), positionOf });
}
