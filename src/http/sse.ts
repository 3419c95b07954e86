/** One server-sent event (WHATWG HTML, 9.2) with JSON as its data, which has no line breaks. */
export function serverSentEvent(data: unknown, type?: string): string {
  const name = type === undefined ? "" : `event: ${type}\n`;
  return `${name}data: ${JSON.stringify(data)}\n\n`;
}
