import { createHash } from "node:crypto";
import { open, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { err, ok, type Result } from "../core/result.ts";
import { SIGNATURE_SUFFIX } from "../policy/signature.ts";
import { codeOf } from "./durable-file.ts";
import { flush } from "./flush.ts";

/** Of the policy and of its signature, each. */
export const MAX_POLICY_BYTES = 1_000_000;
/** Files that change while they are read are read again at once, so often. */
const MAX_READS = 5;

/** A policy file and the signature beside it, as they were at one moment. */
export type PolicyFile = {
  readonly bytes: Uint8Array;
  /** Without a byte-order mark. */
  readonly text: string;
  /** What stands in `FILE.sig`; null where there is none. */
  readonly signature: string | null;
  /** Equal for equal contents of both, whatever their times say. */
  readonly stamp: string;
};

export type PolicyFileFailure = {
  readonly kind: "missing" | "unreadable" | "too_large" | "not_utf8" | "changing" | "unwritable";
  /** A full sentence for the operator: it names the file and quotes nothing of it. */
  readonly message: string;
};

/**
 * Reads both files in full or not at all. Symbolic links are followed, as a mounted ConfigMap has them: there a new
 * version comes by one link that points elsewhere, so old and new are never mixed. Never throws.
 */
export async function readPolicyFile(path: string): Promise<Result<PolicyFile, PolicyFileFailure>> {
  for (let reads = 0; reads < MAX_READS; reads++) {
    const before = await lookAtPolicyFile(path);
    const file = await readBoth(path);
    if (before === (await lookAtPolicyFile(path))) return file;
  }
  return fail("changing", `The policy file ${path} changes while it is read.`);
}

/**
 * What the system says of both files without opening them. Another answer than the last one means that it is worth to
 * read them; the same answer that nobody wrote to them. Never throws.
 */
export async function lookAtPolicyFile(path: string): Promise<string> {
  return `${await look(path)} ${await look(path + SIGNATURE_SUFFIX)}`;
}

/**
 * Puts a signature beside a policy file, in the place of the one that is there: whoever reads it meanwhile sees the old
 * one or the new one, and a power failure leaves one of the two. Gives the path of the signature.
 */
export async function writeSignature(path: string, note: string): Promise<Result<string, PolicyFileFailure>> {
  const signaturePath = path + SIGNATURE_SUFFIX;
  const partial = `${signaturePath}.${crypto.randomUUID()}.partial`;
  try {
    await writeFile(partial, note, { flag: "wx", flush: true });
    await rename(partial, signaturePath);
    flush(dirname(signaturePath));
    return ok(signaturePath);
  } catch (cause) {
    return fail("unwritable", `The signature ${signaturePath} cannot be written (${codeOf(cause)}).`);
  } finally {
    await rm(partial, { force: true });
  }
}

async function look(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(":");
  } catch (cause) {
    return codeOf(cause);
  }
}

async function readBoth(path: string): Promise<Result<PolicyFile, PolicyFileFailure>> {
  const policy = await readBounded(path, "policy file");
  if (!policy.ok) return policy;
  const text = decode(policy.value);
  if (text === null) return fail("not_utf8", `The policy file ${path} is no text in UTF-8.`);
  const signaturePath = path + SIGNATURE_SUFFIX;
  const signature = await readBounded(signaturePath, "signature");
  if (!signature.ok && signature.error.kind !== "missing") return signature;
  // A mark would be dropped from what was signed, and the file would not be the one that was written.
  const note = signature.ok ? decode(signature.value, { ignoreBOM: true }) : null;
  if (signature.ok && note === null) return fail("not_utf8", `The signature ${signaturePath} is no text in UTF-8.`);
  const stamp = stampOf(policy.value, signature.ok ? signature.value : null);
  return ok({ bytes: policy.value, text, signature: note, stamp });
}

/** Never more than the bound, however large the file is by the time it is read. */
async function readBounded(path: string, what: string): Promise<Result<Uint8Array, PolicyFileFailure>> {
  try {
    // Asked first, since opening a pipe would wait for its writer.
    if (!(await stat(path)).isFile()) return fail("unreadable", `The ${what} ${path} is no file.`);
    const file = await open(path, "r");
    try {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of file.createReadStream({ autoClose: false })) {
        size += chunk.byteLength;
        if (size > MAX_POLICY_BYTES) {
          return fail("too_large", `The ${what} ${path} is larger than ${MAX_POLICY_BYTES} bytes.`);
        }
        chunks.push(chunk);
      }
      return ok(new Uint8Array(Buffer.concat(chunks)));
    } finally {
      await file.close();
    }
  } catch (cause) {
    const code = codeOf(cause);
    return code === "ENOENT" || code === "ENOTDIR"
      ? fail("missing", `There is no ${what} ${path}.`)
      : fail("unreadable", `The ${what} ${path} cannot be read (${code}).`);
  }
}

function stampOf(policy: Uint8Array, signature: Uint8Array | null): string {
  const hash = createHash("sha256").update(createHash("sha256").update(policy).digest());
  return (signature === null ? hash : hash.update(createHash("sha256").update(signature).digest())).digest("hex");
}

function decode(bytes: Uint8Array, options: { readonly ignoreBOM?: boolean } = {}): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ...options }).decode(bytes);
  } catch {
    return null;
  }
}

const fail = (kind: PolicyFileFailure["kind"], message: string) => err<PolicyFileFailure>({ kind, message });
