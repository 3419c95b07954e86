import type { TSchema } from "@sinclair/typebox";

/**
 * What a route answers that may stream, for the OpenAPI document: the plugin knows one type for all statuses. A schema would
 * be one of each event, and these are of several kinds.
 */
export function streamedAnswers(streamType: string, schemas: Readonly<Record<number, TSchema>>) {
  const responses = Object.entries(schemas).map(([status, { description = "Answered.", ...schema }]) => {
    const stream = status === "200" ? { [streamType]: { schema: {} } } : {};
    const content = { "application/json": { schema }, ...stream };
    return [status, { description, content }];
  });
  return Object.fromEntries(responses);
}
