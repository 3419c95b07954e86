import { parseMoment } from "../../core/moment.ts";
import { err, ok, type Result } from "../../core/result.ts";

const HOUR_MS = 3_600_000;
const UNITS_MS: Readonly<Record<string, number>> = { h: HOUR_MS, d: 24 * HOUR_MS };
const DURATION = /^(\d{1,5})([hd])$/;

/** Where a span of time that ends now begins: `30d`, `24h`, a date or a moment. The error repeats no value. */
export function parseSince(text: string, now: Date): Result<Date, string> {
  const since = parseAgo(text, now);
  if (since === null) return err("--since takes a number of days or hours, as 30d or 24h, or a date, as 2026-11-01.");
  return since < now ? ok(since) : err("--since is in the future.");
}

/** So long ago, or at that date or moment. Null for what is neither. */
export function parseAgo(text: string, now: Date): Date | null {
  const [, count = "", unit = ""] = DURATION.exec(text) ?? [];
  const lengthMs = Number(count) * (UNITS_MS[unit] ?? 0);
  return lengthMs > 0 ? new Date(now.getTime() - lengthMs) : parseMoment(text);
}
