/** A process of its own that takes the lock of argv[2], says how that went, and lives until it is killed. */
import { acquireLock } from "../../src/store/lock.ts";

const [, , directory = ""] = process.argv;
const lock = acquireLock(directory);
process.stdout.write(
  `${JSON.stringify({ pid: process.pid, held: lock.ok, message: lock.ok ? "" : lock.error.message })}\n`,
);
setInterval(() => lock, 1000);
