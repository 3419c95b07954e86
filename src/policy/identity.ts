import { createHash } from "node:crypto";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import canonicalize from "canonicalize";
import { FINDING_GROUPS, type FindingGroup } from "../core/finding.ts";
import type { JsonObject } from "../core/json.ts";
import { PolicyDocument, type SignalBody } from "./document.ts";

const closed = { additionalProperties: false } as const;
const Sha256 = Type.String({ pattern: "^[0-9a-f]{64}$" });
/** Of the sorted list, since the order of keywords means nothing. */
const ListDigest = Type.Object({ count: Type.Integer({ minimum: 1 }), sha256: Sha256 }, closed);

const Group = Type.Unsafe<FindingGroup>(Type.Union(FINDING_GROUPS.map((group) => Type.Literal(group))));

const StoredSignal = Type.Object(
  {
    keywords: Type.Optional(ListDigest),
    detectors: Type.Optional(Type.Array(Type.String())),
    groups: Type.Optional(Type.Array(Group)),
    patterns: Type.Optional(
      Type.Array(
        Type.Object(
          {
            id: Type.String(),
            pattern: Type.Object({ sha256: Sha256 }, closed),
            keywords: ListDigest,
            strength: Type.Optional(Type.String()),
          },
          closed,
        ),
      ),
    ),
  },
  closed,
);
type StoredSignal = Static<typeof StoredSignal>;

const { tests: _tests, description: _description, ...kept } = PolicyDocument.properties;

/**
 * What is kept of a policy, in the database too: all that a decision depends on, and digests in place of keywords and
 * patterns. A digest tells whether two lists are equal; who guesses a short list can also find that out.
 */
const StoredPolicy = Type.Object({ ...kept, signals: Type.Optional(Type.Record(Type.String(), StoredSignal)) }, closed);
export type StoredPolicy = Static<typeof StoredPolicy>;

/** Of a document that was checked and has its prices filled in. Equal for documents that differ in words for people only. */
export function storedForm(document: PolicyDocument): StoredPolicy {
  const { tests, description, signals, constraints, rules, shadow, default: fallback, ...others } = document;
  return {
    ...others,
    default: undescribed(fallback),
    ...(constraints === undefined ? {} : { constraints: constraints.map(undescribed) }),
    ...(rules === undefined ? {} : { rules: rules.map(undescribed) }),
    ...(shadow === undefined ? {} : { shadow: shadow.map(undescribed) }),
    ...(signals === undefined ? {} : { signals: storedSignals(signals) }),
  };
}

/** `sha256:<64 hex digits>` over the RFC 8785 form of what is kept: the policy's identity. */
export const policyHash = (document: PolicyDocument): string => hashOf(canonicalForm(storedForm(document)));

export const hashOf = (canonical: string): string => `sha256:${sha256(canonical)}`;

/** JSON with the keys in the order of their names (RFC 8785). */
export function canonicalForm(stored: StoredPolicy): string {
  const canonical = canonicalize(stored);
  if (canonical === undefined) throw new Error("a policy has no canonical form");
  return canonical;
}

/** Throws where it is no stored form: nothing else was ever written there. */
export function readStored(value: JsonObject): StoredPolicy {
  if (!Value.Check(StoredPolicy, value)) throw new Error("a stored policy is not in its stored form");
  return value;
}

/** Only of the object itself: below it a model or a label may have the name `description`. */
function undescribed<T extends { description?: string }>({ description, ...others }: T): Omit<T, "description"> {
  return others;
}

const storedSignals = (signals: NonNullable<PolicyDocument["signals"]>): Record<string, StoredSignal> =>
  Object.fromEntries(Object.entries(signals).map(([id, signal]) => [id, storedSignal(signal)]));

function storedSignal({ detectors, groups, keywords, patterns }: SignalBody): StoredSignal {
  return {
    ...(detectors === undefined ? {} : { detectors }),
    ...(groups === undefined ? {} : { groups }),
    ...(keywords === undefined ? {} : { keywords: listDigest(keywords) }),
    ...(patterns === undefined ? {} : { patterns: patterns.map(storedPattern) }),
  };
}

const storedPattern = (pattern: NonNullable<SignalBody["patterns"]>[number]) => ({
  ...pattern,
  pattern: { sha256: sha256(JSON.stringify(pattern.pattern)) },
  keywords: listDigest(pattern.keywords),
});

/** For strings and lists of them JSON is the RFC 8785 form, and it has one for lone surrogates too. */
const listDigest = (list: readonly string[]) => ({
  count: list.length,
  sha256: sha256(JSON.stringify(list.toSorted())),
});

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
