import type { SecretRule } from "../../secret-rule.ts";
import { keyedSecret } from "./keyed.ts";
import { prefixedSecret } from "./prefixed.ts";
import { alphanumeric, characters, hex, urlSafe } from "./value-form.ts";

const GITHUB =
  "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github";
const GITLAB = "https://docs.gitlab.com/security/tokens/#token-prefixes";
const ATLASSIAN = "https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/";
const BITBUCKET = "https://support.atlassian.com/bitbucket-cloud/docs/access-tokens/";
const SOURCEGRAPH = "https://sourcegraph.com/docs/cli/how-tos/creating_an_access_token";

/** Its letters after the prefix are random; since 2023 also with the place that the token is routed to after dots. */
const GITLAB_VALUE = {
  pattern: "(?:[A-Za-z0-9_\\-]{27,60}\\.[0-9a-z]{2}\\.?[0-9a-z]{7,9}|[A-Za-z0-9_\\-]{25}|[A-Za-z0-9_\\-]{20})",
  maxLength: 74,
};

const gitlab = (kind: string, prefix: string, title: string): SecretRule =>
  prefixedSecret({
    code: `secret.gitlab_${kind}`,
    title,
    source: GITLAB,
    prefixes: [prefix],
    value: GITLAB_VALUE,
    minEntropy: 3,
  });

const GITHUB_SECRETS: readonly SecretRule[] = [
  ...(
    [
      ["personal_token", ["ghp_"], "A GitHub personal access token, of the classic kind."],
      ["oauth_token", ["gho_"], "A GitHub OAuth access token."],
      ["app_token", ["ghu_", "ghs_"], "A token of a GitHub app, for a user or an installation."],
      ["refresh_token", ["ghr_"], "A refresh token of a GitHub app."],
    ] as const
  ).map(([kind, prefixes, title]) =>
    prefixedSecret({
      code: `secret.github_${kind}`,
      title,
      source: GITHUB,
      prefixes,
      value: alphanumeric(36, 76),
      minEntropy: 3.5,
    }),
  ),
  prefixedSecret({
    code: "secret.github_fine_grained_token",
    title: "A GitHub personal access token, of the fine-grained kind.",
    source: GITHUB,
    prefixes: ["github_pat_"],
    value: { pattern: "[A-Za-z0-9]{22}_[A-Za-z0-9]{59}", maxLength: 82 },
    minEntropy: 4,
  }),
];

const GITLAB_SECRETS: readonly SecretRule[] = [
  gitlab("personal_token", "glpat-", "A GitLab personal, project or group access token."),
  gitlab("deploy_token", "gldt-", "A GitLab deploy token."),
  gitlab("runner_token", "glrt-", "An authentication token of a GitLab runner."),
  gitlab(
    "runner_creation_token",
    "glrtr-",
    "An authentication token of a GitLab runner that was registered the old way.",
  ),
  gitlab("feed_token", "glft-", "A GitLab feed token."),
  gitlab("incoming_mail_token", "glimt-", "A GitLab token for incoming mail."),
  gitlab("feature_flag_token", "glffct-", "A token of a GitLab feature flags client."),
  gitlab("scim_token", "glsoat-", "A GitLab token for SCIM."),
  gitlab("workspace_token", "glwt-", "A GitLab workspace token."),
  prefixedSecret({
    code: "secret.gitlab_job_token",
    title: "A GitLab token of a CI job.",
    source: GITLAB,
    prefixes: ["glcbt-"],
    value: { pattern: "(?:[0-9a-zA-Z]{1,5}_)?[A-Za-z0-9_\\-]{20}", maxLength: 26 },
    minEntropy: 3,
  }),
  prefixedSecret({
    code: "secret.gitlab_trigger_token",
    title: "A GitLab token that triggers pipelines.",
    source: GITLAB,
    prefixes: ["glptt-"],
    value: urlSafe(40),
  }),
  prefixedSecret({
    code: "secret.gitlab_agent_token",
    title: "A GitLab token of an agent for Kubernetes.",
    source: GITLAB,
    prefixes: ["glagent-"],
    value: urlSafe(50),
    minEntropy: 3.5,
  }),
  prefixedSecret({
    code: "secret.gitlab_oauth_secret",
    title: "The secret of a GitLab OAuth application.",
    source: GITLAB,
    prefixes: ["gloas-"],
    value: urlSafe(64),
  }),
  prefixedSecret({
    code: "secret.gitlab_registration_token",
    title: "A GitLab token that registers runners.",
    source: GITLAB,
    prefixes: ["GR1348941"],
    value: urlSafe(20),
    minEntropy: 3,
  }),
  prefixedSecret({
    code: "secret.gitlab_session",
    title: "The cookie of a GitLab session.",
    source: "https://docs.gitlab.com/administration/settings/account_and_limit_settings/",
    prefixes: ["_gitlab_session="],
    value: hex(32),
  }),
];

