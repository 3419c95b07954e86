import type { CompiledPolicy } from "../compiled.ts";
import type { Side } from "./wishes.ts";

/**
 * By which policy's dimension it goes whether the scanner gives up on some text. It gives up on the same texts for both,
 * as far as the analysis knows, unless one of them has nothing looked for: then only the other scans at all.
 */
export function scanningSide(policies: readonly CompiledPolicy[], side: Side): Side {
  const [first, ...others] = policies.map(looksForSomething);
  return side === 0 || others[side - 1] === first ? 0 : side;
}

function looksForSomething({ document: { scan, signals = {} } }: CompiledPolicy): boolean {
  if (scan?.detectors !== false) return true;
  return Object.values(signals).some(({ keywords, patterns }) => keywords !== undefined || patterns !== undefined);
}
