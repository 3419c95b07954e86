import { describe, expect, test } from "bun:test";
import { CHAT_SECRETS } from "../../../../../src/scan/detectors/secrets/chat.ts";
import { WEBHOOK_SECRETS } from "../../../../../src/scan/detectors/secrets/webhooks.ts";
import { alnum, codesIn, DIGIT, digits, draw, hex, LOWER, UPPER, uuid } from "./vendors.ts";

const codes = (text: string): string[] => codesIn([...CHAT_SECRETS, ...WEBHOOK_SECRETS], text);
const discordId = Buffer.from(digits(18)).toString("base64");
const team = `T${draw(UPPER, 8)}`;

const SECRETS: readonly (readonly [code: string, text: string])[] = [
  ["slack_bot_token", `xoxb-${digits(12)}-${digits(13)}-${alnum(24)}`],
  ["slack_user_token", `xoxp-${digits(12)}-${digits(12)}-${digits(12)}-${hex(32)}`],
  ["slack_user_token", `xoxs-${digits(9)}-${digits(9)}-${digits(10)}-${hex(10)}`],
  ["slack_workspace_token", `xoxa-2-${alnum(20)}`],
  ["slack_rotating_token", `xoxe.xoxb-1-${alnum(166)}`],
  ["slack_refresh_token", `xoxe-1-${alnum(147)}`],
  ["slack_app_token", `xapp-1-A${draw(UPPER, 10)}-${digits(13)}-${hex(64)}`],
  ["slack_session_token", `xoxc-${digits(12)}-${digits(12)}-${digits(12)}-${hex(64)}`],
  ["slack_session_token", `xoxd-${alnum(120)}%2B${alnum(20)}`],
  ["slack_webhook_url", `https://hooks.slack.com/services/${team}/B${draw(UPPER, 8)}/${alnum(24)}`],
  ["slack_webhook_url", `https://hooks.slack.com/triggers/${team}/${digits(13)}/${hex(32)}`],
  ["discord_bot_token", `${discordId}.${alnum(6)}.${alnum(38)}`],
  ["discord_client_secret", `DISCORD_CLIENT_SECRET=${alnum(32)}`],
  ["discord_webhook_url", `https://discord.com/api/webhooks/${digits(19)}/${alnum(68)}`],
  ["telegram_bot_token", `${digits(10)}:AA${alnum(33)}`],
  ["telegram_bot_url", `https://api.telegram.org/bot${digits(6)}:A${alnum(34)}/sendMessage`],
  [
    "teams_webhook_url",
    `https://acme.webhook.office.com/webhookb2/${uuid()}@${uuid()}/IncomingWebhook/${hex(32)}/${uuid()}`,
  ],
  ["matrix_access_token", `syt_${alnum(12)}_${draw(LOWER + UPPER, 20)}_${alnum(6)}`],
  ["webex_token", `${alnum(64)}_PF84_${uuid()}`],
  ["mattermost_webhook_url", `https://chat.example.org/hooks/${draw("13456789abcdefghijkmnopqrstuwxyz", 26)}`],
  ["intercom_access_token", Buffer.from(`tok:${uuid()}`).toString("base64")],
  [
    "google_chat_webhook_url",
    `https://chat.googleapis.com/v1/spaces/AAAA/messages`.replace("AAAA", alnum(11)) +
      `?key=${alnum(39)}&token=${alnum(43)}`,
  ],
  ["line_channel_secret", `LINE_CHANNEL_SECRET: ${hex(32)}`],
];

describe("secrets of chats", () => {
  test.each(SECRETS)("finds %s", (code, text) => expect(codes(text)).toContain(code));

  test.each([
    ["a Slack token's prefix with words after it", "xoxb-my-bot-token and xoxp-your-user-token"],
    ["a Slack token with ids too short", `xoxp-1234-1234-1234-${hex(32)}`],
    ["a repository that begins as a Slack token does", "https://github.com/xoxa-nyc/xoxa-nyc.github.io"],
    ["three dotted parts whose first is no id in base64", `MTIz${draw(LOWER, 20)}.${alnum(6)}.${alnum(38)}`],
    ["a time with a long word after it", `${draw(DIGIT, 10)}:AB${alnum(33)}`],
    ["a commit beside the name of Discord", `discord.js is at key ${hex(40)}`],
    ["another path with hooks in it", "https://example.org/hooks/use-effect-and-other-hooks"],
  ])("leaves %s", (_, text) => expect(codes(text)).toEqual([]));
});
