export { startScriptedOllama, VISION_MODEL } from "./scripted-ollama.ts";
export { startScriptedOpenAi, UPSTREAM_KEY } from "./scripted-openai.ts";
export { ask, RETRY_AFTER_SECONDS, type Script, type ScriptedServer, UPSTREAM_WORDS } from "./scripted-server.ts";
