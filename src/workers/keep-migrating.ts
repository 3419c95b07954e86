import { repeatUntil } from "./repeat.ts";

/** How a migration went: `problem` is null when the schema is up to date; a `fatal` one is not worth another try. */
export type Tried = { readonly problem: string | null; readonly fatal: boolean };

export type Migrating = {
  /** The first try, which takes as long as the database makes it wait. */
  readonly first: Promise<Tried>;
  /** Resolves with the problem when a try fails for good. */
  readonly broken: Promise<string>;
  stop(): Promise<void>;
};

/** Migrates now, and again every `everyMs` while the database is away. `migrate` must not throw. */
export function keepMigrating(
  migrate: () => Promise<Tried>,
  everyMs: number,
  onTried: (tried: Tried) => void,
): Migrating {
  const first = Promise.withResolvers<Tried>();
  const broken = Promise.withResolvers<string>();
  const worker = repeatUntil(async () => {
    const tried = await migrate();
    onTried(tried);
    first.resolve(tried);
    if (tried.fatal) broken.resolve(tried.problem ?? "no reason given");
    return tried.fatal || tried.problem === null;
  }, everyMs);
  return { first: first.promise, broken: broken.promise, stop: () => worker.stop() };
}
