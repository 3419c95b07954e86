import type { FaultCode } from "../fault-codes.ts";
import type { Faults, Said } from "../faults.ts";
import { quoted } from "../quoted.ts";
import type { TextAt } from "../source-node.ts";
import { didYouMean } from "../suggest.ts";

/** What a name refers to that nothing has. */
export function notDefined(code: FaultCode, kind: string, name: string, known: Iterable<string>): Said {
  return { code, message: `There is no ${kind} ${quoted(name)}.`, suggestion: () => didYouMean(name, known) };
}

type Known = { has(name: string): boolean } & { keys(): Iterable<string> };

export function checkDefined(names: readonly TextAt[], code: FaultCode, kind: string, known: Known, faults: Faults) {
  for (const { text, node } of names) {
    if (!known.has(text)) faults.reference(node, notDefined(code, kind, text, known.keys()));
  }
}

export const checkProvidersDefined = (names: readonly TextAt[], providers: Known, faults: Faults): void =>
  checkDefined(names, "undefined_provider", "provider", providers, faults);

export const checkSignalsDefined = (names: readonly TextAt[], signals: Known, faults: Faults): void =>
  checkDefined(names, "undefined_signal", "signal", signals, faults);
