import { expect, test } from "bun:test";
import { namesOf, settingOf } from "../../../src/config/environment.ts";

test("a variable that is set to nothing, or to white space, is not set", () => {
  const environment = { KEY: " value ", EMPTY: "", BLANK: " \t", MISSING: undefined };
  expect([...namesOf(environment)]).toEqual(["KEY"]);
  expect(settingOf(environment, "KEY")).toBe("value");
  expect(settingOf(environment, "BLANK")).toBeNull();
});
