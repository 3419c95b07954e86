/**
 * What GET would answer, without its body (RFC 9110, 9.3.2), which is read for its length and not kept: an export has as
 * many rows as there are. A URL that does not parse is the app's to refuse.
 */
export async function headOf(
  request: Request,
  handle: (request: Request) => Response | Promise<Response>,
): Promise<Response> {
  if (URL.parse(request.url) === null) return handle(request);
  const response = await handle(new Request(request, { method: "GET" }));
  const headers = new Headers(response.headers);
  headers.set("content-length", String(await lengthOf(response.body, request.signal)));
  return new Response(null, { status: response.status, headers });
}

async function lengthOf(body: ReadableStream<Uint8Array> | null, signal: AbortSignal): Promise<number> {
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.byteLength;
    // Leaving the loop lets go of the rest.
    if (signal.aborted) break;
  }
  return length;
}
