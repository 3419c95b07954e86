import type { SecretRule } from "../../secret-rule.ts";
import { keyedSecret } from "./keyed.ts";
import { prefixedSecret } from "./prefixed.ts";
import { base64, characters, UUID } from "./value-form.ts";

const AWS_IDS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html";
const AWS_TEMPORARY = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_use-resources.html";
const BEDROCK = "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-how.html";

export const AWS_SECRETS: readonly SecretRule[] = [
  prefixedSecret({
    code: "secret.aws_access_key_id",
    title: "The id of an AWS access key, long-lived or temporary.",
    source: AWS_IDS,
    prefixes: ["AKIA", "ASIA", "ABIA", "ACCA"],
    value: characters("A-Z2-7", 16),
  }),
  keyedSecret({
    code: "secret.aws_secret_access_key",
    title: "The secret half of an AWS access key, or of one for a store with the same interface, by its name.",
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html",
    names: ["secret_access_key", "secretaccesskey", "secret-access-key", "aws_secret_key", "awssecretkey"],
    value: { pattern: "(?=[A-Za-z+/]{0,39}[0-9])[A-Za-z0-9+/]{40}", maxLength: 40 },
    complete: true,
    minEntropy: 3.8,
  }),
  prefixedSecret({
    code: "secret.amazon_mws_token",
    title: "An authorization token of Amazon Marketplace Web Service.",
    source: "https://docs.developer.amazonservices.com/en_US/dev_guide/DG_Registering.html",
    prefixes: ["amzn.mws."],
    value: UUID,
  }),
  prefixedSecret({
    code: "secret.aws_session_token",
    title: "A session token of the AWS security token service.",
    source: AWS_TEMPORARY,
    prefixes: ["IQoJb3JpZ2lu", "FwoGZXIvYXdzE", "FQoGZXIvYXdzE", "AQoDYXdzE"],
    value: base64(100),
    minEntropy: 4,
    open: true,
  }),
  prefixedSecret({
    code: "secret.aws_bedrock_api_key",
    title: "A long-term API key for Amazon Bedrock.",
    source: BEDROCK,
    prefixes: ["ABSKQmVkcm9ja0FQSUtleS"],
    value: { pattern: "[A-Za-z0-9+/]{80,252}={0,2}", maxLength: 254 },
    minEntropy: 2.4,
  }),
  {
    code: "secret.aws_bedrock_short_term_key",
    title: "A short-term API key for Amazon Bedrock, which is a signed address.",
    source: BEDROCK,
    literals: ["bedrock-api-key-"],
    pattern: "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t",
    minEntropy: 0,
    reach: 44,
  },
];
