import { describe, expect, test } from "bun:test";
import { labelsOf } from "../../../src/http/labels.ts";
import { refusalOf } from "./translate/ollama-support.ts";

const request = (value: string | null) =>
  new Request("http://gateway/", value === null ? {} : { headers: { "x-caller": value } });

describe("labelsOf", () => {
  test.each([
    ["team=research", { team: "research" }],
    [" team=research ,  key=ci-7.1 ", { team: "research", key: "ci-7.1" }],
    ["", {}],
    [null, {}],
  ])("reads %p", (value, labels) => {
    expect(labelsOf(request(value), "x-caller")).toEqual(labels);
  });

  test("believes no header but the one that is trusted", () => {
    expect(labelsOf(request("team=research"), null)).toEqual({});
    expect(labelsOf(request("team=research"), "x-other")).toEqual({});
  });

  test.each([
    "team",
    "team=",
    "=x",
    "team=a,team=b",
    "team=a;key=b",
    "Team=a",
    "team=a b",
    "a=b,",
    `t=${"x".repeat(65)}`,
  ])("refuses %p, since a lost label could be one that policy denies by", (value) => {
    expect(refusalOf(() => labelsOf(request(value), "x-caller"))).toMatchObject({
      code: "request.invalid_field",
      field: "x-caller",
    });
  });

  test("refuses more than a header of labels has", () => {
    const value = Array.from({ length: 200 }, (_, index) => `label_${index}=v`).join(",");
    expect(refusalOf(() => labelsOf(request(value), "x-caller"))).toMatchObject({ field: "x-caller" });
  });

  test("quotes nothing of the header", () => {
    const refusal = refusalOf(() => labelsOf(request("team=jane roe"), "x-caller"));
    expect(JSON.stringify(refusal)).not.toContain("jane");
  });
});
