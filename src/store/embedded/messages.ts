/** What the main thread and the database worker say to each other. Plain data: it crosses a structured clone. */

export type StartCommand = {
  readonly type: "start";
  /** PostgreSQL's own data directory. Made from the template when it is not there. */
  readonly postgresDir: string;
  readonly socketPath: string;
};
export type CloseCommand = { readonly type: "close" };
export type Command = StartCommand | CloseCommand;

export type EmbeddedFailure = {
  readonly kind: "directory" | "version" | "start" | "worker";
  readonly message: string;
};

export type Report =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly failure: EmbeddedFailure }
  | { readonly type: "closed" };

export function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
