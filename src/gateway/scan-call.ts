import type { ChatRequest } from "../core/chat.ts";
import type { Finding } from "../core/finding.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { CompiledScan } from "../scan/compile.ts";
import type { AnswerError } from "./chat-result.ts";
import type { Call } from "./decided.ts";
import type { Deps } from "./deps.ts";
import { errorOf } from "./endings.ts";
import { scanInTurns } from "./scan-in-turns.ts";

/** Scans for as long as somebody waits for it. The error says who does not: then nothing was decided. */
export async function scanCall(
  deps: Pick<Deps, "inFlight" | "monotonicMs" | "turns">,
  scan: CompiledScan,
  request: ChatRequest,
  call: Call,
): Promise<Result<readonly Finding[], AnswerError>> {
  const stop = new AbortController();
  const leave = deps.inFlight.add(() => stop.abort());
  const isAbandoned = () => call.signal.aborted || stop.signal.aborted;
  const findings = await scanInTurns(deps, scan, request, isAbandoned).finally(leave);
  if (findings !== null) return ok(findings);
  return err(errorOf(call.signal.aborted ? "request.aborted" : "gateway.stopping"));
}
