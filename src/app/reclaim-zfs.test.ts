import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../model/errors.ts";
import type { Ask } from "./doctor-ask.ts";
import { checkArchiveZfs } from "./reclaim-zfs.ts";

/** What zfs and zpool print, as OpenZFS 2.1 to 2.4 do with -Hp. */
const zfs =
  (sync: string, health: string): Ask =>
  async (program) => ({
    kind: "answered",
    status: 0,
    stdout: `${program === "zfs" ? sync : health}\n`,
    stderr: "",
  });
const code = (expected: string) => (error: unknown) => error instanceof AppError && error.code === expected;

test("an archive that ZFS says is well is no word worth", async () => {
  assert.equal(await checkArchiveZfs("tank/archive", true, zfs("standard", "ONLINE")), null);
});

test("sync=disabled is refused, since every flush was a lie", async () => {
  await assert.rejects(
    checkArchiveZfs("tank/archive", false, zfs("disabled", "ONLINE")),
    code("ARCHIVE_SYNC_DISABLED"),
  );
});

test("a pool that is not well is refused for what cannot be taken back, and noted for the rest", async () => {
  await assert.rejects(checkArchiveZfs("tank", true, zfs("standard", "DEGRADED")), code("ARCHIVE_POOL_UNWELL"));
  assert.equal(
    await checkArchiveZfs("tank", false, zfs("standard", "DEGRADED")),
    "the archive's pool tank is DEGRADED",
  );
});

test("where ZFS cannot be asked the work goes on", async () => {
  const missing: Ask = async () => ({ kind: "missing" });
  assert.equal(await checkArchiveZfs("tank", true, missing), "the pool tank could not be asked for its health");
  assert.equal(await checkArchiveZfs("-o evil", true, missing), null);
});
