import type { SecretRule } from "../../secret-rule.ts";
import { keyedSecret } from "./keyed.ts";
import { digitWithin } from "./token-end.ts";
import { alphanumeric, characters, hex, UUID, type ValueForm } from "./value-form.ts";

const SENTRY = "https://docs.sentry.io/account/auth-tokens/";
const HONEYCOMB = "https://docs.honeycomb.io/configure/environments/manage-api-keys/";
const SUMO_LOGIC = "https://help.sumologic.com/docs/manage/security/access-keys/";
const named = (
  kind: string,
  title: string,
  source: string,
  names: readonly string[],
  value: ValueForm,
  minEntropy = 2.8,
): SecretRule => keyedSecret({ code: `secret.${kind}`, title, source, names, value, minEntropy });

export const MONITORING_SECRETS: readonly SecretRule[] = [
  named(
    "datadog_key",
    "A Datadog API or application key, by its name.",
    "https://docs.datadoghq.com/account_management/api-app-keys/",
    ["datadog", "dd_api_key", "dd-api-key", "dd_app_key", "dd_application_key", "dd-application-key"],
    { pattern: "(?:[0-9a-f]{40}|[0-9a-f]{32})", maxLength: 40 },
  ),
  keyedSecret({
    code: "secret.sumologic_id",
    title: "The id of a Sumo Logic access key, by its name.",
    source: SUMO_LOGIC,
    names: ["sumologic", "sumo_logic", "sumo_access"],
    value: { pattern: `su${digitWithin(12)}[A-Za-z0-9]{12}`, maxLength: 14 },
    complete: true,
  }),
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
