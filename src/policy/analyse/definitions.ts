import canonicalize from "canonicalize";
import type { JsonValue } from "../../core/json.ts";
import type { PolicyDocument, ProviderBody } from "../document.ts";

/**
 * A part of the document that says what a name stands for, or how it is called; decisions may be the same and mean
 * something else.
 */
export type DefinitionChange = {
  /** JSON Pointer into the policy file. */
  readonly path: string;
  /** Null where there is none. */
  readonly from: JsonValue;
  readonly to: JsonValue;
};

const OF_PROVIDERS = [
  "kind",
  "zone",
  "base_url",
  "allowed_addresses",
  "api_key",
  "default_model",
  "default_embedding_model",
  "models",
  "wishes",
  "max_concurrency",
] as const satisfies readonly (keyof ProviderBody)[];

/** Their settings are named one by one. */
const OF_CALLS = ["attempts", "breaker"] as const satisfies readonly (keyof ProviderBody)[];

const OF_DESTINATIONS = ["kind", "zone", "base_url"] as const;

/** In the order of names. Keywords and patterns are no part of it. */
export function definitionChanges(one: PolicyDocument, other: PolicyDocument): readonly DefinitionChange[] {
  const ids = [...new Set([...Object.keys(one.providers), ...Object.keys(other.providers)])].toSorted();
  const ofProviders = ids.flatMap((id) => providerChanges(id, own(one.providers, id), own(other.providers, id)));
  const priced = [...new Set([...Object.keys(one.prices ?? {}), ...Object.keys(other.prices ?? {})])].toSorted();
  const ofPrices = priced.flatMap((id) => change(`/prices/${id}`, own(one.prices, id), own(other.prices, id)));
  const ofScan = change("/scan", one.scan, other.scan);
  return [...ofProviders, ...ofPrices, ...ofScan];
}

function providerChanges(id: string, one?: ProviderBody, other?: ProviderBody): readonly DefinitionChange[] {
  return [
    ...OF_PROVIDERS.flatMap((key) => change(`/providers/${id}/${key}`, one?.[key], other?.[key])),
    ...OF_CALLS.flatMap((key) => {
      const [before, after] = [settingsOf(one?.[key]), settingsOf(other?.[key])];
      const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
      return names.flatMap((name) => change(`/providers/${id}/${key}/${name}`, own(before, name), own(after, name)));
    }),
  ];
}

const settingsOf = (
  settings: ProviderBody["attempts"] | ProviderBody["breaker"],
): Readonly<Record<string, number>> => ({
  ...settings,
});

/** Providers of both documents whose name now stands for another place. */
export const movedProviders = (one: PolicyDocument, other: PolicyDocument): ReadonlySet<string> =>
  new Set(
    Object.entries(other.providers).flatMap(([id, now]) => {
      const before = own(one.providers, id);
      return before !== undefined && OF_DESTINATIONS.some((key) => before[key] !== now[key]) ? [id] : [];
    }),
  );

function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

function change(path: string, from: unknown, to: unknown): readonly DefinitionChange[] {
  const [before, after] = [asJson(from), asJson(to)];
  return canonicalize(before) === canonicalize(after) ? [] : [{ path, from: before, to: after }];
}

const asJson = (value: unknown): JsonValue => (value === undefined ? null : JSON.parse(JSON.stringify(value)));
