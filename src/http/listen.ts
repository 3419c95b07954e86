import { IDLE_SECONDS, isStreaming, keepConnection } from "./connection.ts";
import { type Crowd, Doors } from "./doors.ts";
import { headOf } from "./head.ts";
import { within } from "./within.ts";

/** How long requests in flight may still take once the process was told to end. */
const DRAIN_TIMEOUT_MS = 30_000;
/** After that they are told so, and have this to read it. */
const LAST_WORDS_MS = 2_000;
/** Then they are cut; this is for their rows to be written. */
const CUT_TIMEOUT_MS = 5_000;
/** Of a connection that has asked nothing yet, or half a head. Bytes that trickle in do not make it longer. */
const FIRST_IDLE_SECONDS = 10;
/** Between two looks at how many connections there are; a flood brings some hundreds in that time. */
const CROWD_LOOK_EVERY_MS = 50;
/** The gateway answers 413 itself, in its own shape; Bun's own limit only has to be out of the way. */
const NO_BODY_LIMIT = Number.MAX_SAFE_INTEGER;

export type HttpServer = {
  readonly url: string;
  /** Stops accepting; requests in flight finish, or are cut after a bound. Returns when none is left. */
  drain(): Promise<void>;
};

type Handle = (request: Request) => Response | Promise<Response>;

type Options = {
  readonly host: string;
  readonly port: number;
  /** Called when what is in flight has had its time: it is then told that it is over, before connections are cut. */
  readonly onDrainOver: () => void;
  /** Told when no more connections are taken, as there are too many, and when they are again. */
  readonly onDoors: (moved: "closed" | "opened") => void;
  /** Null where nobody can say how many are too many. */
  readonly crowd: Crowd | null;
};

/**
 * Requests that are begun in one turn of the event loop; others wait for the next. Of a connection that sends many in a
 * row Bun would have all answered before it looks at any other. While one waits, it closes such a connection instead.
 */
const MAX_BEGUN_A_TURN = 8;

/** Bun's word for no limit. */
const NEVER = 0;

/** Serves HTTP. Throws what Bun throws when the address cannot be had. */
export function listen(handle: Handle, options: Options): HttpServer {
  const { host, port, onDrainOver, onDoors, crowd } = options;
  let inFlight = 0;
  const turn = turns();
  const serve = (onPort: number) =>
    Bun.serve({
      hostname: host,
      port: onPort,
      idleTimeout: FIRST_IDLE_SECONDS,
      maxRequestBodySize: NO_BODY_LIMIT,
      development: false,
      // Outside development Bun would share a taken port with whoever has it, and each would get some of the requests.
      reusePort: false,
      async fetch(request, self) {
        const closeWhenIdle = (seconds: number) => self.timeout(request, seconds);
        keepConnection(request, { address: self.requestIP(request)?.address ?? "", closeWhenIdle });
        // Everything that is waited for has a bound of its own, and most are longer than what Bun can be told.
        closeWhenIdle(NEVER);
        inFlight++;
        try {
          await turn();
          return request.method === "HEAD" ? await headOf(request, handle) : await handle(request);
        } finally {
          inFlight--;
          if (!isStreaming(request)) closeWhenIdle(IDLE_SECONDS);
        }
      },
      // The app answers its own errors; this is for what goes wrong around it, and says nothing of it to anybody.
      error: () => new Response(null, { status: 500 }),
    });
  const doors = new Doors(serve, port);
  const look = (watched: Crowd) => {
    const moved = doors.mind(watched);
    if (moved !== null) onDoors(moved);
  };
  const looking = crowd === null ? undefined : setInterval(() => look(crowd), CROWD_LOOK_EVERY_MS).unref();

  return {
    url: doors.url,
    async drain() {
      clearInterval(looking);
      const stopped = doors.close();
      if (
        (await within(
          stopped.then(() => true),
          DRAIN_TIMEOUT_MS,
        )) === null
      ) {
        onDrainOver();
        await within(stopped, LAST_WORDS_MS);
      }
      await doors.cut();
      const cutAtMs = performance.now() + CUT_TIMEOUT_MS;
      while (inFlight > 0 && performance.now() < cutAtMs) await Bun.sleep(10);
    },
  };
}

/** Waits only where the turn has begun enough. */
function turns(): () => Promise<void> | undefined {
  let begunCount = 0;
  return () => {
    if (begunCount === 0) {
      setImmediate(() => {
        begunCount = 0;
      });
    }
    begunCount++;
    return begunCount > MAX_BEGUN_A_TURN ? new Promise((resolve) => setImmediate(resolve)) : undefined;
  };
}
