import assert from "node:assert/strict";
import { renameSync, utimesSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { anArchive, archived, inodeOf, relinkWhile, second, standingAt, temporary } from "../testing/relinking.ts";
import { fileFrom } from "../testing/tree.ts";
import { PinnedFolders } from "./pinned-folder.ts";
import { relinkFile } from "./relink-file.ts";
import { KeptFiles } from "./relink-kept.ts";
import type { Standing } from "./standing.ts";

/** Lets something happen where the comparison has no say: before the link is made, or after the last piece. */
class Meddling extends KeptFiles {
  #looks = 0;
  readonly #meddle: Partial<Record<"beforeLink" | "afterProof", () => void>>;

  constructor(meddle: Partial<Record<"beforeLink" | "afterProof", () => void>>) {
    super();
    this.#meddle = meddle;
  }

  override flushBytes(...file: Parameters<KeptFiles["flushBytes"]>): void {
    super.flushBytes(...file);
    this.#meddle.beforeLink?.();
  }

  override now(kept: Standing): Standing {
    this.#looks += 1;
    // Asked for when it was opened, when it was linked, and when both were seen to be equal.
    if (this.#looks === 3) this.#meddle.afterProof?.();
    return super.now(kept);
  }
}

describe("at the last moment, a file is left alone, too,", () => {
  const disks = () => anArchive({ kept: fileFrom(5n * second, "same"), mine: { copy: fileFrom(9n * second, "same") } });
  const codeOf = (error: unknown) => Object(error).code ?? Object(Object(error).cause).code;
  const exchange = (path: string) => {
    writeFileSync(`${path} new`, "new!");
    renameSync(`${path} new`, path);
  };

  test("if its twin is not the file that was opened any more", async () => {
    await using disk = await disks();
    const keptFiles = new Meddling({ beforeLink: () => exchange(disk.path("archive/kept")) });
    await assert.rejects(
      relinkWhile(disk, () => {}, { keptFiles }),
      (error) => codeOf(error) === "CHANGED_SINCE_SCAN",
    );

    assert.deepEqual(await archived(disk), { kept: "new!", mine: { copy: "same" } });
  });

  for (const name of ["kept", "mine/copy"]) {
    test(`if ${name} was exchanged or written to after both were seen to be equal`, async () => {
      const meddles = [exchange, (path: string) => writeFileSync(path, "new!")];
      for (const meddle of meddles) {
        await using disk = await disks();
        const keptFiles = new Meddling({ afterProof: () => meddle(disk.path(`archive/${name}`)) });
        await assert.rejects(
          relinkWhile(disk, () => {}, { keptFiles }),
          (error) => codeOf(error) === "CHANGED_WHILE_READ",
        );
        const now =
          name === "kept" ? { kept: "new!", mine: { copy: "same" } } : { kept: "same", mine: { copy: "new!" } };
        assert.deepEqual(await archived(disk), now);
      }
    });

    test(`if ${name} is not what was planned for`, async () => {
      await using disk = await disks();
      const step = { file: await standingAt(disk, "mine/copy"), kept: await standingAt(disk, "kept"), temporary };
      utimesSync(disk.path(`archive/${name}`), 7, 7);
      using folders = new PinnedFolders(disk.path("archive"));
      const relinking = () => relinkFile(step, { folders, keptFiles: new KeptFiles(), pause: () => {} });

      assert.throws(relinking, (error) => codeOf(error) === "CHANGED_SINCE_SCAN");
      assert.notEqual(await inodeOf(disk, "kept"), await inodeOf(disk, "mine/copy"));
    });
  }
});
