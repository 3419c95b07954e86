import { err, ok, type Result } from "../../core/result.ts";

const HOUR_MS = 3_600_000;
const UNITS_MS: Readonly<Record<string, number>> = { h: HOUR_MS, d: 24 * HOUR_MS };
const DURATION = /^(\d{1,5})([hd])$/;
/** RFC 3339, with the time left out or in UTC unless said otherwise. */
const MOMENT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** Where a span of time that ends now begins: `30d`, `24h`, a date or a moment. The error repeats no value. */
export function parseSince(text: string, now: Date): Result<Date, string> {
  const [, count = "", unit = ""] = DURATION.exec(text) ?? [];
  const lengthMs = Number(count) * (UNITS_MS[unit] ?? 0);
  if (lengthMs > 0) return ok(new Date(now.getTime() - lengthMs));
  const since = MOMENT.test(text) ? momentOf(text) : null;
  if (since === null) return err("--since takes a number of days or hours, as 30d or 24h, or a date, as 2026-11-01.");
  return since < now ? ok(since) : err("--since is in the future.");
}

/** Null for a day that no calendar has: `Date` would take it for one of the next month. */
function momentOf(text: string): Date | null {
  const [day = "", time] = text.split("T");
  const midnight = new Date(`${day}T00:00:00Z`);
  const isDay = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
  const zone = time === undefined || !/Z$|[+-]\d{2}:\d{2}$/.test(time) ? "Z" : "";
  const moment = new Date(time === undefined ? midnight : `${text}${zone}`);
  return isDay && !Number.isNaN(moment.getTime()) ? moment : null;
}
