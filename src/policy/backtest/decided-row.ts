import type { Usage } from "../../core/chat.ts";

/** What an audit row says of how a request was decided, and what it took. */
export type DecidedRow = {
  readonly requestId: string;
  /** Null where it was denied. So for the zone. */
  readonly provider: string | null;
  readonly zone: string | null;
  /** The last of a denied row is what refused it. */
  readonly reasonCodes: readonly string[];
  /** How many of each code, as the text of a JSON object. */
  readonly findings: string;
  /** Null in rows of versions that did not say. So for policyHash and features. */
  readonly scanRuleset: string | null;
  readonly policyHash: string | null;
  /** As the text of a JSON object. Equal texts mean equal features. */
  readonly features: string | null;
  readonly usage: Usage;
};
