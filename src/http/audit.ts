import { Elysia } from "elysia";
import { promptDigest } from "../audit/digest.ts";
import { REASONS } from "../core/reasons.ts";
import type { AuditReader, Deps } from "../gateway/deps.ts";
import { createAdmission } from "../gateway/traffic/admission.ts";
import type { Admission } from "../gateway/traffic/contract.ts";
import { auditEventBody } from "./audit-body.ts";
import { exportRows, exportStream, FORMATS, untilOver } from "./audit-export.ts";
import { filterOf, prepareQuery, readCursor, writeCursor } from "./audit-query.ts";
import { callerOf } from "./caller.ts";
import { placeFor } from "./place.ts";
import { Refusal } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";
import {
  AuditEventBody,
  AuditExportQuery,
  AuditPageBody,
  AuditParams,
  AuditQuery,
  DEFAULT_PAGE_ROWS,
  DigestBody,
} from "./schemas/audit.ts";
import { SURFACE_BODY, SurfaceQuery } from "./schemas/decide.ts";
import { answers } from "./schemas/log.ts";
import { BODY_PROBLEMS, COMMON_PROBLEMS, ProblemBody } from "./schemas/problem.ts";
import { surfaceBodyReader, surfaceOf } from "./surface-body.ts";
import { SURFACE_TRANSLATIONS } from "./surfaces.ts";

/** Each keeps a page in memory for as long as its reader takes, and the database busy. */
const EXPORTS = { maxConcurrent: 4, maxQueued: 16 };

const unreadable = () => new Refusal("audit.unavailable", "The audit store cannot be read now.");

// `parse: "json"` on routes without a body is how the OpenAPI plugin learns that the answer is JSON.

/** What is on record of requests: never their text. */
export function auditRoutes({ auditEvents, digestKeys }: Pick<Deps, "auditEvents" | "digestKeys">, maxBytes: number) {
  const exports = createAdmission(EXPORTS);
  return new Elysia({ name: "policy-mesh/audit" })
    .get("/v1/audit", ({ query }) => pageOf(auditEvents, query), {
      transform: prepareQuery,
      query: AuditQuery,
      parse: "json",
      response: { ...COMMON_PROBLEMS, 200: AuditPageBody, 503: ProblemBody },
      detail: {
        summary: "Audit events",
        description: "Rows of requests that have ended, newest first. All filters that are given must fit.",
        tags: ["audit"],
      },
    })
    .get("/v1/audit/export", ({ query, request }) => exportOf(auditEvents, query, request, exports), {
      transform: prepareQuery,
      query: AuditExportQuery,
      detail: {
        responses: answers(
          ["application/x-ndjson", "text/csv"],
          "An audit event a line, or CSV (RFC 4180) with a line of names.",
          {},
        ),
        summary: "Export of audit events",
        description:
          "All rows that fit, newest first, as a stream. Where they cannot be read to the end the connection breaks off. In CSV, text that a spreadsheet would compute begins with an apostrophe; features and shadow are left out.",
        tags: ["audit"],
      },
    })
    .get("/v1/audit/:request_id", ({ params }) => eventOf(auditEvents, params.request_id), {
      params: AuditParams,
      parse: "json",
      response: { ...COMMON_PROBLEMS, 200: AuditEventBody, 404: ProblemBody, 410: ProblemBody, 503: ProblemBody },
      detail: {
        summary: "One audit event",
        description: "What is on record of a request: the decision, its reasons and its outcome, never its text.",
        tags: ["audit"],
      },
    })
    .post(
      "/v1/audit/digest",
      ({ body, request }): DigestBody => {
        const { task } = SURFACE_TRANSLATIONS[surfaceOf(request)].toRequest(body);
        return { prompt_digests: digestKeys.map((key) => promptDigest(key, task)) };
      },
      {
        query: SurfaceQuery,
        body: SURFACE_BODY,
        parse: [surfaceBodyReader(maxBytes), "json"],
        response: { ...COMMON_PROBLEMS, ...BODY_PROBLEMS, 200: DigestBody },
        detail: {
          summary: "Digest of a prompt",
          description:
            "What `prompt_digest` is in the rows of this prompt, to search for them. The prompt is neither kept nor logged.",
          tags: ["audit"],
        },
      },
    );
}

async function pageOf(reader: AuditReader, { limit, cursor, ...filters }: AuditQuery): Promise<AuditPageBody> {
  const found = await reader.search(filterOf(filters), readCursor(cursor), limit ?? DEFAULT_PAGE_ROWS);
  if (!found.ok) throw unreadable();
  const { events, next } = found.value;
  return { events: events.map(auditEventBody), next: next === null ? null : writeCursor(next) };
}

async function exportOf(
  reader: AuditReader,
  { format = "ndjson", ...filters }: AuditExportQuery,
  request: Request,
  admission: Admission,
): Promise<Response> {
  const filter = filterOf(filters);
  const { signal } = request;
  const place = await placeFor({ admission }, { caller: callerOf(request, {}), signal });
  const rows = untilOver(exportRows(reader, filter, format), place.leave);
  const { value: first } = await rows.next();
  if (first?.ok !== true) {
    await rows.return();
    throw unreadable();
  }
  // Of an answer that nobody is there to take, nobody says that it is not wanted.
  const leave = () => void rows.return();
  if (signal.aborted) leave();
  else signal.addEventListener("abort", leave, { once: true });
  return new Response(exportStream(first.value, rows), {
    headers: {
      "x-request-id": requestIdOf(request),
      "content-type": FORMATS[format].contentType,
      "content-disposition": `attachment; filename="audit.${format}"`,
      "cache-control": "no-store",
    },
  });
}

async function eventOf(reader: AuditReader, requestId: string): Promise<AuditEventBody> {
  const found = await reader.find(requestId);
  if (!found.ok) throw unreadable();
  if (found.value === null) {
    throw new Refusal("audit.not_found", REASONS["audit.not_found"].meaning, { field: "request_id" });
  }
  if (found.value.kind === "event") return auditEventBody(found.value.event);
  const message = `${REASONS["audit.erased"].meaning} It was erased at ${found.value.erasedAt.toISOString()}.`;
  throw new Refusal("audit.erased", message, { field: "request_id" });
}
