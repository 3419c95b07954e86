import canonicalize from "canonicalize";
import type { JsonValue } from "../../core/json.ts";
import type { PolicyDocument, ProviderBody } from "../document.ts";

/** A part of the document that says what a name stands for; decisions may be the same and mean something else. */
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
  "api_key",
  "default_model",
  "default_embedding_model",
  "models",
  "wishes",
] as const satisfies readonly (keyof ProviderBody)[];

const OF_DESTINATIONS = ["kind", "zone", "base_url"] as const;

/** In the order of names. Keywords and patterns are no part of it. */
export function definitionChanges(one: PolicyDocument, other: PolicyDocument): readonly DefinitionChange[] {
  const ids = [...new Set([...Object.keys(one.providers), ...Object.keys(other.providers)])].toSorted();
  const ofProviders = ids.flatMap((id) =>
    OF_PROVIDERS.flatMap((key) =>
      change(`/providers/${id}/${key}`, own(one.providers, id)?.[key], own(other.providers, id)?.[key]),
    ),
  );
  const priced = [...new Set([...Object.keys(one.prices ?? {}), ...Object.keys(other.prices ?? {})])].toSorted();
  const ofPrices = priced.flatMap((id) => change(`/prices/${id}`, own(one.prices, id), own(other.prices, id)));
  const ofScan = change("/scan", one.scan, other.scan);
  return [...ofProviders, ...ofPrices, ...ofScan];
}

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