export const SOURCE_HOST_SECRETS: readonly SecretRule[] = [
  ...GITHUB_SECRETS,
  ...GITLAB_SECRETS,
  prefixedSecret({
    code: "secret.atlassian_api_token",
    title: "An Atlassian API token.",
    source: ATLASSIAN,
    prefixes: ["ATATT3", "ATSTT3"],
    value: urlSafe(60),
    minEntropy: 4,
    open: true,
  }),
  keyedSecret({
    code: "secret.atlassian_old_api_token",
    title: "An Atlassian API token of 24 characters, by its name.",
    source: ATLASSIAN,
    names: ["atlassian", "confluence", "jira_"],
    value: alphanumeric(24),
    minEntropy: 3.5,
  }),
  prefixedSecret({
    code: "secret.bitbucket_access_token",
    title: "A Bitbucket access token of a repository, project or workspace.",
    source: BITBUCKET,
    prefixes: ["ATCTT3"],
    value: urlSafe(60),
    minEntropy: 4,
    open: true,
  }),
  prefixedSecret({
    code: "secret.bitbucket_app_password",
    title: "A Bitbucket app password.",
    source: "https://support.atlassian.com/bitbucket-cloud/docs/app-passwords/",
    prefixes: ["ATBB"],
    value: alphanumeric(32),
    minEntropy: 3.5,
  }),
  keyedSecret({
    code: "secret.bitbucket_client_secret",
    title: "The key or secret of a Bitbucket OAuth consumer, by its name.",
    source: "https://support.atlassian.com/bitbucket-cloud/docs/use-oauth-on-bitbucket-cloud/",
    names: ["bitbucket"],
    value: { pattern: "(?:[A-Za-z0-9_=\\-]{64}|[A-Za-z0-9]{32})", maxLength: 64 },
    minEntropy: 3.3,
  }),
  prefixedSecret({
    code: "secret.sourcegraph_access_token",
    title: "A Sourcegraph access token.",
    source: SOURCEGRAPH,
    prefixes: ["sgp_"],
    value: { pattern: "(?:(?:[0-9a-fA-F]{16}|local)_)?[0-9a-fA-F]{40}", maxLength: 57 },
    minEntropy: 3.1,
  }),
  keyedSecret({
    code: "secret.sourcegraph_old_token",
    title: "A Sourcegraph access token without a prefix, by its name.",
    source: SOURCEGRAPH,
    names: ["sourcegraph"],
    value: characters("0-9a-fA-F", 40),
    complete: true,
    minEntropy: 3.1,
  }),
  prefixedSecret({
    code: "secret.sourcegraph_license_token",
    title: "A token of a Sourcegraph licence or product subscription.",
    source: "https://sourcegraph.com/docs/admin/pings",
    prefixes: ["slk_", "sgd_"],
    value: hex(64),
  }),
  prefixedSecret({
    code: "secret.phabricator_token",
    title: "A Phabricator Conduit token.",
    source: "https://secure.phabricator.com/book/phabcontrib/article/using_oauthserver/",
    prefixes: ["api-", "cli-"],
    value: characters("a-z0-9", 28),
    minEntropy: 3,
    context: ["phabricator", "conduit", "phorge", "arcanist", "arc"],
  }),
  keyedSecret({
    code: "secret.gitea_token",
    title: "A Gitea, Forgejo or Codeberg access token, by its name.",
    source: "https://docs.gitea.com/development/api-usage",
    names: ["gitea", "forgejo", "codeberg"],
    value: hex(40),
  }),
  keyedSecret({
    code: "secret.gitee_token",
    title: "A Gitee access token, by its name.",
    source: "https://gitee.com/api/v5/oauth_doc",
    names: ["gitee_", "gitee."],
    value: hex(32),
  }),
];
