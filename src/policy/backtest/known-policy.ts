import type { JsonObject } from "../../core/json.ts";
import { compileStored } from "../compile.ts";
import type { CompiledPolicy, DecidablePolicy } from "../compiled.ts";
import { readStored, type StoredPolicy, storedForm } from "../identity.ts";

/** A policy with the form of it that the database keeps. */
export type KnownPolicy = { readonly policy: DecidablePolicy; readonly stored: StoredPolicy };

/** Throws where it is no stored form. */
export const knownFromStore = (document: JsonObject): KnownPolicy => ({
  policy: compileStored(document),
  stored: readStored(document),
});

export const knownFromFile = (policy: CompiledPolicy): KnownPolicy => ({ policy, stored: storedForm(policy.document) });
