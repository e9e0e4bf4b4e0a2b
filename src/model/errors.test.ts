import assert from "node:assert/strict";
import { test } from "node:test";
import { systemCode, systemMessage } from "./errors.ts";

const failed = (code: string) => Object.assign(new Error(`${code}: ${code}, stat '/mnt/nas'`), { code });

test("what a share or a quota reports is told by its name, although node has none for it", () => {
  const names = ["EIO", "Unknown system error -116", "Unknown system error -122", "Unknown system error -133"];

  assert.deepEqual(
    names.map((code) => systemCode(failed(code))),
    ["EIO", "ESTALE", "EDQUOT", "E133"],
  );
  assert.equal(systemMessage(failed("Unknown system error -116")), "ESTALE: ESTALE, stat '/mnt/nas'");
});

test("errors of node itself are not the system's", () => {
  assert.deepEqual([failed("ERR_INVALID_ARG_VALUE"), new Error("EIO"), null].map(systemCode), [null, null, null]);
});
