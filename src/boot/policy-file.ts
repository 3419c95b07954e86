import { err, ok, type Result } from "../core/result.ts";
import { parseVerifierKey } from "../core/signed-note.ts";
import type { Telemetry } from "../gateway/deps.ts";
import { SIGNATURE_SUFFIX, type SignedPolicy, verifyPolicy } from "../policy/signature.ts";
import { lookAtPolicyFile, type PolicyFile, readPolicyFile } from "../store/policy-file.ts";
import type { PolicyWorld } from "../workers/keep-policy.ts";
import type { Worker } from "../workers/repeat.ts";
import { type ReloadReason, type Seen, watchPolicy } from "../workers/watch-policy.ts";

const LOOK_EVERY_MS = 1_000;

/** The policy file of this process. */
export type OpenPolicyFile = {
  readonly read: PolicyWorld["read"];
  /** Watches for other contents than the first that was read. `signal` reloads now, and never beside the watch. */
  readonly watch: (
    reload: (reason: ReloadReason) => Promise<void>,
    telemetry: Pick<Telemetry, "policyLoaded">,
  ) => Worker & { readonly signal: () => Promise<void> };
};

/** `publicKey` is a verifier key; with one, a file that it did not sign is not read (I6). Null asks for no signature. */
export function openPolicyFile(path: string, publicKey: string | null): OpenPolicyFile {
  let firstStamp: string | null = null;
  return {
    async read() {
      const file = await readPolicyFile(path);
      if (!file.ok) return file;
      firstStamp ??= file.value.stamp;
      const signed = publicKey === null ? ok(null) : readSignature(path, file.value, publicKey);
      return signed.ok ? ok({ file: path, text: file.value.text, signed: signed.value }) : signed;
    },
    watch: (reload, telemetry) =>
      watchPolicy(
        {
          source: { look: () => lookAtPolicyFile(path), read: () => see(path) },
          stamp: firstStamp,
          reload,
          onMissing: (message) =>
            telemetry.policyLoaded({ result: "refused", policy: null, providers: [], reason: message }),
        },
        LOOK_EVERY_MS,
      ),
  };
}

function readSignature(
  path: string,
  { bytes, signature }: PolicyFile,
  publicKey: string,
): Result<SignedPolicy, { readonly message: string }> {
  const name = path + SIGNATURE_SUFFIX;
  if (signature === null) return err({ message: `The policy file ${path} is not signed: there is no ${name}.` });
  const verifier = parseVerifierKey(publicKey);
  const verified = verifier.ok ? verifyPolicy(bytes, signature, verifier.value) : verifier;
  return verified.ok
    ? verified
    : err({ message: `The policy file ${path} is refused by its signature ${name}. ${verified.error.message}` });
}

/** A file that cannot be read is a change too: what became of it is told by whoever tries to load it. */
async function see(path: string): Promise<Seen> {
  const file = await readPolicyFile(path);
  if (file.ok) return { kind: "there", stamp: file.value.stamp };
  const { kind, message } = file.error;
  if (kind === "changing") return { kind };
  return kind === "missing" ? { kind, message } : { kind: "there", stamp: kind };
}
