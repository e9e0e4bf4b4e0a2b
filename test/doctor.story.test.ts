import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, rm, statfs, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { sql } from "../src/inventory/database.ts";
import { acquireProcessLock } from "../src/inventory/process-lock.ts";
import { holdRunLock } from "../src/inventory/run-lock.ts";
import type { PathText } from "../src/model/path.ts";
import { testDatabase } from "../src/testing/database.ts";
import { type Household, household, type Snapped, snapshot } from "../src/testing/household.ts";
import {
  documentOf,
  type Ended,
  neutralSurroundings,
  onefold,
  type ProgramOptions,
  programLine,
  startOnefold,
} from "../src/testing/onefold.ts";
import { hasStrace } from "../src/testing/programs.ts";
import { smallDisk } from "../src/testing/small-disk.ts";
import { layOut } from "../src/testing/tree.ts";

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly fix: string | null;
}

interface Diagnosis {
  readonly status: number | null;
  readonly checks: readonly Check[];
  /** Names of the checks that failed. */
  readonly failed: readonly string[];
  check(name: string): Check;
}

const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

/** What every diagnosis looks at, whatever else is wrong. */
const always = ["Node.js", "config file", "database", "other runs", "exiftool", "czkawka_cli"];
const ofArchive = ["", " marker", " writable", " hard links", " times", " space"].map((what) => `archive${what}`);

function diagnosisIn(ended: Ended): Diagnosis {
  const { checks } = documentOf<{ checks: readonly Check[] }>(ended);
  for (const name of always)
    assert.ok(
      checks.some((one) => one.name === name),
      `${name} is missing: ${ended.stdout}`,
    );
  for (const { ok, detail, fix } of checks) {
    assert.ok(detail.length > 0);
    assert.equal(ok, (fix ?? null) === null, "what is wrong has a fix, and nothing else");
  }
  return {
    status: ended.status,
    checks,
    failed: checks.filter(({ ok }) => !ok).map(({ name }) => name),
    check: (name) => checks.find((one) => one.name === name) ?? assert.fail(`no check ${name}: ${ended.stdout}`),
  };
}

async function diagnose(
  home: Household,
  args: readonly string[] = home.places,
  options: ProgramOptions = {},
): Promise<Diagnosis> {
  // Without perl: to try that takes half a second, which one test may spend.
  const env = { PATH: home.path("home"), ...options.env };
  return diagnosisIn(await home.onefold(["doctor", "--json", ...args], { ...options, env }));
}

/** Times of folders change when a temporary file comes and goes; nothing else may. */
function withoutFolderTimes(all: ReadonlyMap<PathText, Snapped>): [PathText, Snapped][] {
  return [...all].map(([path, one]) => [
    path,
    one.kind === "folder" ? { ...one, modifiedNs: 0n, changedNs: 0n, size: 0n } : one,
  ]);
}

async function leavesAlone(home: Household, work: () => Promise<void>): Promise<void> {
  const before = await snapshot(home.disk.root);
  await work();
  assert.deepEqual(withoutFolderTimes(await snapshot(home.disk.root)), withoutFolderTimes(before));
}

