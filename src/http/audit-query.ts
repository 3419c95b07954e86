import { parseMoment } from "../core/moment.ts";
import type { AuditCursor, AuditFilter } from "../gateway/deps.ts";
import { Refusal } from "./problem.ts";
import { safeName } from "./read-json.ts";
import type { AuditFilterQuery } from "./schemas/audit.ts";

/**
 * Before the schema is asked: of two values the last would count and the first be forgotten, and all of them are text.
 */
export function prepareQuery({
  request,
  query,
}: {
  readonly request: Request;
  readonly query: Record<string, unknown>;
}) {
  const { searchParams } = new URL(request.url);
  const names = [...searchParams.keys()];
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) {
    const field = safeName(repeated) ?? "query";
    throw new Refusal("request.invalid_field", `${field}: Expected one value.`, { field });
  }
  const limit = query["limit"];
  if (typeof limit === "string" && /^\d{1,9}$/.test(limit)) query["limit"] = Number(limit);
}

export function filterOf({ since, until, prompt_digest, ...names }: AuditFilterQuery): AuditFilter {
  return {
    ...pick(names),
    ...(since === undefined ? {} : { since: momentOf("since", since) }),
    ...(until === undefined ? {} : { until: momentOf("until", until) }),
    ...(prompt_digest === undefined ? {} : { promptDigest: prompt_digest }),
  };
}

const pick = ({ provider, zone, status, reason, rule, team, model }: AuditFilterQuery): AuditFilter => ({
  ...(provider === undefined ? {} : { provider }),
  ...(zone === undefined ? {} : { zone }),
  ...(status === undefined ? {} : { status }),
  ...(reason === undefined ? {} : { reason }),
  ...(rule === undefined ? {} : { rule }),
  ...(team === undefined ? {} : { team }),
  ...(model === undefined ? {} : { model }),
});

function momentOf(field: "since" | "until", text: string): Date {
  const moment = parseMoment(text);
  if (moment !== null) return moment;
  const message = `${field}: Expected a date, as 2026-11-01, or a moment, as 2026-11-01T09:30:00Z.`;
  throw new Refusal("request.invalid_field", message, { field });
}

export function readCursor(text: string | undefined): AuditCursor | null {
  if (text === undefined) return null;
  const [micros = "", requestId = ""] = text.split("_");
  const receivedAtMicros = Number(micros);
  if (Number.isSafeInteger(receivedAtMicros)) return { receivedAtMicros, requestId };
  throw new Refusal("request.invalid_field", "cursor: Expected the next of a page.", { field: "cursor" });
}

export const writeCursor = ({ receivedAtMicros, requestId }: AuditCursor): string => `${receivedAtMicros}_${requestId}`;
