import assert from "node:assert/strict";
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { describe, test } from "node:test";
import { blake3 } from "@napi-rs/blake-hash";
import type { ReclaimableFile } from "../inventory/reclaimable.ts";
import { toHash } from "../model/file.ts";
import { joinPath, type PathText, systemPath } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { type Disk, hardLinkTo, layOut, readTree, symlinkTo, type Tree } from "../testing/tree.ts";
import { PinnedFolders } from "./pinned-folder.ts";
import { NonceCheck } from "./reclaim-alias.ts";
import { type ReclaimPlaces, type ReclaimResult, ReclaimWork } from "./reclaim-batch.ts";
import type { ReclaimHow } from "./reclaim-records.ts";
import { newStopFlag, raise } from "./stop-flag.ts";
import { Trouble } from "./trouble.ts";

const aside = ".onefold/quarantine/run/DCIM/a.jpg" as PathText;

/** A source whose file the archive holds. */
function aShare({ source = {}, archive = {} }: { source?: Tree; archive?: Tree } = {}): Promise<Disk> {
  return layOut({
    archive: { photos: { "a.jpg": "beach" }, ...archive },
    source: { DCIM: { "a.jpg": "beach" }, ...source },
    outside: { "a.jpg": "beach", only: "mine" },
  });
}

function taskOf(disk: Disk, path = "DCIM/a.jpg", entry = "photos/a.jpg"): ReclaimableFile {
  const file = lstatSync(systemPath(disk.path(`source/${path}`)), { bigint: true });
  const held = lstatSync(systemPath(disk.path(`archive/${entry}`)), { bigint: true });
  return {
    id: 1,
    path: path as PathText,
    size: Number(file.size),
    modified: file.mtimeNs as EpochNs,
    changed: file.ctimeNs as EpochNs,
    inode: null,
    hash: toHash(blake3("beach").toString("hex")),
    entry: { path: entry as PathText, modified: held.mtimeNs as EpochNs },
    names: null,
    nth: 1,
  };
}

function placesOf(disk: Disk, how: ReclaimHow = "quarantine"): ReclaimPlaces {
  const { dev: device } = lstatSync(disk.root, { bigint: true });
  const tree = (name: string) => ({ root: disk.path(name), called: name, device });
  return { how, trusted: true, source: tree("source"), archive: tree("archive") };
}

interface Steps {
  readonly how?: ReclaimHow;
  readonly places?: ReclaimPlaces;
  readonly task?: ReclaimableFile;
  readonly aside?: PathText;
  /** Done between the proof and the act. */
  readonly meanwhile?: () => void;
  /** Milliseconds that pass there. */
  readonly passes?: number;
}

/** Proves the one file, and acts. */
function reclaimOne(disk: Disk, steps: Steps = {}): ReclaimResult | undefined {
  const { how = "quarantine", places = placesOf(disk, how), task = taskOf(disk), meanwhile, passes = 0 } = steps;
  let now = 0;
  const work = new ReclaimWork(() => now);
  const stop = newStopFlag();
  const proved = work.answer({ do: "prove", places, stop, tasks: [task], known: null });
  if (proved.results[0]?.kind !== "proven") return proved.results[0];
  meanwhile?.();
  now += passes;
  return work.answer({ do: "reclaim", places, stop, steps: [{ id: task.id, aside: steps.aside ?? aside }] }).results[0];
}

const codeOf = (result: ReclaimResult | undefined) => (result !== undefined && "code" in result ? result.code : result);
const source = (disk: Disk) => readTree(disk.path("source"));
const inQuarantine = { ".onefold": { quarantine: { run: { DCIM: { "a.jpg": "beach" } } } }, DCIM: {} };

