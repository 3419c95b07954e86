import { Type } from "@sinclair/typebox";

/** Tokens as a provider reports them; beyond what an `integer` column holds it is no count. */
export const TokenCount = Type.Integer({ minimum: 0, maximum: 2_147_483_647 });
