import { err, ok, type Result } from "../../core/result.ts";
import { type NoteVerifier, parseVerifierKey } from "../../core/signed-note.ts";
import type { Failure } from "./failed-report.ts";
import { readKeyFile } from "./read-file.ts";

type KeyFailure = Omit<Failure, "file">;

/** What `--key` names: a public key, or `@` and the file that holds it. */
export async function readVerifier(key: string): Promise<Result<NoteVerifier, KeyFailure>> {
  const text = await readKeyText(key);
  return text.ok ? verifierOf(text.value.trim()) : text;
}

/** What several `--key` name; a file may hold several keys, one a line. A key that is named twice counts once. */
export async function readVerifiers(keys: readonly string[]): Promise<Result<readonly NoteVerifier[], KeyFailure>> {
  const texts = new Set<string>();
  for (const key of keys) {
    const text = await readKeyText(key);
    if (!text.ok) return text;
    for (const line of text.value.trim().split("\n")) texts.add(line.trim());
  }
  const verifiers: NoteVerifier[] = [];
  for (const text of texts) {
    const verifier = verifierOf(text);
    if (!verifier.ok) return verifier;
    verifiers.push(verifier.value);
  }
  return ok(verifiers);
}

async function readKeyText(key: string): Promise<Result<string, KeyFailure>> {
  const text = key.startsWith("@") ? await readKeyFile(key.slice(1)) : ok(key);
  return text.ok ? text : err({ exitCode: 1, code: "unreadable_file", message: text.error });
}

/** A key that is none is wrong usage; so is a private one, which is not repeated. */
function verifierOf(text: string): Result<NoteVerifier, KeyFailure> {
  const verifier = parseVerifierKey(text);
  if (verifier.ok) return verifier;
  return err({
    exitCode: 2,
    code: verifier.error.code,
    message: `--key: ${verifier.error.message} @FILE names a file with it.`,
  });
}
