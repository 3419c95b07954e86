import { createHash } from "node:crypto";
import { err, ok, type Result } from "../core/result.ts";
import {
  formatNote,
  type NoteFault,
  type NoteSigner,
  type NoteVerifier,
  openNote,
  signNote,
} from "../core/signed-note.ts";

/**
 * A signed policy is a file with a note beside it: four lines that say which policy the file is, signed as
 * `core/signed-note.ts` has it.
 *
 *     policy-mesh/policy/v1
 *     <name>
 *     <version>
 *     sha256:<hex of the file's bytes>
 */

const STATEMENT = "policy-mesh/policy/v1";

/** What stands beside a policy file for its signature. */
export const SIGNATURE_SUFFIX = ".sig";

export type PolicyName = { readonly name: string; readonly version: number };

/** What a trusted key says of a file, and which key. */
export type SignedPolicy = PolicyName & { readonly keyName: string };

/** `message` is a full sentence that can follow a file's name; it quotes nothing of the file or of the note. */
export type SignatureFault = {
  readonly code: "not_a_note" | "unknown_key" | "bad_signature" | "not_a_policy" | "other_file" | "other_policy";
  readonly message: string;
};

/**
 * The note to put beside the file. The policy is that of the file; whoever signs has loaded it. Two signers let gateways
 * go over from the key of the one to the key of the other.
 */
export function signPolicy(
  file: Uint8Array,
  policy: PolicyName,
  signers: readonly [NoteSigner, ...NoteSigner[]],
): string {
  const note = signNote({ text: statementOf(policy, file), signatures: [] }, signers);
  if (!note.ok) throw new Error("a policy has a name that fits into a note");
  return formatNote(note.value);
}

/**
 * Whether a key that is trusted signed just these bytes, and as which policy. Whoever loads them then asks
 * `mismatchOf`, since a note could name another policy than the file holds.
 */
export function verifyPolicy(
  file: Uint8Array,
  note: string,
  verifier: NoteVerifier,
): Result<SignedPolicy, SignatureFault> {
  const opened = openNote(note, [verifier]);
  if (!opened.ok) return err(faultOf(opened.error));
  const said = readStatement(opened.value.text);
  if (said === null) return fault("not_a_policy", "The signature is of something else than a policy.");
  if (said.digest !== digestOf(file)) {
    return fault(
      "other_file",
      "The file is not the one that was signed: it was changed, or the signature is of another.",
    );
  }
  return ok({ name: said.name, version: said.version, keyName: verifier.keyName });
}

/** Null where the signature names the policy that the file holds. */
export function mismatchOf(signed: PolicyName, loaded: PolicyName): SignatureFault | null {
  if (signed.name === loaded.name && signed.version === loaded.version) return null;
  return { code: "other_policy", message: "The signature names another policy, or another version, than the file." };
}

const digestOf = (file: Uint8Array): string => `sha256:${createHash("sha256").update(file).digest("hex")}`;

const statementOf = ({ name, version }: PolicyName, file: Uint8Array): string =>
  `${STATEMENT}\n${name}\n${version}\n${digestOf(file)}\n`;

function readStatement(text: string): (PolicyName & { readonly digest: string }) | null {
  const [kind, name, version, digest, end, ...rest] = text.split("\n");
  if (kind !== STATEMENT || end !== "" || rest.length > 0) return null;
  if (!name || version === undefined || !/^[1-9][0-9]{0,15}$/.test(version) || digest === undefined) return null;
  return { name, version: Number(version), digest };
}

const FAULTS: Readonly<Record<NoteFault["code"], SignatureFault>> = {
  malformed: { code: "not_a_note", message: "The signature is no signed note." },
  too_large: { code: "not_a_note", message: "The signature is larger than a signed note may be." },
  unsigned: { code: "unknown_key", message: "The key that is trusted did not sign it." },
  bad_signature: { code: "bad_signature", message: "The signature is not what the trusted key makes: it was changed." },
  // Of one key none is ambiguous, and the key was read before.
  ambiguous_key: { code: "unknown_key", message: "The key that is trusted did not sign it." },
  invalid_key: { code: "unknown_key", message: "The key that is trusted did not sign it." },
};

const faultOf = ({ code }: NoteFault): SignatureFault => FAULTS[code];

const fault = (code: SignatureFault["code"], message: string) => err<SignatureFault>({ code, message });
