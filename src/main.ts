import { run } from "./cli/run.ts";

// Commands close what they open before they return; whatever a library left running must not keep the process.
process.exit(await run(process.argv.slice(2)));
