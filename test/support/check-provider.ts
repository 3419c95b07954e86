/**
 * Run as a process of its own with proxy variables set: prints the state of the provider behind the URL. A zone in place
 * of the provider's own is optional.
 */
import { createOllama } from "../../src/providers/ollama.ts";
import { createOpenAi } from "../../src/providers/openai.ts";
import { AS_LOCAL, AS_OPENAI } from "./provider-options.ts";

const [kind, baseUrl = "", zone] = process.argv.slice(2);
const shared = { baseUrl, defaultModel: "m", ...(zone === undefined ? {} : { zone }) };
const provider =
  kind === "ollama"
    ? createOllama({ ...AS_LOCAL, ...shared })
    : createOpenAi({ ...AS_OPENAI, ...shared, apiKey: "k", needsKey: true });
process.stdout.write(`${(await provider.check(0)).status}\n`);
