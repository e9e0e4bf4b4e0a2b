import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { ExitCode } from "../model/errors.ts";
import { parseMounts } from "../sources/mounts.ts";
import { type Answer, askIn } from "./doctor-ask.ts";
import { bad, good, statusOf } from "./doctor-check.ts";
import { archiveMountWarnings, describeMount, mountWarnings, withoutPassword } from "./doctor-mount.ts";
import { checkNode } from "./doctor-programs.ts";
import { datasetCheck, poolCheck, zfsFaults } from "./doctor-zfs.ts";

const answered = (stdout: string, status = 0, stderr = ""): Answer => ({ kind: "answered", status, stdout, stderr });

describe("statusOf", () => {
  const wrong = (name: string, status: ExitCode) => bad(name, "wrong", "mend it", status);

  test("a wrong config outweighs all, and only the database alone is a matter for later", () => {
    const config = wrong("config file", ExitCode.usage);
    const source = wrong("source", ExitCode.refused);
    const share = wrong("source", ExitCode.unavailable);
    const database = wrong("database", ExitCode.unavailable);
    const tooOld = wrong("database", ExitCode.refused);
    const fine = good("archive", "fine");

    assert.equal(statusOf([fine]), 0);
    assert.equal(statusOf([fine, database]), 5);
    assert.equal(statusOf([tooOld]), 4);
    assert.equal(statusOf([share]), 4);
    assert.equal(statusOf([source, database]), 4);
    assert.equal(statusOf([source, database, config]), 2);
  });
});

test("checkNode knows the oldest that package.json allows", () => {
  const { engines } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
  const [, oldest = ""] = /^>=(\d+\.\d+)$/.exec(engines.node) ?? [];
  const [major, minor] = oldest.split(".").map(Number) as [number, number];

  for (const version of [`${oldest}.0`, `${major}.${minor + 1}.0`, `${major + 2}.0.0`])
    assert.ok(checkNode(version).ok);
  for (const version of [`${major}.${minor - 1}.9`, `${major - 2}.20.0`]) {
    const { ok, fix } = checkNode(version);
    assert.deepEqual([ok, fix], [false, `Install Node.js ${oldest} or newer.`]);
  }
});

describe("asking another program", () => {
  const ask = askIn(process.env);

  test("gives its words and its status; no shell reads the arguments", async () => {
    assert.deepEqual(await ask("printf", ["%s", "$HOME; ls"]), answered("$HOME; ls"));
    assert.equal(((await ask("sh", ["-c", "echo no >&2; exit 3"])) as { status: number }).status, 3);
  });

  test("finds out that it is not there, or does not answer", async () => {
    assert.deepEqual(await ask("onefold-no-such-program", []), { kind: "missing" });
    const started = process.hrtime.bigint();
    // The grandchild keeps the pipes open: to wait for their end would be to wait for it.
    assert.deepEqual(await ask("sh", ["-c", "sleep 30 & sleep 30"], { timeoutMs: 100 }), { kind: "silent" });
    assert.ok(process.hrtime.bigint() - started < 10_000_000_000n);
  });

  test("hands on nothing secret", async () => {
    const asked = await askIn({ ...process.env, PGPASSWORD: "s3cret", ONEFOLD_DATABASE: "s3cret" })("env", []);
    assert.doesNotMatch(JSON.stringify(asked), /s3cret/);
  });
});