describe("a proof", () => {
  test("lets its file go into the quarantine", async () => {
    await using disk = await aShare();
    assert.equal(reclaimOne(disk)?.kind, "reclaimed");
    assert.deepEqual(await source(disk), inQuarantine);
  });

  test("is good for a minute", async () => {
    await using disk = await aShare();
    assert.equal(codeOf(reclaimOne(disk, { passes: 60_001 })), "PROOF_EXPIRED");
    assert.equal(reclaimOne(disk, { passes: 60_000 })?.kind, "reclaimed");
  });

  test("is good once, and nothing goes without one", async () => {
    await using disk = await aShare();
    const places = placesOf(disk);
    const stop = newStopFlag();
    const work = new ReclaimWork(() => 0);
    const act = () => work.answer({ do: "reclaim", places, stop, steps: [{ id: 1, aside }] });
    assert.throws(act, /was not proven/);
    work.answer({ do: "prove", places, stop, tasks: [taskOf(disk)], known: null });
    act();
    assert.throws(act, /was not proven/);
  });

  test("is not made for a file whose entry has other bytes behind the same size and time", async () => {
    await using disk = await aShare();
    const task = taskOf(disk);
    writeFileSync(disk.path("archive/photos/a.jpg"), "bench");
    const seconds = Number(task.entry.modified) / 1e9;
    utimesSync(disk.path("archive/photos/a.jpg"), seconds, seconds);
    const modified = lstatSync(disk.path("archive/photos/a.jpg"), { bigint: true }).mtimeNs as EpochNs;
    const result = reclaimOne(disk, { task: { ...task, entry: { ...task.entry, modified } } });
    assert.equal(codeOf(result), "ENTRY_DAMAGED");
    assert.deepEqual(result?.kind === "failed" && result.entry, { actual: blake3("bench").toString("hex") });
  });

  test("is not made for a file whose own bytes changed behind its times", async () => {
    await using disk = await aShare();
    writeFileSync(disk.path("source/DCIM/a.jpg"), "bench");
    assert.equal(codeOf(reclaimOne(disk, { task: taskOf(disk) })), "CONTENT_CHANGED");
    assert.deepEqual(Object(await source(disk)).DCIM, { "a.jpg": "bench" });
  });

  test("is not made for a file that was touched since the scan, though its bytes are the same", async () => {
    await using disk = await aShare();
    const task = taskOf(disk);
    for (const other of [{ changed: 1n as EpochNs }, { modified: 1n as EpochNs }, { size: 4 }]) {
      assert.equal(codeOf(reclaimOne(disk, { task: { ...task, ...other } })), "CHANGED_SINCE_SCAN");
    }
  });

  test("is made for one of several names whose ctime another name's going has changed", async () => {
    await using disk = await aShare();
    const task = taskOf(disk);
    const inode = lstatSync(disk.path("source/DCIM/a.jpg"), { bigint: true }).ino;
    const changed = 1n as EpochNs;
    assert.equal(codeOf(reclaimOne(disk, { task: { ...task, changed, inode: inode + 1n } })), "CHANGED_SINCE_SCAN");
    assert.equal(reclaimOne(disk, { task: { ...task, changed, inode } })?.kind, "reclaimed");
  });

  test("is not made for a name of the entry", async () => {
    await using disk = await aShare({ source: { b: hardLinkTo("archive/photos/a.jpg") } });
    const task = taskOf(disk, "b");
    assert.equal(codeOf(reclaimOne(disk, { task })), "SAME_FILE");
    assert.equal(reclaimOne(disk, { task, how: "hard-link" })?.kind, "alreadyLinked");
  });

  test("is not made through a link, in the source or in the archive", async () => {
    await using disk = await aShare({
      source: { link: symlinkTo("DCIM"), "a.jpg": symlinkTo("../outside/a.jpg") },
      archive: { link: symlinkTo("photos") },
    });
    const task = taskOf(disk);
    assert.equal(codeOf(reclaimOne(disk, { task: { ...task, path: "link/a.jpg" as PathText } })), "PATH_BLOCKED");
    assert.equal(codeOf(reclaimOne(disk, { task: { ...task, path: "a.jpg" as PathText } })), "ELOOP");
    const entry = { ...task.entry, path: "link/a.jpg" as PathText };
    assert.equal(codeOf(reclaimOne(disk, { task: { ...task, entry } })), "PATH_BLOCKED");
  });

  test("is not made once work is to stop, nor acted on", async () => {
    await using disk = await aShare();
    const places = placesOf(disk);
    const stop = newStopFlag();
    const work = new ReclaimWork(() => 0);
    work.answer({ do: "prove", places, stop, tasks: [taskOf(disk)], known: null });
    raise(stop);
    assert.deepEqual(work.answer({ do: "reclaim", places, stop, steps: [{ id: 1, aside }] }).results, [
      { kind: "aborted" },
    ]);
    assert.deepEqual(await source(disk), { DCIM: { "a.jpg": "beach" } });
  });
});

