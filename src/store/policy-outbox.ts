import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isJsonObject, type JsonObject, parseJsonObject } from "../core/json.ts";
import { createOnce } from "./durable-file.ts";
import type { PolicyMeta } from "./policies.ts";

/** A policy that was in force since `loadedAt`, in its stored form: no keyword, no credential. */
export type OutboxPolicy = { readonly meta: PolicyMeta; readonly stored: JsonObject; readonly loadedAt: Date };

/**
 * Policies in force that are not known to be in the database. Records on the spool may name them, so they have to outlive
 * the process as those do.
 */
export function openPolicyOutbox(directory: string) {
  const pathOf = (hash: string): string => join(directory, `${hash.replace("sha256:", "")}.json`);
  return {
    /** On the disk when this returns. Throws where that cannot be done. */
    put(policy: OutboxPolicy): void {
      createOnce(pathOf(policy.meta.hash), JSON.stringify(policy));
    },

    /** For one that is in the database. */
    remove(hash: string): void {
      rmSync(pathOf(hash), { force: true });
    },

    /** Those that a process before this one left. What is no whole file was never named by any record. */
    leftovers(): readonly OutboxPolicy[] {
      let names: readonly string[];
      try {
        names = readdirSync(directory);
      } catch {
        return [];
      }
      return names
        .filter((name) => name.endsWith(".json"))
        .flatMap((name) => readOutboxPolicy(readFileSync(join(directory, name), "utf8")));
    },
  };
}

function readOutboxPolicy(text: string): readonly OutboxPolicy[] {
  const read = parseJsonObject(text);
  const { meta, stored, loadedAt } = read ?? {};
  const time = new Date(String(loadedAt));
  if (!isJsonObject(meta) || !isJsonObject(stored) || Number.isNaN(time.getTime())) return [];
  const { hash, name, version } = meta;
  if (typeof hash !== "string" || typeof name !== "string" || typeof version !== "number") return [];
  return [{ meta: { hash, name, version }, stored, loadedAt: time }];
}
