import { join } from "node:path";
import type { AuditPages } from "../../audit/verify/pages.ts";
import type { Config } from "../../config/config.ts";
import { err, ok, type Result } from "../../core/result.ts";
import { type NoteVerifier, parseSignerKey, parseVerifierKey } from "../../core/signed-note.ts";
import { logDirectory } from "../../store/log-key-file.ts";
import { readTextFile } from "../command/read-file.ts";

/** Where keys come from: those of the database show only that somebody signed. */
export type TrustedKeys = {
  readonly from: "options" | "settings" | "database";
  readonly verifiers: readonly NoteVerifier[];
};

type Settings = Pick<Config, "dataDir" | "auditLogKey" | "auditLogKeyFile" | "auditLogOldKeys">;

/** Keys of the gateway's settings and of its files, else those that the database names. Makes none. */
export async function trustedKeys(settings: Settings, pages: AuditPages): Promise<Result<TrustedKeys, string>> {
  const own = [await signerOf(settings), ...(await publicKeys(settings))].filter((key) => key !== null);
  const outside = verifiersOf([...own, ...settings.auditLogOldKeys]);
  if (own.length > 0) return ok({ from: "settings", verifiers: outside });
  const kept = await pages.verifierKeys();
  if (!kept.ok) return err(kept.error.message);
  return ok({ from: "database", verifiers: verifiersOf([...kept.value, ...settings.auditLogOldKeys]) });
}

/** The key that others verify by, of the one that signs. */
async function signerOf({ auditLogKey, auditLogKeyFile }: Settings): Promise<string | null> {
  const text = auditLogKey ?? (auditLogKeyFile === null ? null : await contentOf(auditLogKeyFile));
  const signer = text === null ? null : parseSignerKey(text.trim());
  return signer?.ok ? signer.value.verifierKey : null;
}

async function publicKeys({ dataDir }: Settings): Promise<readonly string[]> {
  const text = await contentOf(join(logDirectory(dataDir), "verifier.key"));
  return text?.trim().split("\n") ?? [];
}

const MAX_KEY_BYTES = 10_000;

async function contentOf(path: string): Promise<string | null> {
  const read = await readTextFile(path, MAX_KEY_BYTES);
  return read.ok ? read.value : null;
}

function verifiersOf(keys: readonly string[]): readonly NoteVerifier[] {
  return [...new Set(keys)].flatMap((key) => {
    const verifier = key === "" ? null : parseVerifierKey(key);
    return verifier?.ok ? [verifier.value] : [];
  });
}