describe("mounts", () => {
  const mount = (line: string) => parseMounts(Buffer.from(`30 22 0:45 / /mnt/nas ${line}`))[0] ?? assert.fail(line);

  test("are told by type and server, remote or not, soft or hard where the options tell", () => {
    for (const [line, told] of [
      ["rw - cifs //nas/photos rw,vers=3.1.1,soft", "cifs from //nas/photos, remote, soft, mounted at /mnt/nas"],
      ["rw - nfs4 nas:/photos rw,hard", "nfs4 from nas:/photos, remote, hard, mounted at /mnt/nas"],
      ["ro - ext4 /dev/sda1 rw", "ext4 of /dev/sda1, local, read-only, mounted at /mnt/nas"],
      ["rw - davfs https://me:s3:c@r@et@nas/dav rw", "davfs from https://me@nas/dav, remote, mounted at /mnt/nas"],
    ] as const) {
      assert.equal(describeMount(mount(line)), told);
    }
  });

  test("show no password, and are not cut where there is none", () => {
    for (const [source, shown] of [
      ["me:s3cret@nas:/x", "me@nas:/x"],
      ["//me:s3cret@nas/x", "//me@nas/x"],
      ["nas:/a@b", "nas:/a@b"],
      ["me@nas:/x", "me@nas:/x"],
      ["[fe80::1]:/a@b", "[fe80::1]:/a@b"],
      ["//nas/share", "//nas/share"],
    ] as const) {
      assert.equal(withoutPassword(source), shown);
    }
  });

  test("of SMB want iocharset=utf8, which the kernel shows only where it is not its own", () => {
    const named = (options: string, kernel: string | null) =>
      mountWarnings(mount(`rw - cifs //nas/x ${options}`), kernel);

    assert.deepEqual(named("rw,iocharset=utf8", "iso8859-1"), []);
    assert.deepEqual(named("rw", "utf8"), []);
    assert.match(named("rw", "iso8859-1").join(), /iso8859-1.*iocharset=utf8/);
    assert.match(named("rw,iocharset=cp437", "utf8").join(), /cp437/);
    assert.match(named("rw", null).join(), /if names .* look mangled/);
    assert.deepEqual(mountWarnings(mount("rw - ext4 /dev/sda1 rw"), null), []);
  });

  test("of an archive should not give up writing", () => {
    assert.match(archiveMountWarnings(mount("rw - nfs4 nas:/x rw,soft")).join(), /"hard"/);
    assert.deepEqual(archiveMountWarnings(mount("rw - nfs4 nas:/x rw,hard")), []);
    assert.deepEqual(archiveMountWarnings(mount("rw - cifs //nas/x rw,soft")), []);
  });
});

describe("ZFS", () => {
  const dataset = (stdout: string) => datasetCheck("zfs", "tank/archive", answered(stdout), []);

  test("settings that suit are shown, others answered with advice, which never fails", () => {
    const fine = dataset("compression\tlz4\ndedup\toff\nsync\tstandard\nutf8only\toff\n");
    assert.equal(fine.detail, "tank/archive: compression=lz4 dedup=off sync=standard utf8only=off");
    const poor = dataset("compression\toff\ndedup\ton\nsync\tdisabled\nutf8only\ton\n");
    assert.ok(fine.ok && poor.ok);
    for (const advice of ["compression=lz4", "dedup=off", "sync=standard"]) {
      assert.ok(poor.detail.includes(`zfs set ${advice} tank/archive`), poor.detail);
    }
    assert.match(poor.detail, /utf8only=on refuses/);
  });

  test("that cannot be asked is no failure", () => {
    for (const answer of [{ kind: "missing" }, { kind: "silent" }, answered("", 1, "permission denied")] as const) {
      const { ok, detail } = datasetCheck("zfs", "tank", answer, []);
      assert.ok(ok && /not asked|cannot tell: permission denied/.test(detail), detail);
    }
    assert.ok(poolCheck("zfs pool", "tank", { kind: "missing" }).ok);
    assert.ok(poolCheck("zfs pool", "tank", answered("", 1, "cannot open 'tank': no such pool")).ok);
  });

  test("a pool that is degraded, or does not answer, is a failure", () => {
    const degraded = `  pool: tank
 state: DEGRADED
status: One or more devices could not be used because the label is missing or
	invalid.  Sufficient replicas exist for the pool to continue
	functioning in a degraded state.
action: Replace the device using 'zpool replace'.
   see: https://openzfs.github.io/openzfs-docs/msg/ZFS-8000-4J
config:

	NAME        STATE     READ WRITE CKSUM
	tank        DEGRADED     0     0     0
`;
    const { ok, detail, fix } = poolCheck("zfs pool", "tank", answered(degraded));
    assert.ok(!ok);
    assert.match(detail, /^tank is DEGRADED: One or more .* missing or invalid\..* degraded state\.$/);
    assert.match(fix ?? "", /^Replace the device .*zpool status -v tank/);
    assert.ok(poolCheck("zfs pool", "tank", answered("pool 'tank' is healthy\n")).ok);
    assert.match(poolCheck("zfs pool", "tank", { kind: "silent" }).detail, /suspended/);
  });

  test("releases with known faults are told", () => {
    for (const version of ["2.1.11-1+deb12u1", "2.0.3", "2.2.0-1", "2.2.1"])
      assert.equal(zfsFaults(version, null).length, 1);
    for (const version of ["2.1.14", "2.2.2", "2.2.8", "2.3.7", "2.4.2", "", "?"])
      assert.deepEqual(zfsFaults(version, true), []);
    assert.equal(zfsFaults("2.3.2-2~bpo12+2", true).length, 1);
    assert.equal(zfsFaults("2.4.1", null).length, 1);
    assert.deepEqual(zfsFaults("2.3.2", false), []);
  });
});
