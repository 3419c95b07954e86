import { type Config, describeFaults, readConfig } from "../config/config.ts";

/** The settings of the environment, or null after saying on standard error what is wrong with them. */
export function settingsOrComplain(env: Readonly<Record<string, string | undefined>> = process.env): Config | null {
  const config = readConfig(env);
  if (config.ok) return config.value;
  console.error(describeFaults(config.error));
  return null;
}
