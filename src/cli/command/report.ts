import { isBrokenPipe, print } from "../print.ts";

/** What a subcommand has to say. Nothing is printed before all of it is known, so that JSON is one document. */
export type Report = {
  /** 0 done, 1 something is wrong, 2 wrong usage. */
  readonly exitCode: 0 | 1 | 2;
  readonly stdout: string;
  readonly stderr: string;
};

/** With `--json` the document says all, and standard error stays empty. */
export const jsonReport = (exitCode: Report["exitCode"], document: unknown): Report => ({
  exitCode,
  stdout: `${JSON.stringify(document, null, 2)}\n`,
  stderr: "",
});

/** The code stands, whether or not somebody reads to the end: a gate must not open since its log was cut. */
export async function emit({ exitCode, stdout, stderr }: Report): Promise<number> {
  try {
    await print(stdout, process.stdout);
    await print(stderr, process.stderr);
  } catch (error) {
    if (!isBrokenPipe(error)) throw error;
  }
  return exitCode;
}