describe("between the proof and the act", () => {
  for (const how of ["quarantine", "delete", "hard-link"] as const) {
    test(`${how}: a folder becomes a link: what lies behind it is not touched`, async () => {
      await using disk = await aShare();
      const meanwhile = () => {
        renameSync(disk.path("source/DCIM"), disk.path("source/away"));
        symlinkSync("../outside", disk.path("source/DCIM"));
      };
      assert.equal(codeOf(reclaimOne(disk, { how, meanwhile })), "PATH_BLOCKED");
      assert.deepEqual(await readTree(disk.path("outside")), { "a.jpg": "beach", only: "mine" });
      assert.deepEqual(Object(await source(disk)).away, { "a.jpg": "beach" });
    });

    test(`${how}: the file is replaced by an equal one, or written to: it stays`, async () => {
      await using disk = await aShare();
      const file = disk.path("source/DCIM/a.jpg");
      const replace = () => {
        rmSync(file);
        writeFileSync(file, "beach");
      };
      assert.equal(codeOf(reclaimOne(disk, { how, meanwhile: replace })), "CHANGED_SINCE_SCAN");
      assert.equal(codeOf(reclaimOne(disk, { how, meanwhile: () => appendFileSync(file, "!") })), "CHANGED_SINCE_SCAN");
      assert.deepEqual(Object(await source(disk)).DCIM, { "a.jpg": "beach!" });
    });

    test(`${how}: the file is written to, and given its old time: it stays`, async () => {
      await using disk = await aShare();
      const file = disk.path("source/DCIM/a.jpg");
      utimesSync(file, 1_000, 1_000);
      const meanwhile = () => {
        writeFileSync(file, "bench");
        utimesSync(file, 1_000, 1_000);
      };
      assert.equal(codeOf(reclaimOne(disk, { how, meanwhile })), "CHANGED_SINCE_SCAN");
      assert.deepEqual(Object(await source(disk)).DCIM, { "a.jpg": "bench" });
    });

    test(`${how}: the entry goes, or is replaced: the file stays`, async () => {
      await using disk = await aShare();
      const entry = disk.path("archive/photos/a.jpg");
      const replace = () => {
        rmSync(entry);
        writeFileSync(entry, "beach");
      };
      assert.equal(codeOf(reclaimOne(disk, { how, meanwhile: replace })), "ENTRY_CHANGED");
      assert.equal(codeOf(reclaimOne(disk, { how, meanwhile: () => rmSync(entry) })), "ENOENT");
      assert.deepEqual(Object(await source(disk)).DCIM, { "a.jpg": "beach" });
    });

    test(`${how}: something takes the place aside: it is not overwritten`, async () => {
      await using disk = await aShare();
      const meanwhile = () => {
        mkdirSync(disk.path(".onefold/quarantine/run/DCIM").replace(disk.root, disk.path("source")), {
          recursive: true,
        });
        writeFileSync(joinPath(disk.path("source"), aside), "somebody's");
      };
      assert.equal(codeOf(reclaimOne(disk, { how, meanwhile })), "PLACE_TAKEN");
      assert.deepEqual(Object(await source(disk)).DCIM, { "a.jpg": "beach" });
      assert.deepEqual(Object(await source(disk))[".onefold"].quarantine.run.DCIM, { "a.jpg": "somebody's" });
    });
  }

  test("the source turns into something else that is mounted there: all stops", async () => {
    await using disk = await aShare();
    const places = placesOf(disk);
    const other = { ...places, source: { ...places.source, device: places.source.device + 1n } };
    const result = reclaimOne(disk, { places: other });
    assert.deepEqual([result?.kind, codeOf(result)], ["stop", "ENODEV"]);
  });

  test("the private folder of the source is a link: nothing is moved through it", async () => {
    await using disk = await aShare({ source: { ".onefold": symlinkTo("../outside") } });
    assert.equal(codeOf(reclaimOne(disk)), "PATH_BLOCKED");
    assert.deepEqual(await readTree(disk.path("outside")), { "a.jpg": "beach", only: "mine" });
  });
});

describe("a folder that is the archive's under another path", () => {
  const check = (disk: Disk, sourceRoot: string) => {
    using ours = new PinnedFolders(disk.path(sourceRoot));
    using archive = new PinnedFolders(disk.path("archive"));
    const task = { ...taskOf(disk), path: "a.jpg" as PathText };
    new NonceCheck({ source: ours, archive }, new Map()).check(task);
  };

  test("is told by a file that appears in both, which is gone afterwards", async () => {
    await using disk = await aShare();
    assert.throws(
      () => check(disk, "archive/photos"),
      (error) => error instanceof Trouble && error.code === "SAME_FILE",
    );
    check(disk, "outside");
    assert.deepEqual(await readTree(disk.path("archive")), { photos: { "a.jpg": "beach" } });
    assert.deepEqual(await readTree(disk.path("outside")), { "a.jpg": "beach", only: "mine" });
  });

  test("also if only another place of the content lies in it, in other letters", async () => {
    await using disk = await aShare({ archive: { "by-source": { "A.JPG": "beach" } } });
    using ours = new PinnedFolders(disk.path("archive/by-source"));
    using archive = new PinnedFolders(disk.path("archive"));
    const task = { ...taskOf(disk), path: "a.jpg" as PathText };
    const places = new Map([[task.hash, ["by-source/A.JPG" as PathText]]]);
    assert.throws(
      () => new NonceCheck({ source: ours, archive }, places).check(task),
      (error) => error instanceof Trouble && error.code === "SAME_FILE",
    );
  });
});
