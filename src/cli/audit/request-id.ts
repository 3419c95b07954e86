/** The one sentence on an operand that is none. */
export const NO_REQUEST_ID = "ID is the request_id of an answer, a UUID.";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** In the writing of the database; null for what is no id. */
export function parseRequestId(text: string): string | null {
  const id = text.toLowerCase();
  return UUID.test(id) ? id : null;
}
