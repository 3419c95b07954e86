/** How long a connection may leave an answer unread, or be silent after it. */
export const IDLE_SECONDS = 60;

/** What the server says of the connection that a request came by. */
export type Connection = {
  /** The peer's; empty where that is not known. */
  readonly address: string;
  /** Closes the connection when it was idle for so long; 0 is never. */
  readonly closeWhenIdle: (seconds: number) => void;
};

const NO_CONNECTION: Connection = { address: "", closeWhenIdle: () => {} };
const connections = new WeakMap<Request, Connection>();
const streaming = new WeakSet<Request>();

export const keepConnection = (request: Request, connection: Connection): void => {
  connections.set(request, connection);
};

/** Of a request that no server gave, one that does nothing. */
export const connectionOf = (request: Request): Connection => connections.get(request) ?? NO_CONNECTION;

/** From now on whoever writes the answer minds its reader, until `endStreaming`: a silence may be the provider's. */
export function beginStreaming(request: Request): void {
  streaming.add(request);
}

export function endStreaming(request: Request): void {
  streaming.delete(request);
  connectionOf(request).closeWhenIdle(IDLE_SECONDS);
}

export const isStreaming = (request: Request): boolean => streaming.has(request);
