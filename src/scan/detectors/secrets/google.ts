import type { SecretRule } from "../../secret-rule.ts";
import { prefixedSecret } from "./prefixed.ts";
import { urlSafe } from "./value-form.ts";

const GOOGLE_KEYS = "https://cloud.google.com/docs/authentication/api-keys";
const GOOGLE_OAUTH = "https://developers.google.com/identity/protocols/oauth2";

export const GOOGLE_SECRETS: readonly SecretRule[] = [
  {
    ...prefixedSecret({
      code: "secret.gcp_api_key",
      title: "A Google API key. Public examples have the same form, so a word that says what it is must stand near.",
      source: GOOGLE_KEYS,
      prefixes: ["AIza"],
      value: urlSafe(35),
      minEntropy: 4,
    }),
    pattern: "AIzaSy([A-Za-z0-9_\\-]{33})(?![A-Za-z0-9_\\-])",
    context: ["api", "apikey", "key", "keys", "token", "secret", "google", "goog", "gcp", "gemini", "firebase", "maps"],
  },
  prefixedSecret({
    code: "secret.gemini_auth_key",
    title: "A key for the Gemini API that is bound to a service account.",
    source: "https://ai.google.dev/gemini-api/docs/api-key",
    prefixes: ["AQ.Ab"],
    value: urlSafe(45),
    minEntropy: 4,
    open: true,
  }),
  prefixedSecret({
    code: "secret.gcp_oauth_client_secret",
    title: "The secret of a Google OAuth client.",
    source: GOOGLE_OAUTH,
    prefixes: ["GOCSPX-"],
    value: urlSafe(28),
  }),
  prefixedSecret({
    code: "secret.gcp_refresh_token",
    title: "A Google OAuth refresh token.",
    source: GOOGLE_OAUTH,
    prefixes: ["1//0"],
    value: urlSafe(40),
    minEntropy: 3.8,
    open: true,
  }),
  prefixedSecret({
    code: "secret.gcp_access_token",
    title: "A Google OAuth access token.",
    source: GOOGLE_OAUTH,
    prefixes: ["ya29."],
    value: urlSafe(40),
    minEntropy: 3.8,
    open: true,
  }),
  {
    code: "secret.gcp_service_account",
    title: "The credentials file of a Google service account, by the mark that each of them has.",
    source: "https://cloud.google.com/iam/docs/keys-create-delete",
    literals: ["service_account"],
    pattern: "(?<=[Tt]ype\\\\?[\"'][ ]{0,4}:[ ]{0,4}\\\\?[\"']|type\\x02\\x00)service_account(?![A-Za-z0-9_])",
    minEntropy: 0,
    reach: 40,
    strength: "medium",
  },
];
