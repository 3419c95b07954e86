import type { Detector } from "../detector.ts";
import { secretRule } from "../secret-rule.ts";
import { assignmentDetector } from "./assignment.ts";
import { authorizationDetectors } from "./authorization.ts";
import { commandLineDetectors } from "./command-line.ts";
import { connectionStringDetectors } from "./connection-string.ts";
import { creditCardDetector } from "./credit-card.ts";
import { cryptoWallet } from "./crypto-wallet.ts";
import { email } from "./email.ts";
import { evasion } from "./evasion.ts";
import { iban } from "./iban.ts";
import { ip } from "./ip.ts";
import { jwtDetector } from "./jwt.ts";
import { markers } from "./markers.ts";
import { nationalIdDetector } from "./national-id.ts";
import { phoneDetector } from "./phone.ts";
import { privateKeyDetectors } from "./private-key.ts";
import { SECRET_RULES } from "./secrets/all.ts";
import { urlCredentialsDetector } from "./url-credentials.ts";
import { usSsn } from "./us-ssn.ts";

/** Every built-in detector. Of those that look at numbers an earlier one takes what a later one would take, too. */
export const DETECTORS: readonly Detector[] = [
  ...ip,
  creditCardDetector,
  usSsn,
  nationalIdDetector,
  phoneDetector,
  email,
  iban,
  ...cryptoWallet,
  ...privateKeyDetectors,
  jwtDetector,
  ...connectionStringDetectors,
  urlCredentialsDetector,
  ...authorizationDetectors,
  ...commandLineDetectors,
  assignmentDetector,
  ...SECRET_RULES.map(secretRule),
  ...markers,
  ...evasion,
];
