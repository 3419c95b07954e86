import type { Claims, Step } from "./audit-claims.ts";
import type { GatewayProcess } from "./gateway-process.ts";

export type Answered = { readonly status: number; readonly requestId: string; readonly elapsedMs: number };

const BODY = { messages: [{ role: "user", content: "Hello" }] };
/** What is refused is refused at once; a client that asks again at once would leave nothing to anybody else. */
const PAUSE_MS = 5;

/** Clients that ask these gateways, each the next in turn, until they are stopped. */
export function startLoad(gateways: readonly GatewayProcess[], clients: number) {
  const answers: Answered[] = [];
  const state = { asked: 0, unanswered: 0, stopping: false };
  async function client(index: number): Promise<void> {
    for (let turn = index; !state.stopping; turn++) {
      const gateway = gateways[turn % gateways.length];
      if (gateway === undefined) return;
      state.asked++;
      const answered = await ask(gateway);
      if (answered === null) state.unanswered++;
      else answers.push(answered);
      if (answered?.status !== 200) await Bun.sleep(PAUSE_MS);
    }
  }
  const running = Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
  return {
    answers,
    state,
    statuses: () => [...new Set(answers.map(({ status }) => status))].toSorted(),
    async stop(): Promise<void> {
      state.stopping = true;
      await running;
    },
  };
}

/** Null where the gateway died over it. */
export async function ask(gateway: GatewayProcess): Promise<Answered | null> {
  const askedMs = performance.now();
  try {
    const response = await gateway.chat(BODY);
    await response.text();
    const requestId = response.headers.get("x-request-id") ?? "";
    return { status: response.status, requestId, elapsedMs: performance.now() - askedMs };
  } catch {
    return null;
  }
}

/** What answers claim: whoever got one has a row that says so. */
export function claimsOf(answers: readonly Answered[]): Claims {
  const succeeded = answers.filter(({ status }) => status === 200);
  return new Map(succeeded.map(({ requestId }): [string, Step] => [requestId, "done"]));
}
