/** A server that speaks enough of OpenAI's protocol to answer chats, and keeps every body that it is given. */
export function startRecordingOpenAi(model: string) {
  const bodies: { readonly text: string; readonly authorization: string | null }[] = [];
  let failing = false;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/v1/models") {
        return Response.json({ object: "list", data: [{ id: model, object: "model", created: 1, owned_by: "test" }] });
      }
      const text = await request.text();
      bodies.push({ text, authorization: request.headers.get("authorization") });
      if (failing) return Response.json({ error: { message: "told to fail" } }, { status: 500 });
      return Response.json({
        id: "chatcmpl-1",
        object: "chat.completion",
        created: 1,
        model,
        choices: [{ index: 0, message: { role: "assistant", content: `from ${model}` }, finish_reason: "stop" }],
        usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
      });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}/v1`,
    bodies,
    fails(value: boolean) {
      failing = value;
    },
    stop: () => server.stop(true),
  };
}

export type RecordingOpenAi = ReturnType<typeof startRecordingOpenAi>;
