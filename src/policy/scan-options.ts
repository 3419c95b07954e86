import type { PolicyDocument, STRENGTH_NAMES } from "./document.ts";

/** What the scanner is to look for under a policy; the shape of `ScanOptions` of the scan room. */
export type PolicyScanOptions = {
  readonly keywords: readonly string[];
  readonly keywordLists: readonly { readonly id: string; readonly keywords: readonly string[] }[];
  readonly patterns: readonly {
    readonly id: string;
    readonly pattern: string;
    readonly keywords: readonly string[];
    readonly strength?: (typeof STRENGTH_NAMES)[number];
  }[];
  readonly detectSensitiveData: boolean;
  readonly threshold?: (typeof STRENGTH_NAMES)[number];
};

/** What of a policy the scanner is made from. */
export type ScannedPart = Pick<PolicyDocument, "scan" | "signals">;

export function scanOptionsOf({ scan, signals = {} }: ScannedPart): PolicyScanOptions {
  const entries = Object.entries(signals);
  return {
    keywords: [],
    keywordLists: entries.flatMap(([id, { keywords }]) => (keywords === undefined ? [] : [{ id, keywords }])),
    patterns: entries.flatMap(([, { patterns }]) => patterns ?? []),
    detectSensitiveData: scan?.detectors ?? true,
    ...(scan?.threshold === undefined ? {} : { threshold: scan.threshold }),
  };
}
