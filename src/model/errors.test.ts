import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemCode } from "./errors.ts";

const failed = (code: unknown) => Object.assign(new Error("failed"), { code });

describe("the system's code of a failure", () => {
  test("is the name that node gives it", () => assert.equal(systemCode(failed("ENOENT")), "ENOENT"));

  test("is known also where node has no name for it", () => {
    assert.equal(systemCode(failed("Unknown system error -116")), "ESTALE");
    assert.equal(systemCode(failed("Unknown system error -122")), "EDQUOT");
    assert.equal(systemCode(failed("Unknown system error -133")), "E133");
  });

  test("is none of other errors", () => {
    assert.equal(systemCode(failed("ERR_INVALID_ARG_TYPE")), null);
    assert.equal(systemCode(failed(2)), null);
    assert.equal(systemCode("ENOENT"), null);
  });
});
