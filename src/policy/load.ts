import { ok, type Result } from "../core/result.ts";
import { checkPolicy, type LoadOptions } from "./check-policy.ts";
import { compilePolicy } from "./compile.ts";
import type { CompiledPolicy } from "./compiled.ts";
import type { PolicyDocument } from "./document.ts";
import type { Fault, Position } from "./fault.ts";
import { fillPrices } from "./price-table.ts";

/** A policy file that has no error. Whether its patterns compile only the scanner can say: `LoadOptions.scanFaults`. */
export type LoadedPolicy = {
  /** With prices of the default table for the models that it names and gives none. */
  readonly document: PolicyDocument;
  readonly policy: CompiledPolicy;
  readonly warnings: readonly Fault[];
  /** Where the value of a JSON Pointer stands in the file, or the nearest thing around it that there is. */
  positionOf(path: string): Position;
};

/** From the text of a file, YAML or JSON. With any error: all errors and warnings at once, in the order of the file. */
export function loadPolicy(text: string, options: LoadOptions): Result<LoadedPolicy, readonly Fault[]> {
  const checked = checkPolicy(text, options);
  if (!checked.ok) return checked;
  const { warnings, positionOf } = checked.value;
  const document = fillPrices(checked.value.document);
  return ok({ document, policy: compilePolicy(document), warnings, positionOf });
}
