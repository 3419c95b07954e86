import { expect } from "bun:test";
import OpenAI from "openai";
import type { Side } from "./gateways.ts";

/** Up to so many characters a prompt is answered locally, by gateways that tell the two ways apart by that. */
export const LOCAL_LENGTH = 200;
export const wordsFor = (side: Side, words: string): string =>
  side.way === "cloud" ? words.padEnd(LOCAL_LENGTH + 1, ".") : words;
/** An embedding goes to the provider that has the model, whatever its length. */
export function reasonOf(side: Side, surface: string): string {
  if (surface.includes("embed")) return "embedding_model";
  return side.way === "cloud" ? "default" : "cost_prefer_local";
}

type Raised = { readonly status: number; readonly type: string; readonly code: string };
/** What an SDK raises of a failure that is not the request's. */
export function expectRaised(
  name: string,
  sdk: "openai" | "ollama",
  error: unknown,
  { status, type, code }: Raised,
): void {
  if (sdk === "ollama") {
    const raised = { name: "ResponseError", status_code: status, error: expect.any(String) };
    expect<unknown>({ name, error }).toMatchObject({ name, error: raised });
  } else {
    expect({ name, error }).toEqual({ name, error: expect.any(OpenAI.InternalServerError) });
    expect(error).toMatchObject({ status, type, code, param: null, error: { message: expect.any(String) } });
  }
}
