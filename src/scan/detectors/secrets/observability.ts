import type { SecretRule } from "../../secret-rule.ts";
import { keyedSecret } from "./keyed.ts";
import { prefixedSecret } from "./prefixed.ts";
import { alphanumeric, base64, characters, hex, UUID, urlSafe, type ValueForm } from "./value-form.ts";

const NEW_RELIC = "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/";
const GRAFANA_CLOUD =
  "https://grafana.com/docs/grafana-cloud/account-management/authentication-and-permissions/access-policies/";
const GRAFANA_ACCOUNTS = "https://grafana.com/docs/grafana/latest/administration/service-accounts/";
const SENTRY = "https://docs.sentry.io/account/auth-tokens/";
const HONEYCOMB = "https://docs.honeycomb.io/configure/environments/manage-api-keys/";
const SUMO_LOGIC = "https://help.sumologic.com/docs/manage/security/access-keys/";

/** One line for a key that only the name it is assigned to tells. */
const named = (
  kind: string,
  title: string,
  source: string,
  names: readonly string[],
  value: ValueForm,
  minEntropy = 2.8,
): SecretRule => keyedSecret({ code: `secret.${kind}`, title, source, names, value, minEntropy });

const PREFIXED_SECRETS: readonly SecretRule[] = [
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

const NAMED_SECRETS: readonly SecretRule[] = [
  named(
    "datadog_key",
    "A Datadog API or application key, by its name.",
    "https://docs.datadoghq.com/account_management/api-app-keys/",
    ["datadog", "dd_api_key", "dd-api-key", "dd_app_key", "dd_application_key", "dd-application-key"],
    { pattern: "(?:[0-9a-f]{40}|[0-9a-f]{32})", maxLength: 40 },
  ),
  named(
    "sumologic_id",
    "The id of a Sumo Logic access key, by its name.",
    SUMO_LOGIC,
    ["sumologic", "sumo_logic", "sumo_access"],
    {
      pattern: "su[A-Za-z0-9]{12}",
      maxLength: 14,
    },
  ),
  named(
    "sumologic_key",
    "A Sumo Logic access key, by its name.",
    SUMO_LOGIC,
    ["sumologic", "sumo_logic", "sumo_access"],
    alphanumeric(64),
    4,
  ),
  named(
    "splunk_token",
    "A token of Splunk's HTTP event collector, by its name.",
    "https://help.splunk.com/en/splunk-enterprise/get-started/get-data-in",
    ["splunk"],
    UUID,
  ),
  named(
    "honeycomb_old_key",
    "A Honeycomb key without a prefix, by its name.",
    HONEYCOMB,
    ["honeycomb"],
    { pattern: "(?:[0-9a-f]{32}|[A-Za-z0-9]{22})", maxLength: 32 },
    3,
  ),
  named("sentry_old_token", "A Sentry token without a prefix, by its name.", SENTRY, ["sentry"], hex(64)),
  named(
    "rollbar_token",
    "A Rollbar access token, by its name.",
    "https://docs.rollbar.com/docs/access-tokens",
    ["rollbar"],
    hex(32),
  ),
  named("bugsnag_key", "A Bugsnag key, by its name.", "https://docs.bugsnag.com/api/data-access/", ["bugsnag"], {
    pattern: `(?:${UUID.pattern}|[0-9a-f]{32})`,
    maxLength: 36,
  }),
  named(
    "pagerduty_key",
    "A PagerDuty API key, by its name.",
    "https://support.pagerduty.com/main/docs/api-access-keys",
    ["pagerduty", "pager_duty"],
    characters("A-Za-z0-9_+\\-", 20),
    3.3,
  ),
  named(
    "opsgenie_key",
    "An Opsgenie API key, by its name.",
    "https://support.atlassian.com/opsgenie/docs/api-key-management/",
    ["opsgenie", "geniekey"],
    UUID,
  ),
  named(
    "betterstack_token",
    "A Better Stack token, by its name.",
    "https://betterstack.com/docs/logs/api/getting-started/",
    ["logtail", "betterstack", "better_stack", "betteruptime"],
    alphanumeric(24),
    3.5,
  ),
  named(
    "amplitude_key",
    "An Amplitude key, by its name.",
    "https://amplitude.com/docs/apis/authentication",
    ["amplitude"],
    hex(32),
  ),
  named(
    "mixpanel_secret",
    "A Mixpanel secret, by its name.",
    "https://developer.mixpanel.com/reference/project-secret",
    ["mixpanel"],
    hex(32),
  ),
  named(
    "appsignal_key",
    "An AppSignal push key, by its name.",
    "https://docs.appsignal.com/appsignal/terminology.html",
    ["appsignal"],
    UUID,
  ),
  named(
    "loggly_token",
    "A Loggly customer token, by its name.",
    "https://documentation.solarwinds.com/en/success_center/loggly/content/admin/customer-token-authentication-token.htm",
    ["loggly"],
    UUID,
  ),
  named(
    "logzio_token",
    "A Logz.io token, by its name.",
    "https://docs.logz.io/docs/user-guide/admin/authentication-tokens/api-tokens/",
    ["logzio", "logz_io", "logz.io"],
    { pattern: `(?:${UUID.pattern}|[A-Za-z]{32})`, maxLength: 36 },
    3,
  ),
  named(
    "mezmo_key",
    "A Mezmo key, by its name.",
    "https://docs.mezmo.com/docs/ingestion-key",
    ["logdna", "mezmo"],
    hex(32),
  ),
  named(
    "uptimerobot_key",
    "An UptimeRobot API key, by its name.",
    "https://uptimerobot.com/api/legacy/",
    ["uptimerobot", "uptime_robot"],
    { pattern: "(?:ur?|m)[0-9]{6,9}-[0-9a-f]{24}", maxLength: 36 },
  ),
  named(
    "airbrake_key",
    "An Airbrake project or user key, by its name.",
    "https://docs.airbrake.io/docs/devops-tools/api/",
    ["airbrake"],
    { pattern: "(?:[0-9a-f]{40}|[0-9a-f]{32})", maxLength: 40 },
  ),
  named(
    "papertrail_token",
    "A Papertrail API token, by its name.",
    "https://www.papertrail.com/help/settings-api/",
    ["papertrail"],
    alphanumeric(20),
    3.5,
  ),
  named("statuspage_key", "A Statuspage API key, by its name.", "https://developer.statuspage.io/", ["statuspage"], {
    pattern: `(?:${UUID.pattern}|[0-9a-f]{64})`,
    maxLength: 64,
  }),
];

export const OBSERVABILITY_SECRETS: readonly SecretRule[] = [...PREFIXED_SECRETS, ...NAMED_SECRETS];
