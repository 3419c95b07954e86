import type { SecretRule } from "../../secret-rule.ts";
import { prefixedSecret } from "./prefixed.ts";
import { alphanumeric, base64, characters, hex, UUID, urlSafe } from "./value-form.ts";

const NEW_RELIC = "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/";
const GRAFANA_CLOUD =
  "https://grafana.com/docs/grafana-cloud/account-management/authentication-and-permissions/access-policies/";
const GRAFANA_ACCOUNTS = "https://grafana.com/docs/grafana/latest/administration/service-accounts/";
const SENTRY = "https://docs.sentry.io/account/auth-tokens/";
const HONEYCOMB = "https://docs.honeycomb.io/configure/environments/manage-api-keys/";

export const OBSERVABILITY_SECRETS: readonly SecretRule[] = [
  ...(
    [
      ["user_key", "A New Relic user key.", "NRAK-", characters("A-Z0-9", 27)],
      ["browser_key", "A New Relic key for browser monitoring.", "NRJS-", hex(19)],
      ["insert_key", "A New Relic key that inserts events.", "NRII-", urlSafe(32)],
      ["rest_key", "A New Relic REST API key.", "NRRA-", hex(42)],
    ] as const
  ).map(([kind, title, prefix, value]) =>
    prefixedSecret({
      code: `secret.newrelic_${kind}`,
      title,
      source: NEW_RELIC,
      prefixes: [prefix],
      value,
      minEntropy: 2.5,
    }),
  ),
  {
    code: "secret.newrelic_license_key",
    title: "A New Relic licence key.",
    source: NEW_RELIC,
    literals: ["nral"],
    pattern: "([0-9a-f]{36})NRAL(?![A-Za-z0-9])",
    behind: 36,
    minEntropy: 2.8,
    reach: 41,
  },
  prefixedSecret({
    code: "secret.grafana_service_account",
    title: "A token of a Grafana service account.",
    source: GRAFANA_ACCOUNTS,
    prefixes: ["glsa_"],
    value: { pattern: "[A-Za-z0-9]{32}_[0-9A-Fa-f]{8}", maxLength: 41 },
    minEntropy: 3.3,
  }),
  prefixedSecret({
    code: "secret.grafana_cloud_token",
    title: "A token of an access policy in Grafana Cloud.",
    source: GRAFANA_CLOUD,
    prefixes: ["glc_"],
    value: base64(32),
    mixed: true,
    minEntropy: 3.5,
    open: true,
  }),
  prefixedSecret({
    code: "secret.grafana_api_key",
    title: "A Grafana API key of the old kind.",
    source: "https://grafana.com/docs/grafana/latest/developers/http_api/auth/",
    prefixes: ["eyJrIjoi"],
    value: base64(60),
    minEntropy: 3.8,
    open: true,
  }),
  prefixedSecret({
    code: "secret.sentry_organization_token",
    title: "A Sentry organization token.",
    source: SENTRY,
    prefixes: ["sntrys_"],
    value: base64(60),
    minEntropy: 3.8,
    open: true,
  }),
  prefixedSecret({
    code: "secret.sentry_user_token",
    title: "A Sentry token of a user or an internal integration.",
    source: SENTRY,
    prefixes: ["sntryu_", "sntryi_"],
    value: hex(64),
  }),
  prefixedSecret({
    code: "secret.dynatrace_token",
    title: "A Dynatrace access token.",
    source:
      "https://docs.dynatrace.com/docs/manage/identity-access-management/access-tokens-and-oauth-clients/access-tokens",
    prefixes: ["dt0c01.", "dt0s01.", "dt0s02.", "dt0s03.", "dt0s06.", "dt0s08.", "dt0s16."],
    value: { pattern: "[A-Z0-9\\-]{8,24}\\.[A-Z2-7]{64}", maxLength: 89 },
    minEntropy: 3.5,
  }),
  prefixedSecret({
    code: "secret.honeycomb_key",
    title: "A Honeycomb ingest, configuration or management key.",
    source: HONEYCOMB,
    prefixes: ["hcaik_", "hcbik_", "hcxik_", "hcaic_", "hcamk_"],
    value: characters("a-z0-9:", 50, 64),
    minEntropy: 3.3,
  }),
  prefixedSecret({
    code: "secret.elastic_key",
    title: "An Elastic Cloud API key.",
    source: "https://www.elastic.co/docs/deploy-manage/api-keys/elastic-cloud-api-keys",
    prefixes: ["essu_"],
    value: base64(40),
    minEntropy: 3.8,
    open: true,
  }),
  prefixedSecret({
    code: "secret.checkly_key",
    title: "A Checkly API key of a user.",
    source: "https://www.checklyhq.com/docs/accounts-and-users/creating-api-key/",
    prefixes: ["cu_"],
    value: hex(32),
  }),
  prefixedSecret({
    code: "secret.axiom_token",
    title: "An Axiom API or personal token.",
    source: "https://axiom.co/docs/reference/tokens",
    prefixes: ["xaat-", "xapt-"],
    value: UUID,
  }),
  prefixedSecret({
    code: "secret.posthog_key",
    title: "A PostHog personal API key.",
    source: "https://posthog.com/docs/api",
    prefixes: ["phx_"],
    value: alphanumeric(40, 50),
    minEntropy: 3.8,
  }),
  prefixedSecret({
    code: "secret.segment_token",
    title: "A token of Segment's public API.",
    source: "https://segment.com/docs/api/public-api/",
    prefixes: ["sgp_"],
    value: alphanumeric(64),
    mixed: true,
    minEntropy: 4.3,
  }),
  prefixedSecret({
    code: "secret.statsig_key",
    title: "A Statsig server secret or console key.",
    source: "https://docs.statsig.com/guides/first-feature/",
    prefixes: ["secret-", "console-"],
    value: alphanumeric(40, 46),
    mixed: true,
    minEntropy: 4,
  }),
  prefixedSecret({
    code: "secret.coralogix_key",
    title: "A Coralogix API key.",
    source: "https://coralogix.com/docs/user-guides/account-management/api-keys/api-keys/",
    prefixes: ["cxtp_", "cxup_"],
    value: alphanumeric(30),
    minEntropy: 3.3,
  }),
  prefixedSecret({
    code: "secret.firehydrant_token",
    title: "A FireHydrant bot token.",
    source: "https://docs.firehydrant.com/reference/authentication",
    prefixes: ["fhb-"],
    value: hex(32),
  }),
  prefixedSecret({
    code: "secret.rootly_key",
    title: "A Rootly API key.",
    source: "https://docs.rootly.com/api-reference/overview",
    prefixes: ["rootly_"],
    value: hex(64),
  }),
];
