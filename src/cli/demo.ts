import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Gateway } from "../boot.ts";
import type { Config } from "../config/config.ts";
import { ask, type Row } from "./demo/ask.ts";
import { scenarios } from "./demo/scenarios.ts";
import { DEMO_KEYWORDS, demoEnvironment } from "./demo/settings.ts";
import { introduction, invitation, table } from "./demo/show.ts";
import { startSimulatedOllama } from "./demo/simulated-ollama.ts";
import { startSimulatedOpenAi } from "./demo/simulated-openai.ts";
import { bypassProxyForLoopback } from "./loopback.ts";
import { serveWith } from "./serve.ts";
import { settingsOrComplain } from "./settings.ts";

/** What a shell reports of a process that a hang-up ended. */
const HANGUP_EXIT_CODE = 129;

/** The whole gateway in front of simulated providers: shows some decisions, then serves until a signal comes. */
export async function demo(): Promise<number> {
  bypassProxyForLoopback();
  const ollama = startSimulatedOllama();
  const openai = startSimulatedOpenAi();
  const scratch = makeScratchDirectory();
  try {
    const upstreams = { ollamaUrl: ollama.url, openaiUrl: openai.url };
    const config = settingsOrComplain(demoEnvironment(process.env, upstreams, scratch.path));
    if (config === null) return 1;
    console.log(introduction({ ...upstreams, keywords: shownKeywords(config) }));
    const show = async ({ url }: Gateway) => {
      const rows = await askInTurn(url, config);
      console.log(`${table(rows)}\n\n${invitation(url, rows)}`);
    };
    return await serveWith(config, show, { keepsData: false });
  } finally {
    await Promise.all([ollama.close(), openai.close()]);
    scratch.remove();
  }
}

async function askInTurn(url: string, config: Config): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const keyword = config.sensitivityKeywords[0] ?? DEMO_KEYWORDS[0];
  for (const scenario of scenarios(config, keyword)) rows.push(await ask(url, scenario));
  return rows;
}

function shownKeywords(config: Config): readonly string[] | null {
  return config.sensitivityKeywords.join() === DEMO_KEYWORDS.join() ? DEMO_KEYWORDS : null;
}

/**
 * Removed also when a second signal ends the process at once, and when its terminal is closed; only `kill -9` leaves it
 * to the system's own cleaning.
 */
function makeScratchDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "policy-mesh-demo-"));
  const remove = () => rmSync(path, { recursive: true, force: true });
  process.once("exit", remove);
  process.once("SIGHUP", () => process.exit(HANGUP_EXIT_CODE));
  return { path, remove };
}
