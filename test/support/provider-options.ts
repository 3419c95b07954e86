/** What the two providers of the environment's settings are called, and what the policy says of them. */
export const AS_LOCAL = { id: "local", zone: "local", defaultEmbeddingModel: "e", hints: "settings" } as const;
export const AS_OPENAI = { id: "openai", zone: "cloud", defaultEmbeddingModel: null, hints: "settings" } as const;
