const DAY_MS = 86_400_000;

/**
 * What was received before the moment this gives is dropped, where rows are kept for so many days: whole days (UTC), so
 * that today and that many days before it are kept, and rows without a day's partition go once a day, too.
 */
export function keptSince(now: Date, retentionDays: number): Date {
  return new Date(Math.floor(now.getTime() / DAY_MS) * DAY_MS - retentionDays * DAY_MS);
}
