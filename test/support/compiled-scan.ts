import { type CompiledScan, compileScan, type ScanOptions } from "../../src/scan/compile.ts";

/** A scan that looks for keywords only, unless told otherwise. */
export function scanFor(keywords: readonly string[], options: Partial<ScanOptions> = {}): CompiledScan {
  const compiled = compileScan({ keywords, detectSensitiveData: false, ...options });
  if (!compiled.ok) throw new Error(compiled.error.map(({ message }) => message).join("\n"));
  return compiled.value;
}
