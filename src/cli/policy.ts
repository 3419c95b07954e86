import { runFamily, type Subcommand } from "./command/family.ts";
import { ANALYSE, run as analyse } from "./policy/analyse.ts";
import { BACKTEST, run as backtest } from "./policy/backtest.ts";
import { CHECK, run as check } from "./policy/check.ts";
import { DIFF, run as diff } from "./policy/diff.ts";
import { EXPLAIN, run as explain } from "./policy/explain.ts";
import { FORMAT, run as format } from "./policy/format.ts";
import { KEYGEN, run as keygen } from "./policy/keygen.ts";
import { SCHEMA, run as schema } from "./policy/schema.ts";
import { SIGN, run as sign } from "./policy/sign.ts";
import { TEST, run as test } from "./policy/test.ts";
import { VERIFY, run as verify } from "./policy/verify.ts";

/** Every subcommand of `policy`, in the order in which help and reference show them. */
export const POLICY_COMMANDS: readonly Subcommand[] = [
  { ...CHECK, run: check },
  { ...TEST, run: test },
  { ...EXPLAIN, run: explain },
  { ...ANALYSE, run: analyse },
  { ...DIFF, run: diff },
  { ...BACKTEST, run: backtest },
  { ...FORMAT, run: format },
  { ...SCHEMA, run: schema },
  { ...KEYGEN, run: keygen },
  { ...SIGN, run: sign },
  { ...VERIFY, run: verify },
];

export const policyCommand = (argv: readonly string[]): Promise<number> => runFamily("policy", POLICY_COMMANDS, argv);
