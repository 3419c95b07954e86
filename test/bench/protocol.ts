import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";

/** What the three processes say to each other, and what is read of the protocols between them. */

const reader = <T extends TSchema>(schema: T) => {
  const compiled = TypeCompiler.Compile(schema);
  return (value: unknown): Static<T> => {
    if (compiled.Check(value)) return value;
    throw new Error("a message that is not in the protocol");
  };
};

/** The first message of the mock. */
export const readAddress = reader(Type.Object({ url: Type.String() }));

/** One measurement: as many requests as `concurrency` clients make one after the other. */
const Job = Type.Object({
  scenario: Type.String(),
  url: Type.String(),
  concurrency: Type.Integer({ minimum: 1 }),
  durationMs: Type.Number({ minimum: 0 }),
});
export type Job = Static<typeof Job>;
export const readJob = reader(Job);

const Measured = Type.Object({
  requests: Type.Integer(),
  failed: Type.Integer(),
  elapsedMs: Type.Number(),
  p50Ms: Type.Number(),
  p99Ms: Type.Number(),
});
export type Measured = Static<typeof Measured>;
export const readMeasured = reader(Measured);

export type Asked = { readonly stream: boolean; readonly includeUsage: boolean };

const ChatBody = Type.Object({
  messages: Type.Array(Type.Object({ role: Type.String(), content: Type.String() }), { minItems: 1 }),
  stream: Type.Optional(Type.Boolean()),
  stream_options: Type.Optional(Type.Object({ include_usage: Type.Optional(Type.Boolean()) })),
});
const readChatBody = reader(ChatBody);

/** Reads a request to the mock as a server would: a body that is no chat fails. */
export async function readAsked(request: Request, streamsByDefault: boolean): Promise<Asked> {
  const body = readChatBody(await request.json());
  return { stream: body.stream ?? streamsByDefault, includeUsage: body.stream_options?.include_usage === true };
}

/** Whole answers. */
export const readOpenAiAnswer = reader(
  Type.Object({
    choices: Type.Array(
      Type.Object({ message: Type.Object({ content: Type.String() }), finish_reason: Type.Literal("stop") }),
      { minItems: 1, maxItems: 1 },
    ),
  }),
);
export const readNativeAnswer = reader(
  Type.Object({ content: Type.String(), finish_reason: Type.Literal("stop"), error: Type.Null() }),
);

/** An event of an OpenAI stream and a line of an Ollama stream. */
export const readOpenAiEvent = reader(
  Type.Object({
    choices: Type.Array(
      Type.Object({
        delta: Type.Object({ content: Type.Optional(Type.Union([Type.String(), Type.Null()])) }),
        finish_reason: Type.Union([Type.String(), Type.Null()]),
      }),
    ),
  }),
);
export const readOllamaLine = reader(
  Type.Object({
    message: Type.Object({ content: Type.String() }),
    done: Type.Boolean(),
    done_reason: Type.Optional(Type.String()),
  }),
);
