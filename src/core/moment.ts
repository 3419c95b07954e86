/** RFC 3339, with the time left out or in UTC unless said otherwise. */
const MOMENT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * A date, which is its midnight in UTC, or a moment. Null for what is neither, for a day that no calendar has, and outside
 * of the years 1 to 9999.
 */
export function parseMoment(text: string): Date | null {
  if (!MOMENT.test(text)) return null;
  const [day = "", time] = text.split("T");
  const midnight = new Date(`${day}T00:00:00Z`);
  // `Date` would take a day too many for one of the next month.
  const isDay = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
  const zone = time === undefined || !/Z$|[+-]\d{2}:\d{2}$/.test(time) ? "Z" : "";
  const moment = new Date(time === undefined ? midnight : `${text}${zone}`);
  return isDay && !Number.isNaN(moment.getTime()) && FOUR_DIGITS.test(moment.toISOString()) ? moment : null;
}

/** The years that PostgreSQL reads as `Date` writes them, which the offset of a zone may leave. */
const FOUR_DIGITS = /^(?!0000)\d{4}-/;
