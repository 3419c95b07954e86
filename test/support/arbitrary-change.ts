import fc from "fast-check";
import type { PolicyDocument, SignalBody } from "../../src/policy/document.ts";
import { arbitraryDocument } from "./arbitrary-policy.ts";

/** Signals that share words, codes and groups with each other. */
const SIGNALS: readonly SignalBody[] = [
  { keywords: ["one", "two"] },
  { keywords: ["Two "] },
  { keywords: ["one", "three"], detectors: ["pii.email"] },
  { detectors: ["pii.email", "secret.key"] },
  { groups: ["pii"] },
  { groups: ["pii", "secret"] },
  { groups: ["keyword"] },
  { detectors: ["keyword.first"] },
  { patterns: [{ id: "case", pattern: "C-\\d+", keywords: ["case"], strength: "weak" }] },
  { groups: ["pattern"], keywords: ["three"] },
];

type Edit = (document: PolicyDocument) => PolicyDocument;

/** A document whose signals share what they look for. */
export const arbitraryEntangled = (size: number): fc.Arbitrary<PolicyDocument> =>
  fc
    .tuple(arbitraryDocument(size), fc.array(fc.constantFrom(...SIGNALS), { minLength: 3, maxLength: 3 }), scanning())
    .map(([document, bodies, scan]) => ({ ...withSignals(document, bodies), ...scan(document) }));

/** A document, and the same after a few edits such as a review sees. */
export const arbitraryChange = (size: number): fc.Arbitrary<readonly [PolicyDocument, PolicyDocument]> =>
  fc
    .tuple(arbitraryEntangled(size), arbitraryEntangled(size), fc.array(edit(), { maxLength: 3 }))
    .map(([document, other, edits]) => {
      const edited = edits.reduce((before, { kind, at }) => EDITS[kind](other, at)(before), document);
      return [document, edited] as const;
    });

function withSignals(document: PolicyDocument, bodies: readonly SignalBody[]): PolicyDocument {
  const { signals } = document;
  if (signals === undefined) return document;
  const drawn = Object.keys(signals).map((id, index) => [id, bodies[index] ?? { keywords: ["one"] }] as const);
  return { ...document, signals: Object.fromEntries(drawn) };
}

function scanning(): fc.Arbitrary<(document: PolicyDocument) => Pick<PolicyDocument, "scan">> {
  const options = fc.record(
    { detectors: fc.boolean(), threshold: fc.constantFrom("weak" as const, "strong" as const) },
    { requiredKeys: [] },
  );
  return options.map((drawn) => ({ scan }) => {
    const all = { ...scan, ...drawn };
    return Object.keys(all).length === 0 ? {} : { scan: all };
  });
}

const edit = (): fc.Arbitrary<{ readonly kind: keyof typeof EDITS; readonly at: number }> =>
  fc.record({ kind: fc.constantFrom(...(Object.keys(EDITS) as (keyof typeof EDITS)[])), at: fc.nat(7) });

const without = <T>(items: readonly T[] | undefined, at: number): T[] =>
  (items ?? []).filter((_, index) => index !== at % Math.max(1, items?.length ?? 0));

const EDITS = {
  dropRule: (_, at) => (document) => ({ ...document, rules: without(document.rules, at) }),
  dropConstraint: (_, at) => (document) => ({ ...document, constraints: without(document.constraints, at) }),
  turnRules: () => (document) => ({ ...document, rules: [...(document.rules ?? [])].reverse() }),
  readOpaque: (_, at) => (document) => ({
    ...document,
    scan: { ...document.scan, opaque_content: at % 2 === 0 ? "sensitive" : "allowed" },
  }),
  scanElse:
    ({ scan }) =>
    (document) => {
      const { scan: _scan, ...rest } = document;
      return scan === undefined ? rest : { ...rest, scan };
    },
  moveProvider: (_, at) => (document) => ofProvider(document, at, { zone: at % 2 === 0 ? "eu" : "local" }),
  redirectProvider: (_, at) => (document) => ofProvider(document, at, { base_url: "http://127.0.0.1:2" }),
  forgetModels: (_, at) => (document) => {
    const { models, wishes, ...body } = providerAt(document, at)[1];
    return { ...document, providers: { ...document.providers, [providerAt(document, at)[0]]: body } };
  },
  otherSignals:
    ({ signals = {} }) =>
    (document) =>
      withSignals(document, Object.values(signals)),
  otherDefault: (_, at) => (document) => ({
    ...document,
    default:
      at % 2 === 0 ? { deny: true, reason: "denied" } : { route: [providerAt(document, at)[0]], reason: "moved" },
  }),
  otherReason: (_, at) => (document) => ({
    ...document,
    rules: (document.rules ?? []).map((rule, index) => (index === at % 3 ? { ...rule, reason: "renamed" } : rule)),
  }),
  noPrices: () => (document) => {
    const { prices, ...rest } = document;
    return rest;
  },
} satisfies Record<string, (other: PolicyDocument, at: number) => Edit>;

function providerAt({ providers }: PolicyDocument, at: number) {
  const entries = Object.entries(providers);
  const entry = entries[at % entries.length];
  if (entry === undefined) throw new Error("a document has no provider");
  return entry;
}

function ofProvider(document: PolicyDocument, at: number, change: object): PolicyDocument {
  const [id, body] = providerAt(document, at);
  return { ...document, providers: { ...document.providers, [id]: { ...body, ...change } } };
}
