/** Writes all of it, however slow the reader is. Throws where nobody reads any more; see `isBrokenPipe`. */
export function print(text: string, stream: NodeJS.WriteStream): Promise<void> {
  if (text === "") return Promise.resolve();
  // The stream tells of a broken pipe twice; told by the event alone, it would end the process with a stack trace.
  if (stream.listenerCount("error") === 0) stream.on("error", () => {});
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

export const isBrokenPipe = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "EPIPE";
