import { ERASE, run as erase } from "./audit/erase.ts";
import { EXPORT, run as exportEvents } from "./audit/export.ts";
import { KEYGEN, run as keygen } from "./audit/keygen.ts";
import { RETAIN, run as retain } from "./audit/retain.ts";
import { SHOW, run as show } from "./audit/show.ts";
import { TAIL, run as tail } from "./audit/tail.ts";
import { VERIFY, run as verify } from "./audit/verify.ts";
import { VERIFY_RECEIPT, run as verifyReceipt } from "./audit/verify-receipt.ts";
import { runFamily, type Subcommand } from "./command/family.ts";

/** Every subcommand of `audit`, in the order in which help and reference show them. */
export const AUDIT_COMMANDS: readonly Subcommand[] = [
  { ...TAIL, run: tail },
  { ...SHOW, run: show },
  { ...EXPORT, run: exportEvents },
  { ...VERIFY, run: verify },
  { ...VERIFY_RECEIPT, run: verifyReceipt },
  { ...KEYGEN, run: keygen },
  { ...ERASE, run: erase },
  { ...RETAIN, run: retain },
];

export const auditCommand = (argv: readonly string[]): Promise<number> => runFamily("audit", AUDIT_COMMANDS, argv);
