/** Run as a process of its own with proxy variables set: prints the state of the provider behind the URL. */
import { createOllama } from "../../src/providers/ollama.ts";
import { createOpenAi } from "../../src/providers/openai.ts";

const [kind, baseUrl = ""] = process.argv.slice(2);
const provider =
  kind === "ollama"
    ? createOllama({ baseUrl, defaultModel: "m", defaultEmbeddingModel: "e" })
    : createOpenAi({ baseUrl, apiKey: "k", defaultModel: "m", needsKey: true });
process.stdout.write(`${(await provider.check(0)).status}\n`);
