/** Resolves after so long. Does not keep the process alive. */
export const timeout = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
