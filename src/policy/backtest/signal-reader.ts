import { type FindingGroup, groupOf, OWN_GROUPS } from "../../core/finding.ts";
import type { DecidablePolicy } from "../compiled.ts";
import { STRENGTH_NAMES } from "../document.ts";
import type { StoredPolicy } from "../identity.ts";
import type { KnownPolicy } from "./known-policy.ts";

/** Ids of the signals that were found, and of those that may be there without anybody having looked. */
export type ReadSignals = { readonly found: readonly string[]; readonly missing: readonly string[] };

/** Distinct findings are few; this bounds what an unusual span of time can gather. */
const MAX_REMEMBERED = 10_000;

/** What an older scan says of the signals of a new policy: one for all rows of one policy and one version of the rules. */
export class SignalReader {
  readonly #signals: DecidablePolicy["signals"];
  readonly #codes: CodeReader;
  readonly #read = new Map<string, ReadSignals>();

  /** `isSameRuleset`: the rows were scanned by the rules that the new policy scans by. */
  constructor(past: KnownPolicy, next: KnownPolicy, isSameRuleset: boolean) {
    this.#signals = next.policy.signals;
    this.#codes = new CodeReader(past.stored, next.stored, isSameRuleset);
  }

  /** `findings` is the text of a JSON object of counts by code. */
  read(findings: string): ReadSignals {
    const known = this.#read.get(findings);
    if (known !== undefined) return known;
    if (this.#read.size >= MAX_REMEMBERED) this.#read.clear();
    const read = this.#readCodes(Object.keys(JSON.parse(findings)));
    this.#read.set(findings, read);
    return read;
  }

  #readCodes(past: readonly string[]): ReadSignals {
    const codes = past.flatMap((code) => this.#codes.translate(code));
    const groups = new Set(codes.map(groupOf));
    const isFound = (signal: DecidablePolicy["signals"][number]) =>
      codes.some((code) => signal.codes.has(code)) || [...signal.groups].some((group) => groups.has(group));
    const wasSought = (signal: DecidablePolicy["signals"][number]) =>
      [...signal.codes].every((code) => this.#codes.wasSought(code)) &&
      [...signal.groups].every((group) => this.#codes.wasGroupSought(group));
    const absent = this.#signals.filter((signal) => !isFound(signal));
    return {
      found: this.#signals.filter(isFound).map(({ id }) => id),
      missing: absent.filter((signal) => !wasSought(signal)).map(({ id }) => id),
    };
  }
}

/** Codes of keywords and patterns are named by each policy itself; only digests tell which of them are the same. */
class CodeReader {
  readonly #translations = new Map<string, string[]>();
  readonly #sought = new Set<string>();
  readonly #own: readonly string[];
  readonly #detects: boolean;
  readonly #detected: boolean;
  readonly #detectorsSought: boolean;

  constructor(past: StoredPolicy, next: StoredPolicy, isSameRuleset: boolean) {
    const strictness = compareThresholds(past, next);
    // What a stricter threshold lets pass nobody knows, neither of what was found nor of what was not.
    const counts = strictness !== "stricter";
    this.#detects = detects(next);
    this.#detected = detects(past) && counts;
    this.#detectorsSought = detects(past) && strictness === "same" && isSameRuleset;
    const wanted = [...keywordCodes(next), ...patternCodes(next)];
    this.#own = wanted.map(({ code }) => code);
    this.#match(keywordCodes(past), keywordCodes(next), true, true);
    this.#match(patternCodes(past), patternCodes(next), counts, strictness === "same");
  }

  #match(past: readonly OwnCode[], next: readonly OwnCode[], counts: boolean, sought: boolean): void {
    for (const { code, digest } of next) {
      for (const same of past.filter((one) => one.digest === digest)) {
        if (counts) this.#translations.set(same.code, [...(this.#translations.get(same.code) ?? []), code]);
        if (sought) this.#sought.add(code);
      }
    }
  }

  /** What the new policy's own scan would call it; nothing where it would not look for it. */
  translate(code: string): readonly string[] {
    if (isOwn(code)) return this.#translations.get(code) ?? [];
    return this.#detects && this.#detected ? [code] : [];
  }

  /** Whether the older scan would have found it, or the new one would not even look. */
  wasSought(code: string): boolean {
    return isOwn(code) ? this.#sought.has(code) : !this.#detects || this.#detectorsSought;
  }

  wasGroupSought(group: FindingGroup): boolean {
    if (!OWN_GROUPS.has(group)) return !this.#detects || this.#detectorsSought;
    return this.#own.every((code) => groupOf(code) !== group || this.#sought.has(code));
  }
}

const isOwn = (code: string): boolean => OWN_GROUPS.has(groupOf(code));

type OwnCode = { readonly code: string; readonly digest: string };

const signalsOf = ({ signals = {} }: StoredPolicy) => Object.entries(signals);

const keywordCodes = (policy: StoredPolicy): readonly OwnCode[] =>
  signalsOf(policy).flatMap(([id, { keywords }]) =>
    keywords === undefined ? [] : [{ code: `keyword.${id}`, digest: keywords.sha256 }],
  );

const patternCodes = (policy: StoredPolicy): readonly OwnCode[] =>
  signalsOf(policy).flatMap(([, { patterns = [] }]) =>
    patterns.map(({ id, pattern, keywords, strength = "medium" }) => ({
      code: `pattern.${id}`,
      digest: `${pattern.sha256} ${keywords.sha256} ${strength}`,
    })),
  );

const detects = ({ scan }: StoredPolicy): boolean => scan?.detectors ?? true;

function compareThresholds(past: StoredPolicy, next: StoredPolicy): "same" | "stricter" | "laxer" {
  const [before, after] = [past, next].map(({ scan }) => STRENGTH_NAMES.indexOf(scan?.threshold ?? "medium"));
  if (before === after) return "same";
  return Number(after) > Number(before) ? "stricter" : "laxer";
}
