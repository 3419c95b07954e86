import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { hasChromium, launchChromium } from "../support/chromium.ts";
import { type GatewayProcess, NO_DATABASE, scratchFolder, startGateway } from "../support/gateway-process.ts";
import { type Replay, startReplay } from "../support/replay-upstream.ts";

describe.skipIf(!hasChromium)("the docs page in a real browser", () => {
  const folder = scratchFolder();
  let ollama: Replay;
  let gateway: GatewayProcess;
  let browser: Browser;

  beforeAll(async () => {
    ollama = await startReplay("ollama");
    await ollama.play("chat-success");
    gateway = await startGateway(folder.path, {
      ...NO_DATABASE,
      OLLAMA_BASE_URL: ollama.url,
      OLLAMA_MODEL: "smollm2:135m",
    });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.stop();
    ollama?.stop();
    folder.remove();
  });

  test("shows every route, asks nobody else, and its example can be tried", async () => {
    const page = await browser.newPage({ viewport: { width: 1200, height: 1400 } });
    const requested: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => requested.push(request.url()));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));

    await page.goto(`${gateway.url}/docs`);
    await page.getByText("/v1/chat", { exact: true }).first().waitFor();
    const text = (await page.textContent("body")) ?? "";
    for (const path of ["/v1/health", "/v1/ready", "/v1/routes", "/v1/metrics", "/v1/chat", "/v1/audit/{request_id}"]) {
      expect(text.replaceAll("\u200b", "")).toContain(path);
    }

    await page.locator("#operations-chat-postV1Chat button.opblock-summary-control").click();
    await page.locator("#operations-chat-postV1Chat button.execute").click();
    const answer = page.locator("#operations-chat-postV1Chat .live-responses-table .highlight-code code");
    await answer.first().waitFor();
    expect(await answer.first().textContent()).toContain("The capital of France is Paris");
    expect(await answer.first().textContent()).toContain("cost_prefer_local");
    const screenshot = process.env["DOCS_SCREENSHOT"];
    if (screenshot !== undefined) await page.screenshot({ path: screenshot, fullPage: true });

    expect(requested.filter((url) => !url.startsWith(gateway.url) && !url.startsWith("data:"))).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
