import { Value } from "@sinclair/typebox/value";
import type { AuditFilter } from "../../audit/search.ts";
import { err, ok, type Result } from "../../core/result.ts";
import { filterOf } from "../../http/audit-query.ts";
import { AuditFilterQuery } from "../../http/schemas/audit.ts";
import type { Arguments } from "../command/arguments.ts";
import { parseAgo } from "../command/since.ts";
import type { Option } from "../command/spec.ts";

/** What narrows a search: the filters of `GET /v1/audit`. */
export const FILTER_OPTIONS: Readonly<Record<string, Option>> = {
  since: { value: "SINCE", summary: "Received since: days (30d), hours (24h), a date (2026-11-01) or a moment." },
  until: { value: "UNTIL", summary: "Received before: as --since." },
  provider: { value: "ID", summary: "Of this provider, decided on or the one that answered." },
  zone: { value: "ZONE", summary: "Of this zone, decided on or that of the provider that answered." },
  status: { value: "STATUS", summary: "That ended so: succeeded, failed, denied, client_aborted or interrupted." },
  reason: { value: "CODE", summary: "With this among its reason codes." },
  rule: { value: "ID", summary: "That matched this rule." },
  team: { value: "NAME", summary: "With this label team." },
  model: { value: "NAME", summary: "Of this model, decided on or the one that answered." },
  "prompt-digest": { value: "DIGEST", summary: "Of this prompt, as POST /v1/audit/digest names it." },
};

/** The error is a sentence that names the option, and repeats no value. */
export function readFilter(given: Arguments, now: Date): Result<AuditFilter, string> {
  const query: Record<string, string> = {};
  for (const option of Object.keys(FILTER_OPTIONS)) {
    const value = given.value(option);
    if (value === null) continue;
    const moment = isTime(option) ? parseAgo(value, now) : null;
    if (isTime(option) && moment === null) {
      return err(`--${option} takes a number of days or hours, as 30d or 24h, or a date, as 2026-11-01.`);
    }
    query[option.replace("-", "_")] = moment?.toISOString() ?? value;
  }
  if (Value.Check(AuditFilterQuery, query)) return ok(filterOf(query));
  const path = Value.Errors(AuditFilterQuery, query).First()?.path ?? "";
  return err(`--${path.slice(1).replace("_", "-")} does not take such a value.`);
}

const isTime = (option: string): boolean => option === "since" || option === "until";