describe("a household where all is well", () => {
  test("is told so, and nothing in it is touched, before its first run and after", async () => {
    await using home = await household({ phone: { "a.jpg": "a" }, laptop: { "b.txt": "b" } });
    for (const marker of [/first run/, /^archive .* begun by onefold /]) {
      await leavesAlone(home, async () => {
        const found = await diagnose(home);

        assert.deepEqual([found.failed, found.status], [[], 0]);
        for (const name of [...ofArchive, 'source "phone"', 'source "laptop"', "overlap"])
          assert.ok(found.check(name).ok);
        assert.match(found.check("archive marker").detail, marker);
        assert.match(found.check("archive space").detail, /^[\d.,]+ [kMGTP]?B free of /);
        assert.match(found.check('source "phone"').detail, /holds 1 name; \w+ of \S+, local/);
      });
      await home.run();
    }
  });

  test("has a line for each check, and a last word on standard error", async () => {
    await using home = await household({ phone: { "a.jpg": "a" } });
    const { status, stdout, stderr } = await home.onefold(["doctor", ...home.places]);

    assert.equal(status, 0);
    for (const line of stdout.trimEnd().split("\n")) assert.match(line, /^ok {4}[\w."][^:]*: /);
    assert.match(stderr, /^\d+ checks, all in order\.\n$/);
    assert.equal((await home.onefold(["doctor", "--quiet", ...home.places])).stderr, "");
  });

  test("needs no config and no places; the embedded server is tried, and leaves nothing behind", async () => {
    await using disk = await layOut({ home: {}, here: {} });
    const env = { HOME: disk.path("home"), ONEFOLD_STATE: disk.path("home/state/onefold") };
    const found = diagnosisIn(await onefold(["doctor", "--json"], { cwd: disk.path("here"), env }));

    assert.deepEqual([found.failed, found.status], [[], 0]);
    assert.match(found.check("config file").detail, /there is none \(looked for onefold\.toml, .*\/etc\/onefold/);
    assert.match(found.check("database").detail, /embedded PostgreSQL \d+.* starts/);
    assert.match(found.check("sources").detail, /none is named/);
    assert.match(found.check("archive").detail, /none is named/);
    assert.deepEqual([await readdir(disk.path("home")), await readdir(disk.path("here"))], [[], []]);
  });

  test("interrupted, leaves nothing behind, and gives no half answer", async () => {
    await using disk = await layOut({ home: {}, archive: {} });
    const env = { HOME: disk.path("home"), ONEFOLD_STATE: disk.path("home/state") };
    const running = startOnefold(["doctor", "--json", "--archive", "archive"], { cwd: disk.root, env });
    // It is at work as soon as the server's trial folder is there.
    while (running.child.exitCode === null && (await readdir(disk.path("home"))).length === 0) await delay(2);
    running.child.kill("SIGINT");
    const { status, stdout } = await running.ended;

    assert.deepEqual([status, stdout], [130, ""]);
    assert.deepEqual([await readdir(disk.path("home")), await readdir(disk.path("archive"))], [[], []]);
  });

  test("with an embedded server that was used before is asked through that", async () => {
    await using disk = await layOut({ phone: { "a.txt": "a" }, archive: {}, home: {} });
    const options = { cwd: disk.root, env: { HOME: disk.path("home"), ONEFOLD_STATE: disk.path("state") } };
    await onefold(["run", "--source", "phone", "--archive", "archive"], options);
    const found = diagnosisIn(await onefold(["doctor", "--json"], options));

    assert.match(found.check("database").detail, /data lie in .*\/state\/postgres\/data .*tables are up to date/);
    assert.deepEqual(await readdir(disk.path("home")), []);
  });

  test("finds its places in the config file", async () => {
    await using home = await household({ phone: { "a.jpg": "a" } });
    await home.write("onefold.toml", `[archive]\npath = "archive"\n[[source]]\npath = "phone"\n`);
    const found = await diagnose(home, []);

    assert.deepEqual([found.failed, found.status], [[], 0]);
    assert.match(found.check("config file").detail, /^read from onefold\.toml$/);
    assert.ok(found.check('source "phone"').ok && found.check("archive hard links").ok);
  });
});

describe("what is wrong is named with its fix, and the rest is checked all the same", () => {
  test("a source that is missing, one that is a file, one under a link that leads nowhere", async () => {
    await using home = await household({ phone: { "a.txt": "a" } });
    await symlink("nowhere", home.path("state/link"));
    const args = ["missing", "phone/a.txt", "state/link", "phone"].flatMap((name) => ["--source", home.path(name)]);
    const found = await diagnose(home, [...args, "--archive", home.path("archive")]);

    assert.deepEqual(found.failed, ['source "missing"', 'source "a.txt"', 'source "link"']);
    assert.equal(found.status, 4);
    assert.match(found.check('source "missing"').detail, /^there is no folder .*\/missing$/);
    assert.match(found.check('source "missing"').fix ?? "", /Mount the share/);
    assert.match(found.check('source "a.txt"').detail, /is not a folder/);
    for (const name of ofArchive) assert.ok(found.check(name).ok, name);
  });

  test("an archive that is missing, or a file", async () => {
    await using home = await household({ phone: { "a.txt": "a" } });
    for (const archive of ["nowhere", "phone/a.txt"]) {
      const found = await diagnose(home, ["--source", home.path("laptop"), "--archive", home.path(archive)]);

      assert.deepEqual([found.failed, found.status], [['source "laptop"', "archive"], 4]);
    }
  });

  test("folders that lie in one another", async () => {
    await using home = await household({ phone: { a: { "a.txt": "a" } } });
    const found = await diagnose(home, [...home.places, "--source", home.path("phone/a")]);

    assert.deepEqual([found.failed, found.status], [["overlap"], 2]);
    assert.match(found.check("overlap").detail, /source "phone" .* and source "a" .* overlap/);
    assert.match(found.check("overlap").fix ?? "", /beside each other/);
  });

  test("an archive that its user may not write to, or whose private folder another user has made", async () => {
    await using home = await household({ phone: { "a.txt": "a" } });
    const uid = isRoot ? nobody : undefined;
    const asUser = (args: readonly string[]) =>
      diagnose(home, args, { uid, env: { ONEFOLD_DATABASE: "postgres://x@127.0.0.1:1/x" } });
    await chmod(home.disk.root, 0o755);
    await chmod(home.path("archive"), 0o555);
    const closed = await asUser(home.places);
    await chmod(home.path("archive"), 0o777);
    await mkdir(home.path("archive/.onefold"), { mode: 0o555 });
    const otherUser = await asUser(home.places);

    for (const { failed, status, check } of [closed, otherUser]) {
      assert.deepEqual([failed, status], [["database", "archive writable"], 4]);
      assert.match(check("archive writable").detail, /nothing can be written/);
      assert.match(check("archive writable").fix ?? "", /owner|read-only/);
      assert.ok(check("archive space").ok && check("archive marker").ok);
    }
  });

  test("an archive on a disk that is mounted read-only, or full", async (context: TestContext) => {
    await using disk = await smallDisk(16);
    if (disk === null) return context.skip("no disk can be mounted here: only root can, and not in every container");
    await using home = await household({ phone: { "a.txt": "a" } });
    const args = ["--source", home.path("phone"), "--archive", disk.root];
    assert.deepEqual((await diagnose(home, args)).failed, []);
    const { bavail, bsize } = await statfs(disk.root);
    await promisify(execFile)("fallocate", ["-l", `${bavail * bsize - (64 << 10)}`, join(disk.root, "filling")]);
    const full = await diagnose(home, args);
    await disk.remount("ro");
    const readOnly = await diagnose(home, args);

    assert.ok(full.failed.includes("archive space"), full.failed.join());
    assert.match(full.check("archive space").fix ?? "", /Free some space/);
    assert.ok(readOnly.failed.includes("archive writable"), readOnly.failed.join());
    assert.match(readOnly.check("archive").detail, /ext4 of \/dev\/loop\d+, local, read-only, mounted at /);
  });

  test("a file system without hard links", async (context: TestContext) => {
    if (!hasStrace()) return context.skip("strace is not here, or may not trace");
    await using home = await household({ phone: { "a.txt": "a" } });
    const faults = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=link,linkat", "-e", "inject=link,linkat:error=EPERM"];
    const line = [...faults, ...programLine(["doctor", "--json", ...home.places])];
    const env = { ...neutralSurroundings(), ...home.environment };
    const { status, stdout, stderr } = spawnSync("strace", line, { encoding: "utf8", env, cwd: home.disk.root });
    const found = diagnosisIn({ status, signal: null, stdout, stderr });

    assert.deepEqual([found.failed, found.status], [["archive hard links"], 4]);
    assert.match(found.check("archive hard links").fix ?? "", /ZFS, ext4/);
    assert.deepEqual(await readdir(home.path("archive")), []);
  });

  test("FAT, which has neither hard links nor exact times", async (context: TestContext) => {
    await using disk = await fatDisk();
    if (disk === null) return context.skip("no FAT can be mounted here: it takes root, and a kernel that knows it");
    await using home = await household({ phone: { "a.txt": "a" } });
    const found = await diagnose(home, ["--source", home.path("phone"), "--archive", disk.path]);

    assert.deepEqual([found.failed, found.status], [["archive hard links", "archive times"], 4]);
    assert.deepEqual(await readdir(disk.path), []);
  });

  test("a marker that is damaged, or of a newer onefold", async () => {
    for (const [marker, fix] of [
      ["{", /snapshot/],
      ['{"id":"x","createdBy":"onefold 9","format":99}', /Update/],
    ] as const) {
      await using home = await household({ phone: {} }, { archive: { ".onefold": { "archive.json": marker } } });
      await leavesAlone(home, async () => {
        const found = await diagnose(home);

        assert.deepEqual([found.failed, found.status], [["archive marker"], 4]);
        assert.match(found.check("archive marker").fix ?? "", fix);
      });
    }
  });

  test("a config: every problem of it, and what can be understood of it is checked", async () => {
    await using home = await household({ phone: { "a.txt": "a" }, archive: {} });
    await home.write(
      "onefold.toml",
      `databse = "postgres://me:s3cret@nas/x"
[archive]
path = "archive"
[[source]]
path = "phone"
mount = "always"
[[source]]
path = "gone"
[[source]]
path = 3
`,
    );
    const ended = await home.onefold(["doctor", "--json"]);
    const found = diagnosisIn(ended);

    assert.deepEqual([found.failed, found.status], [["config file", 'source "gone"'], 2]);
    for (const line of [/^onefold\.toml:1: databse: /m, /^onefold\.toml:6: source\.mount: /m, /^onefold\.toml:10: /m]) {
      assert.match(found.check("config file").detail, line);
    }
    assert.ok(found.check('source "phone"').ok && found.check("archive hard links").ok);
    assert.doesNotMatch(ended.stdout + ended.stderr, /s3cret/);
  });

  test("a config that is not there, or no TOML; the places on the command line are checked", async () => {
    await using home = await household({ phone: { "a.txt": "a" } });
    await home.write("broken.toml", "[archive\n");
    for (const file of ["broken.toml", "no.toml"]) {
      const found = await diagnose(home, ["--config", file, ...home.places]);

      assert.deepEqual([found.failed, found.status], [["config file"], 2]);
      assert.ok(found.check("config file").detail.startsWith(file));
      assert.ok(found.check('source "phone"').ok && found.check("archive writable").ok);
    }
  });
});

describe("the database", () => {
  test("that cannot be reached is a matter for later, if all else is well; no password is shown", async () => {
    await using home = await household({ phone: { "a.txt": "a" } });
    for (const url of [
      "postgres://me:s3cret@127.0.0.1:1/onefold?connect_timeout=1",
      "postgres://me:s3cret@/onefold?host=/nowhere&connect_timeout=1",
    ]) {
      const ended = await home.onefold(["doctor", "--json", "--database", url, ...home.places]);
      const found = diagnosisIn(ended);

      assert.deepEqual([found.failed, found.status], [["database"], 5]);
      assert.match(found.check("database").detail, /cannot reach the database/);
      assert.match(found.check("database").fix ?? "", /server runs/);
      assert.ok(found.check("archive writable").ok);
      assert.doesNotMatch(ended.stdout + ended.stderr, /s3cret/);
      const more = await diagnose(home, ["--database", url, "--source", home.path("gone")]);
      assert.deepEqual([more.failed, more.status], [["database", 'source "gone"'], 4]);
    }
  });

  test("whose URL is wrong is a fault of the config, and is not repeated", async () => {
    await using home = await household({ phone: {} });
    for (const url of ["mysql://me:s3cret@nas/x", "postgres://me:s3cret@nas/x?hots=y"]) {
      const ended = await home.onefold(["doctor", "--json", "--database", url, ...home.places]);

      assert.equal(ended.status, 2);
      assert.ok(diagnosisIn(ended).failed.includes("database"));
      assert.doesNotMatch(ended.stdout + ended.stderr, /s3cret/);
    }
  });

  test("that is empty stays so", async () => {
    await using empty = await testDatabase({ migrations: null });
    await using home = await household({ phone: {} });
    const found = await diagnose(home, ["--database", empty.config.url, ...home.places]);

    assert.deepEqual([found.failed, found.status], [[], 0]);
    assert.match(found.check("database").detail, /schema public: the first run makes the tables$/);
    assert.deepEqual(
      await empty.database.query(sql`select relname from pg_class where relnamespace = 'public'::regnamespace`),
      [],
    );
  });

  test("where nothing can be kept: its role may not make tables, its state folder cannot be made", async () => {
    await using empty = await testDatabase({ migrations: null });
    await using home = await household({ phone: { "a.txt": "a" } });
    await empty.database.query(sql`create role stranger login`);
    try {
      const url = empty.config.url.replace("onefold@", "stranger@");
      const found = await diagnose(home, ["--database", url, ...home.places]);
      assert.deepEqual([found.failed, found.status], [["database"], 4]);
      assert.match(found.check("database").fix ?? "", /create schema authorization/);
    } finally {
      await empty.database.query(sql`drop role stranger`);
    }
    const env = { ONEFOLD_DATABASE: undefined, ONEFOLD_STATE: home.path("phone/a.txt/state") };
    const found = await diagnose(home, home.places, { env });
    assert.deepEqual([found.failed, found.status], [["database"], 5]);
    assert.match(found.check("database").fix ?? "", /ONEFOLD_STATE/);
  });
});

describe("mounts", () => {
  test("that are required, or were there before, are missed; with mount = off they are not", async () => {
    await using home = await household({ phone: { "a.txt": "a" }, laptop: { "b.txt": "b" } });
    await home.run();
    await home.database.query(sql`
      update source set mount_point = '/mnt/gone', mount_type = 'cifs', mount_source = '//nas/x' where kind = 'source'`);
    const seenBefore = await diagnose(home);
    assert.deepEqual([seenBefore.failed, seenBefore.status], [['source "phone"', 'source "laptop"'], 4]);
    assert.match(seenBefore.check('source "phone"').detail, /^nothing is mounted at /);
    assert.match(seenBefore.check('source "phone"').fix ?? "", /mount = "off"/);

    await home.write(
      "onefold.toml",
      `[[source]]\npath = "phone"\nmount = "off"\n[[source]]\npath = "laptop"\nmount = "required"\n`,
    );
    assert.deepEqual((await diagnose(home, [])).failed, ['source "laptop"']);
  });

  test("an archive whose disk is missing is not taken for a new one, and nothing is written there", async () => {
    await using home = await household({ phone: { "a.txt": "a" } });
    await home.run();
    await home.database.query(sql`
      update source set mount_point = '/mnt/tank', mount_type = 'zfs', mount_source = 'tank' where kind = 'archive'`);
    assert.deepEqual((await diagnose(home)).failed, [], "the marker shows that it is the same archive");
    for (const name of await readdir(home.path("archive"))) await rm(home.path(`archive/${name}`), { recursive: true });
    const found = await diagnose(home);

    assert.deepEqual([found.failed, found.status], [["archive"], 4]);
    assert.match(found.check("archive").detail, /zfs, mounted at \/mnt\/tank/);
    assert.deepEqual(await readdir(home.path("archive")), []);
  });

  test("an empty folder of the root disk, which may wait for its share, is remarked on", async () => {
    await using home = await household({ phone: {} });
    const found = await diagnose(home);
    const { ok, detail } = found.check('source "phone"');

    assert.ok(ok);
    // Where the temporary folder is a mount of its own, nothing is remarkable.
    assert.ok(/is empty, and nothing is mounted/.test(detail) || !/mounted at \/(?:;|$)/.test(detail), detail);
  });
});

describe("advice, which never fails", () => {
  test("tells of another run, by the archive and by the database", async () => {
    await using home = await household({ phone: { "a.txt": "a" } });
    await home.run();
    {
      const lock = await acquireProcessLock(home.path("archive/.onefold/lock"), { purpose: "onefold run" });
      assert.ok(lock.heldBy === null);
      await using _held = lock;
      const found = await diagnose(home);
      assert.deepEqual([found.failed, found.status], [[], 0]);
      assert.match(found.check("other runs").detail, /"onefold run", process \d+ on .*status 7/);
    }
    {
      await using _held = await holdRunLock(home.database);
      assert.match((await diagnose(home)).check("other runs").detail, /active with this database/);
    }
    assert.equal((await diagnose(home)).check("other runs").detail, "none is active");
  });

  test("tells which programs help, and that they are not needed", async () => {
    await using home = await household({ phone: { "a.txt": "a" } });
    await using programs = await layOut({ bin: {} });
    const without = await diagnose(home, home.places, { env: { PATH: programs.path("bin") } });
    await writeFile(programs.path("bin/czkawka_cli"), "#!/bin/sh\necho czkawka 9.8.7\n", { mode: 0o755 });
    const found = await diagnose(home, home.places, { env: { PATH: programs.path("bin") } });
    await writeFile(programs.path("bin/czkawka_cli"), "#!/bin/sh\necho no libgtk >&2; exit 127\n", { mode: 0o755 });
    const broken = await diagnose(home, home.places, { env: { PATH: programs.path("bin") } });

    for (const { failed, status } of [without, found, broken]) assert.deepEqual([failed, status], [[], 0]);
    assert.match(without.check("czkawka_cli").detail, /^not found: only needed for scan --engine czkawka$/);
    assert.match(without.check("exiftool").detail, /perl is not installed.*Optional/);
    assert.match(found.check("czkawka_cli").detail, /^9\.8\.7; only needed/);
    assert.match(broken.check("czkawka_cli").detail, /does not start \(no libgtk\)/);
  });
});

describe("hostile names", () => {
  const hostile = "\x1b]0;owned\x07\n\x9b31mok    x: all is well\u202e";

  test("never reach the terminal, and cannot pass for a check", async () => {
    await using home = await household({ phone: { "a.txt": "a" } });
    await mkdir(join(home.disk.root, hostile));
    await writeFile(join(home.disk.root, `${hostile}.toml`), `[${hostile}]\n`);
    const places = [
      "--source",
      `fine=${join(home.disk.root, hostile)}`,
      "--archive",
      join(home.disk.root, `${hostile}/x`),
    ];
    for (const args of [places, ["--config", `${hostile}.toml`], ["--config", hostile], ["--source", hostile]]) {
      const { stdout, stderr } = await home.onefold(["doctor", ...args]);

      assert.doesNotMatch(stdout + stderr, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
      for (const line of stdout.trimEnd().split("\n")) assert.match(line, /^(?:ok {4}|FAIL {2})[^ ]|^ {6}/);
      assert.doesNotMatch(stdout, /^ok {4}x:/m);
    }
    const json = await home.onefold(["doctor", "--json", ...places, "--config", `${hostile}.toml`]);
    assert.doesNotMatch(json.stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    assert.deepEqual(diagnosisIn(json).failed, ["config file", "archive"]);
  });

  test("of a source are read as bytes", async () => {
    await using home = await household({ "caf\\xe9": { "a.txt": "a" } });
    const found = await diagnose(home, ["--source", `cafe=${home.path("caf\\xe9")}`]);

    assert.match(found.check('source "cafe"').detail, /\/caf\\xe9 holds 1 name/);
  });
});

/** A FAT file system of its own; null where it may not be made or mounted. */
async function fatDisk(): Promise<({ readonly path: string } & AsyncDisposable) | null> {
  const run = promisify(execFile);
  const folder = await mkdtemp(join(tmpdir(), "onefold-fat-"));
  const [image, path] = [join(folder, "image"), join(folder, "mounted")];
  try {
    await mkdir(path);
    await writeFile(image, fat16());
    await run("mount", ["-o", "loop", image, path]);
  } catch {
    await rm(folder, { recursive: true, force: true });
    return null;
  }
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await run("umount", [path]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** An empty FAT16 of 16 MiB: the few programs that make one are seldom there. */
function fat16(): Buffer {
  const image = Buffer.alloc(16 << 20);
  image.set([0xeb, 0x3c, 0x90]);
  image.write("onefold ", 3, "latin1");
  // 512 bytes a sector, 4 sectors a cluster, 1 reserved, 2 tables of 32 sectors, 512 names in the root, 32,768 sectors.
  image.set([0x00, 0x02, 4, 1, 0, 2, 0x00, 0x02, 0x00, 0x80, 0xf8, 32, 0, 32, 0, 64, 0], 11);
  image.set([0x80, 0, 0x29], 36);
  image.write("NO NAME    FAT16   ", 43, "latin1");
  image.set([0x55, 0xaa], 510);
  for (const table of [512, 512 * 33]) image.set([0xf8, 0xff, 0xff, 0xff], table);
  return image;
}
