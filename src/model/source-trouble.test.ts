import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TroubleTally } from "./source-trouble.ts";

/** What is thought of a source after these errors, one each second. */
function after(codes: readonly string[], { remote = true, files = 0, everyMs = 1_000 } = {}): string | undefined {
  const tally = new TroubleTally(remote);
  tally.count(files);
  return codes.map((code, n) => tally.add(code, n * everyMs)).at(-1);
}

const times = (count: number, code: string) => Array.from({ length: count }, () => code);

describe("a source", () => {
  test("has failed when its server is said to be gone", () => {
    for (const code of ["EHOSTDOWN", "ETIMEDOUT", "ENOTCONN"]) assert.equal(after([code]), "failed");
  });

  test("is not suspected for files that may not be read, vanish or change", () => {
    for (const code of ["EACCES", "ENOENT", "ELOOP", "CHANGED_WHILE_READ"]) {
      assert.equal(after(times(1_000, code)), "none");
    }
  });

  test("has failed after ten read errors within a minute, if it is a share", () => {
    assert.equal(after(times(9, "EIO")), "none");
    assert.equal(after(times(10, "EIO")), "failed");
    assert.equal(after(times(10, "EIO"), { everyMs: 10_000 }), "none");
  });

  test("is looked at after as many, if it is a disk, and read as far as it goes", () => {
    assert.equal(after(times(10, "EIO"), { remote: false }), "look");
    assert.equal(after(times(5_000, "EIO"), { remote: false, everyMs: 60_000 }), "none");
  });

  test("has failed when more than a hundred files, and more than one in a thousand, cannot be read", () => {
    const slowly = { everyMs: 60_000 };
    assert.equal(after(times(100, "EIO"), { ...slowly, files: 10_000 }), "none");
    assert.equal(after(times(101, "EIO"), { ...slowly, files: 10_000 }), "failed");
    assert.equal(after(times(101, "EIO"), { ...slowly, files: 200_000 }), "none");
  });

  test("is looked at when one file is stale or without a device, since its root may be", () => {
    for (const code of ["ESTALE", "ENODEV", "ENXIO"]) assert.equal(after([code]), "look");
  });
});
