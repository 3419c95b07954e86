import type { SecretRule } from "../../secret-rule.ts";
import { keyedSecret } from "./keyed.ts";
import { prefixedSecret } from "./prefixed.ts";
import { digitWithin, TOKEN_END, WORD_END } from "./token-end.ts";
import { alphanumeric, characters, UUID } from "./value-form.ts";

const PADDLE_KEYS = "https://developer.paddle.com/api-reference/about/api-keys";

/** Banks, accounts, subscriptions, parcels and tickets. */
export const BANKING_SECRETS: readonly SecretRule[] = [
  prefixedSecret({
    code: "secret.plaid_access_token",
    title: "A Plaid access token.",
    source: "https://plaid.com/docs/quickstart/glossary/#access-token",
    prefixes: ["access-sandbox-", "access-development-", "access-production-"],
    value: UUID,
  }),
  keyedSecret({
    code: "secret.plaid_secret",
    title: "A Plaid API secret.",
    source: "https://plaid.com/docs/quickstart/glossary/#api-keys",
    names: ["plaid"],
    value: { pattern: "(?=[a-z]{0,23}[0-9])(?:[0-9a-z]{30}|[0-9a-z]{24})", maxLength: 30 },
  }),
  {
    code: "secret.lob_api_key",
    title: "A Lob API key.",
    source: "https://docs.lob.com/#section/API-Keys",
    literals: ["live_", "test_"],
    pattern: `(?<!_)(?:live|test)_([0-9a-f]{35})${WORD_END}`,
    minEntropy: 2.8,
    reach: 44,
  },
  {
    code: "secret.gocardless_token",
    title: "A GoCardless access token.",
    source: "https://developer.gocardless.com/getting-started/api/making-your-first-request",
    literals: ["live_", "sandbox_"],
    pattern: `(?<!_)(?:live|sandbox)_${digitWithin(40)}([\\w=-]{40})${TOKEN_END}`,
    minEntropy: 4,
    reach: 52,
  },
  prefixedSecret({
    code: "secret.shippo_token",
    title: "A Shippo API token.",
    source: "https://docs.goshippo.com/docs/guides_general/authentication/",
    prefixes: ["shippo_live_", "shippo_test_"],
    value: characters("0-9a-fA-F", 40),
  }),
  prefixedSecret({
    code: "secret.easypost_api_key",
    title: "An EasyPost API key.",
    source: "https://docs.easypost.com/docs/authentication",
    prefixes: ["EZAK", "EZTK"],
    value: alphanumeric(54),
    minEntropy: 3.6,
  }),
  prefixedSecret({
    code: "secret.paddle_api_key",
    title: "A Paddle API key.",
    source: PADDLE_KEYS,
    prefixes: ["pdl_live_apikey_", "pdl_sdbx_apikey_"],
    value: { pattern: "[0-9a-z]{26}_[A-Za-z0-9]{22}_[A-Za-z0-9]{3}", maxLength: 53 },
    minEntropy: 3.6,
  }),
  prefixedSecret({
    code: "secret.paddle_webhook_secret",
    title: "A Paddle webhook secret.",
    source: "https://developer.paddle.com/webhooks/signature-verification",
    prefixes: ["pdl_ntfset_"],
    value: { pattern: "[0-9a-z]{26}_[A-Za-z0-9+/]{32}", maxLength: 59 },
    minEntropy: 3.6,
  }),
  prefixedSecret({
    code: "secret.polar_token",
    title: "A Polar organisation, personal or customer token.",
    source: "https://polar.sh/docs/integrate/oat",
    prefixes: ["polar_oat_", "polar_pat_", "polar_cst_"],
    value: alphanumeric(32, 60),
    minEntropy: 3.6,
  }),
  {
    code: "secret.mercury_token",
    title: "A Mercury bank API token.",
    source: "https://docs.mercury.com/reference/getting-started-with-your-api",
    literals: ["secret-token:mercury_"],
    pattern: `secret-token:mercury_(?:production|sandbox)_[a-z]{2,4}_([A-Za-z0-9]{32,64})_yrucrem${WORD_END}`,
    minEntropy: 3.6,
    reach: 128,
  },
  keyedSecret({
    code: "secret.finicity_secret",
    title: "A Finicity partner secret or API token.",
    source: "https://developer.mastercard.com/open-banking-us/documentation/quick-start-guide/",
    names: ["finicity"],
    value: { pattern: `(?:[0-9a-f]{32}|${digitWithin(20)}[A-Za-z0-9]{20})`, maxLength: 32 },
  }),
  keyedSecret({
    code: "secret.freshbooks_secret",
    title: "A FreshBooks client secret or access token.",
    source: "https://www.freshbooks.com/api/authentication",
    names: ["freshbooks"],
    value: characters("0-9a-z", 64),
    minEntropy: 3.2,
  }),
  keyedSecret({
    code: "secret.wise_api_token",
    title: "A Wise API token.",
    source: "https://docs.wise.com/api-docs/api-reference/authentication",
    names: ["transferwise", "wise_api", "wise-api", "wiseapi"],
    value: UUID,
  }),
  keyedSecret({
    code: "secret.dwolla_secret",
    title: "A Dwolla application secret.",
    source: "https://developers.dwolla.com/docs/balance/auth",
    names: ["dwolla"],
    value: { pattern: `${digitWithin(50)}[A-Za-z0-9]{50}`, maxLength: 50 },
    minEntropy: 3.8,
  }),
  {
    code: "secret.duffel_token",
    title: "A Duffel access token.",
    source: "https://duffel.com/docs/api/overview/authentication",
    literals: ["duffel_live_", "duffel_test_"],
    pattern: `duffel_(?:live|test)_([\\w=-]{43})${TOKEN_END}`,
    minEntropy: 3.4,
    reach: 64,
  },
  keyedSecret({
    code: "secret.freemius_secret_key",
    title: "A Freemius secret key.",
    source: "https://freemius.com/help/documentation/wordpress-sdk/integrating-freemius-sdk/",
    names: ["secret_key"],
    value: { pattern: "sk_[!#-&(-;=?-~]{29}", maxLength: 32 },
    complete: true,
    minEntropy: 3.8,
  }),
];
