import type { Surface } from "../../src/core/chat.ts";
import { ollamaOf, openaiOf, user } from "./clients.ts";
import type { Side } from "./gateways.ts";

/** Every call that the official SDKs make for an answer, each asking for the same words; the signal ends it. */

export type Call = {
  readonly sdk: "openai" | "ollama";
  readonly surface: Surface;
  readonly ask: (side: Side, text: string, signal?: AbortSignal) => Promise<unknown>;
};

/** A stream that has begun; `abort` is the SDK's own. */
export type Opened = { readonly stream: AsyncIterable<unknown>; readonly abort: () => void };
export type StreamCall = {
  readonly sdk: "openai" | "ollama";
  readonly surface: Surface;
  readonly open: (side: Side, text: string, signal?: AbortSignal) => Promise<Opened>;
};

export const WHOLE_CALLS: Readonly<Record<string, Call>> = {
  "openai chat.completions": {
    sdk: "openai",
    surface: "openai_chat",
    ask: (side, text, signal) =>
      openaiOf(side).chat.completions.create({ model: side.model, messages: user(text) }, { signal }),
  },
  "openai completions": {
    sdk: "openai",
    surface: "openai_completions",
    ask: (side, text, signal) => openaiOf(side).completions.create({ model: side.model, prompt: text }, { signal }),
  },
  "openai responses": {
    sdk: "openai",
    surface: "openai_responses",
    ask: (side, text, signal) => openaiOf(side).responses.create({ model: side.model, input: text }, { signal }),
  },
  "ollama chat": {
    sdk: "ollama",
    surface: "ollama_chat",
    ask: (side, text, signal) => ollamaOf(side, signal).chat({ model: side.model, messages: user(text) }),
  },
  "ollama generate": {
    sdk: "ollama",
    surface: "ollama_generate",
    ask: (side, text, signal) => ollamaOf(side, signal).generate({ model: side.model, prompt: text }),
  },
};

export const EMBEDDING_CALLS: Readonly<Record<string, Call>> = {
  "openai embeddings": {
    sdk: "openai",
    surface: "openai_embeddings",
    ask: (side, text, signal) => openaiOf(side).embeddings.create({ model: side.model, input: text }, { signal }),
  },
  "ollama embed": {
    sdk: "ollama",
    surface: "ollama_embed",
    ask: (side, text, signal) => ollamaOf(side, signal).embed({ model: side.model, input: text }),
  },
  "ollama embeddings": {
    sdk: "ollama",
    surface: "ollama_embeddings",
    ask: (side, text, signal) => ollamaOf(side, signal).embeddings({ model: side.model, prompt: text }),
  },
};

export const STREAM_CALLS: Readonly<Record<string, StreamCall>> = {
  "openai chat.completions, streamed": {
    sdk: "openai",
    surface: "openai_chat",
    async open(side, text, signal) {
      const body = { model: side.model, messages: user(text), stream: true } as const;
      const stream = await openaiOf(side).chat.completions.create(body, { signal });
      return { stream, abort: () => stream.controller.abort() };
    },
  },
  "openai completions, streamed": {
    sdk: "openai",
    surface: "openai_completions",
    async open(side, text, signal) {
      const stream = await openaiOf(side).completions.create(
        { model: side.model, prompt: text, stream: true },
        { signal },
      );
      return { stream, abort: () => stream.controller.abort() };
    },
  },
  "openai responses, streamed": {
    sdk: "openai",
    surface: "openai_responses",
    async open(side, text, signal) {
      const stream = await openaiOf(side).responses.create(
        { model: side.model, input: text, stream: true },
        { signal },
      );
      return { stream, abort: () => stream.controller.abort() };
    },
  },
  "ollama chat, streamed": {
    sdk: "ollama",
    surface: "ollama_chat",
    async open(side, text, signal) {
      const stream = await ollamaOf(side, signal).chat({ model: side.model, messages: user(text), stream: true });
      return { stream, abort: () => stream.abort() };
    },
  },
  "ollama generate, streamed": {
    sdk: "ollama",
    surface: "ollama_generate",
    async open(side, text, signal) {
      const stream = await ollamaOf(side, signal).generate({ model: side.model, prompt: text, stream: true });
      return { stream, abort: () => stream.abort() };
    },
  },
};

type AnyCall = Call & { readonly name: string; readonly streamed: boolean };

/** All of them, those of streams as far as the head of the answer. */
export const ALL_CALLS: readonly AnyCall[] = [
  ...Object.entries({ ...WHOLE_CALLS, ...EMBEDDING_CALLS }).map(([name, call]) => ({ ...call, name, streamed: false })),
  ...Object.entries(STREAM_CALLS).map(([name, { sdk, surface, open }]) => ({
    sdk,
    surface,
    name,
    streamed: true,
    ask: open,
  })),
];
