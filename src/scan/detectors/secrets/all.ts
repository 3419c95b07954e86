import type { SecretRule } from "../../secret-rule.ts";
import { AWS_SECRETS } from "./aws.ts";
import { AZURE_SECRETS } from "./azure.ts";
import { BANKING_SECRETS } from "./banking.ts";
import { CHAT_SECRETS } from "./chat.ts";
import { CLOUD_SECRETS } from "./cloud.ts";
import { COMMERCE_SECRETS } from "./commerce.ts";
import { DATA_SERVICE_SECRETS } from "./data-services.ts";
import { DELIVERY_SECRETS } from "./delivery.ts";
import { FRAMEWORK_SECRETS } from "./frameworks.ts";
import { GOOGLE_SECRETS } from "./google.ts";
import { HOSTING_SECRETS } from "./hosting.ts";
import { IDENTITY_SECRETS } from "./identity.ts";
import { INFRASTRUCTURE_SECRETS } from "./infrastructure.ts";
import { MARKET_SECRETS } from "./markets.ts";
import { MESSAGING_SECRETS } from "./messaging.ts";
import { MODEL_PROVIDER_SECRETS } from "./model-providers.ts";
import { MODEL_TOOL_SECRETS } from "./model-tools.ts";
import { MONITORING_SECRETS } from "./monitoring.ts";
import { OBSERVABILITY_SECRETS } from "./observability.ts";
import { PAYMENT_SECRETS } from "./payment.ts";
import { PRODUCTIVITY_SECRETS } from "./productivity.ts";
import { REALTIME_SECRETS } from "./realtime.ts";

import { REGISTRY_SECRETS } from "./registries.ts";
import { SECURITY_SERVICE_SECRETS } from "./security-services.ts";
import { SOCIAL_SECRETS } from "./social.ts";
import { SOURCE_HOST_SECRETS } from "./source-hosts.ts";
import { VAULT_SECRETS } from "./vaults.ts";
import { WEBHOOK_SECRETS } from "./webhooks.ts";
import { WORKPLACE_SECRETS } from "./workplace.ts";
/** Every kind of secret that a vendor gives a form of its own. */
export const SECRET_RULES: readonly SecretRule[] = [
  ...AZURE_SECRETS,
  ...BANKING_SECRETS,
  ...CHAT_SECRETS,
  ...CLOUD_SECRETS,
  ...COMMERCE_SECRETS,
  ...DATA_SERVICE_SECRETS,
  ...DELIVERY_SECRETS,
  ...HOSTING_SECRETS,
  ...IDENTITY_SECRETS,
  ...INFRASTRUCTURE_SECRETS,
  ...MARKET_SECRETS,
  ...MESSAGING_SECRETS,
  ...MODEL_PROVIDER_SECRETS,
  ...OBSERVABILITY_SECRETS,
  ...PAYMENT_SECRETS,
  ...PRODUCTIVITY_SECRETS,
  ...REALTIME_SECRETS,
  ...SECURITY_SERVICE_SECRETS,
  ...SOCIAL_SECRETS,
  ...SOURCE_HOST_SECRETS,
  ...WEBHOOK_SECRETS,
  ...WORKPLACE_SECRETS,
  ...REGISTRY_SECRETS,
  ...AWS_SECRETS,
  ...GOOGLE_SECRETS,
  ...VAULT_SECRETS,
  ...MODEL_TOOL_SECRETS,
  ...MONITORING_SECRETS,
  ...FRAMEWORK_SECRETS,
];
