/** Variables by name, as the process was started with them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Without the white space around it; null where it is not set, or set to nothing. */
export function settingOf(environment: Environment, name: string): string | null {
  const value = environment[name]?.trim();
  return value === undefined || value === "" ? null : value;
}

/** Of the variables that are set. */
export const namesOf = (environment: Environment): ReadonlySet<string> =>
  new Set(Object.keys(environment).filter((name) => settingOf(environment, name) !== null));
