import { describe, expect, test } from "bun:test";
import { FAILURE_CATEGORIES } from "../../../src/core/chat.ts";
import { ERROR_REASONS, REASONS, ROUTING_REASONS } from "../../../src/core/reasons.ts";

describe("the table of reasons", () => {
  test("has no code twice", () => {
    expect(Object.keys(REASONS)).toHaveLength(Object.keys(ROUTING_REASONS).length + Object.keys(ERROR_REASONS).length);
  });

  test("has a code for every way a provider fails", () => {
    for (const category of FAILURE_CATEGORIES) expect(Object.keys(ERROR_REASONS)).toContain(`provider.${category}`);
  });

  test.each(Object.entries(ERROR_REASONS))("gives %s a status of an error on every surface", (_code, reason) => {
    for (const status of [reason.status, reason.compatible?.status]) expect(status).toBeWithin(400, 600);
  });

  test.each(Object.entries(ROUTING_REASONS))("gives %s no status, since it is no error", (_code, reason) => {
    expect([reason.status, reason.compatible]).toEqual([null, null]);
  });

  test("invites to ask again only where the request itself is not at fault", () => {
    const retried = Object.entries(ERROR_REASONS).flatMap(([code, { compatible }]) =>
      compatible?.retry ? [code] : [],
    );
    expect(retried.toSorted()).toEqual([
      "audit.unavailable",
      "gateway.overloaded",
      "gateway.stopping",
      "provider.busy",
      "provider.circuit_open",
      "provider.malformed_response",
      "provider.paused",
      "provider.rate_limited",
      "provider.unreachable",
      "provider.upstream_error",
    ]);
  });
});
