/** Loaded before a gateway: gives it a bug of its own on a signal, with words in it that must go nowhere. */
const CRASH_WORDS = "my private words 51ac";

process.on("SIGUSR1", () => {
  setTimeout(() => {
    throw new Error(CRASH_WORDS);
  }, 0);
});
process.on("SIGUSR2", () => {
  void Promise.reject(new TypeError(CRASH_WORDS));
});
