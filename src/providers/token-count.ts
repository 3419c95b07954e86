/** More than an `integer` column holds is no count. */
const MAX_TOKENS = 2_147_483_647;

/** Tokens as a provider reports them. Null for what is no count, which never undoes an answer that was given. */
export function tokenCount(reported: unknown): number | null {
  if (typeof reported !== "number" || !Number.isInteger(reported)) return null;
  return reported >= 0 && reported <= MAX_TOKENS ? reported : null;
}
