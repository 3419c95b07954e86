import { Elysia } from "elysia";
import { parseTilePath } from "../audit/tiles.ts";
import { type ErrorReason, REASONS } from "../core/reasons.ts";
import type { Result } from "../core/result.ts";
import type { AuditFailure, AuditLog, Deps } from "../gateway/deps.ts";
import { Refusal } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";
import { AuditParams } from "./schemas/audit.ts";
import { answers, PendingReceiptBody, TileParams } from "./schemas/log.ts";
import { ProblemBody } from "./schemas/problem.ts";

const TEXT = "text/plain; charset=utf-8";
const BYTES = "application/octet-stream";
/** What a tile has once it never loses; the specification asks for long caching. */
const FOR_EVER = "public, max-age=31536000, immutable";
/** It grows by the second. */
const NOT_AT_ALL = "no-cache";
const RETRY_AFTER_SECONDS = 1;

/**
 * The Merkle log for those who check it: C2SP tlog-tiles under the prefix `/v1/log`, but for entries, which are rows and
 * go only to who asks for one by its id; and receipts as C2SP tlog-proof.
 */
export function logRoutes({ auditLog }: Pick<Deps, "auditLog">) {
  const tile = async (path: string, request: Request) => {
    const ref = parseTilePath(path);
    const hashes = ref === null ? null : read(await auditLog.tile(ref.level, ref.index, ref.width));
    if (hashes === null) throw refused("audit.tile_not_found", { headers: { "cache-control": "no-store" } });
    return answer(request, hashes, BYTES, FOR_EVER);
  };
  return new Elysia({ name: "policy-mesh/log" })
    .get("/v1/log/checkpoint", ({ request }) => checkpointOf(auditLog, request), {
      detail: {
        summary: "Newest checkpoint",
        description: "How many leaves the log has and their root, signed: C2SP tlog-checkpoint.",
        tags: ["audit"],
        responses: answers("text/plain", "A signed note.", { 404: ProblemBody }),
      },
    })
    .get("/v1/log/key", async ({ request }) => answer(request, lines(read(await auditLog.verifierKeys())), TEXT), {
      detail: {
        summary: "Verifier keys of the log",
        description:
          "Keys that checkpoints of this log verify by, a line each, the one in use first. Compare them with what you were given on another way: who could forge the log could forge this answer.",
        tags: ["audit"],
        responses: answers("text/plain", "Keys as C2SP signed-note writes them.", {}),
      },
    })
    .get("/v1/log/tile/:level/:index", ({ params, request }) => tile(`${params.level}/${params.index}`, request), {
      params: TileParams,
      detail: {
        summary: "Tile of the log",
        description: "Hashes of the Merkle tree, 32 bytes each: C2SP tlog-tiles. Only what a checkpoint covers.",
        tags: ["audit"],
        responses: answers(BYTES, "Up to 256 hashes.", { 404: ProblemBody }),
      },
    })
    .get("/v1/log/tile/:level/*", ({ params, request }) => tile(`${params.level}/${params["*"]}`, request), {
      detail: { hide: true },
    })
    .get("/v1/audit/:request_id/receipt", ({ params, request }) => receiptOf(auditLog, params.request_id, request), {
      params: AuditParams,
      detail: {
        summary: "Receipt of a request",
        description:
          "The record of a request with the proof that it is in the log: C2SP tlog-proof. `policy-mesh audit verify-receipt` checks it without asking anybody.",
        tags: ["audit"],
        responses: answers("text/plain", "The receipt.", {
          202: PendingReceiptBody,
          404: ProblemBody,
          410: ProblemBody,
        }),
      },
    });
}

async function checkpointOf(log: AuditLog, request: Request): Promise<Response> {
  const note = read(await log.checkpoint());
  if (note === null) throw refused("audit.no_checkpoint", { headers: { "cache-control": "no-store" } });
  return answer(request, note, TEXT);
}

async function receiptOf(log: AuditLog, requestId: string, request: Request): Promise<Response> {
  const answered = read(await log.receipt(requestId));
  const { kind } = answered;
  if (answered.kind === "receipt") return answer(request, answered.text, TEXT, "no-store");
  if (kind === "erased") throw refused("audit.erased", { field: "request_id" });
  if (kind === "unlogged") throw refused("audit.not_in_log", { field: "request_id" });
  if (kind === "absent") throw refused("audit.not_found", { field: "request_id" });
  const body: PendingReceiptBody = { request_id: requestId, status: "pending" };
  const headers = { ...headersOf(request, "no-store"), "retry-after": String(RETRY_AFTER_SECONDS) };
  return Response.json(body, { status: 202, headers });
}

const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join("");

const headersOf = (request: Request, cacheControl: string) => ({
  "x-request-id": requestIdOf(request),
  "cache-control": cacheControl,
});

const answer = (request: Request, body: string | Uint8Array, type: string, cacheControl = NOT_AT_ALL): Response =>
  new Response(typeof body === "string" ? body : Uint8Array.from(body), {
    headers: { ...headersOf(request, cacheControl), "content-type": type },
  });

const refused = (code: ErrorReason, options: ConstructorParameters<typeof Refusal>[2]): Refusal =>
  new Refusal(code, REASONS[code].meaning, options);

function read<T>(result: Result<T, AuditFailure>): T {
  if (result.ok) return result.value;
  throw new Refusal("audit.unavailable", "The log cannot be read now.");
}
