import { SURFACES, type Surface, type Task } from "../../core/chat.ts";

/** `opaque`: some content is no text, but none of it is an image. */
export const CONTENTS = ["text", "opaque", "image"] as const;
export type Content = (typeof CONTENTS)[number];

/** What a request is like before anybody reads its text. */
export type Form = {
  readonly surface: Surface;
  readonly task: Task["kind"];
  readonly streamed: boolean;
  readonly hasTools: boolean;
  readonly content: Content;
};

type Abilities = Pick<Form, "task"> & {
  readonly streams: boolean;
  readonly tools: boolean;
  readonly images: boolean;
};

/**
 * What each surface can be asked for, as `http/translate/` makes tasks of its requests. All but the native one take fields
 * that nobody here understands, and images may be among them.
 */
const ABILITIES: Readonly<Record<Surface, Abilities>> = {
  native: { task: "chat", streams: true, tools: false, images: false },
  openai_chat: { task: "chat", streams: true, tools: true, images: true },
  openai_completions: { task: "completion", streams: true, tools: false, images: true },
  openai_embeddings: { task: "embedding", streams: false, tools: false, images: true },
  openai_responses: { task: "chat", streams: true, tools: true, images: true },
  ollama_chat: { task: "chat", streams: true, tools: true, images: true },
  ollama_generate: { task: "chat", streams: true, tools: true, images: true },
  ollama_embed: { task: "embedding", streams: false, tools: false, images: true },
  ollama_embeddings: { task: "embedding", streams: false, tools: false, images: true },
};

/** Every form that a request can have; the plainest first. */
export const FORMS: readonly Form[] = CONTENTS.flatMap((content) =>
  [false, true].flatMap((hasTools) =>
    [false, true].flatMap((streamed) =>
      SURFACES.map((surface) => ({ surface, task: ABILITIES[surface].task, streamed, hasTools, content })).filter(
        isPossible,
      ),
    ),
  ),
);

function isPossible({ surface, streamed, hasTools, content }: Form): boolean {
  const { streams, tools, images } = ABILITIES[surface];
  return (streams || !streamed) && (tools || !hasTools) && (images || content !== "image");
}
