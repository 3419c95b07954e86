import type { ToolDefinition } from "../../core/chat.ts";
import type { JsonObject } from "../../core/json.ts";

/** A function as all three protocols define it, where what is left out and what is null mean the same. */
type Defined = {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly parameters?: JsonObject | null | undefined;
  readonly strict?: boolean | null | undefined;
};

export const toToolDefinition = ({ name, description, parameters, strict }: Defined): ToolDefinition => ({
  name,
  description: description ?? null,
  parameters: parameters ?? null,
  strict: strict ?? null,
});
