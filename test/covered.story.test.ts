import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { appendFile, link, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { sql } from "../src/inventory/database.ts";
import { flipBit } from "../src/testing/bits.ts";
import { type Household, household, snapshot } from "../src/testing/household.ts";
import { documentOf } from "../src/testing/onefold.ts";
import { hardLinkTo, type Tree } from "../src/testing/tree.ts";

const execute = promisify(execFile);

interface Answer {
  readonly covered: boolean;
  readonly source: string | null;
  readonly root: string;
  readonly below: string;
  readonly files: number;
  readonly bytes: number;
  readonly junk: { readonly files: number; readonly bytes: number };
  readonly folders: readonly { readonly path: string; readonly files: number; readonly missing: number }[];
  readonly missing: readonly {
    readonly source: string | null;
    readonly path: string;
    readonly code: string;
    readonly because: string;
  }[];
}

const ask = async (home: Household, what: string, status: number, more: readonly string[] = []): Promise<Answer> => {
  const ended = await home.onefold(["covered", what, "--json", ...home.places, ...more]);
  assert.equal(ended.status, status, ended.stderr + ended.stdout);
  const answer = documentOf<Answer>(ended);
  assert.equal(answer.covered, status === 0);
  return answer;
};
const codes = ({ missing }: Answer) => missing.map(({ path, code }) => `${path} ${code}`);

const phone: Tree = {
  "a.txt": "first",
  DCIM: { "1.jpg": "one", "2.jpg": "two!", "Thumbs.db": "junk" },
  docs: { deep: { "b.txt": "second", "empty.txt": "" } },
};
const sources = { phone, laptop: { "copy of a.txt": "first" } };

describe("a source whose files are all archived", () => {
  test("is covered: files, bytes and junk are counted, folder by folder, and nothing is changed", async () => {
    await using home = await household(sources);
    await home.run();
    const before = [await snapshot(home.path("archive")), await snapshot(home.path("phone"))];
    const answer = await ask(home, "phone", 0);

    assert.deepEqual([answer.source, answer.root, answer.below], ["phone", home.path("phone"), ""]);
    assert.deepEqual([answer.files, answer.bytes, answer.missing], [5, 5 + 3 + 4 + 6, []]);
    assert.deepEqual(answer.junk, { files: 1, bytes: 4 });
    assert.deepEqual(
      answer.folders.map(({ path, files, missing }) => [path, files, missing]),
      [
        ["", 1, 0],
        ["DCIM", 2, 0],
        ["docs", 2, 0],
      ],
    );
    assert.deepEqual([await snapshot(home.path("archive")), await snapshot(home.path("phone"))], before);
    const { stdout } = await home.onefold(["covered", "phone", ...home.places]);
    assert.match(stdout, /^files right here: 1 file, 5 bytes: covered\nDCIM: 2 files, 7 bytes: covered\n/);
    assert.match(
      stdout,
      /\nJunk, never archived: 1 file, 4 bytes\n\nCovered: 5 files, 18 bytes, all of it in the archive /,
    );
  });

  test("is covered also in part: a folder or a single file, by its path, without the other sources", async () => {
    await using home = await household(sources);
    await home.run();
    await writeFile(home.path("phone/new.txt"), "not seen yet");
    await rm(home.path("laptop"), { recursive: true });
    const folder = await ask(home, home.path("phone/docs"), 0);
    const file = await ask(home, home.path("phone/DCIM/1.jpg"), 0);

    assert.deepEqual([folder.source, folder.below, folder.files], ["phone", "docs", 2]);
    assert.deepEqual(
      folder.folders.map(({ path }) => path),
      ["docs/deep"],
    );
    assert.deepEqual([file.source, file.below, file.files], ["phone", "DCIM/1.jpg", 1]);
    assert.deepEqual(codes(await ask(home, home.path("phone/new.txt"), 3)), ["new.txt NEW_SINCE_SCAN"]);
  });
});

describe("a source is not covered, and it is told why", () => {
  test("by files that are new or changed, links, pipes, excluded files, and a missing entry", async () => {
    await using home = await household({ phone: { ...phone, cache: { "c.txt": "cached" } } });
    await home.write(
      "onefold.toml",
      `[archive]\npath = "${home.path("archive")}"\n[[source]]\nname = "phone"\npath = "${home.path("phone")}"\nexclude = ["cache"]\n`,
    );
    assert.equal((await home.onefold(["run"])).status, 0);
    await writeFile(home.path("phone/docs/new.txt"), "new");
    await appendFile(home.path("phone/a.txt"), " and more");
    await symlink("a.txt", home.path("phone/link"));
    await rm(home.path("archive/photos"), { recursive: true });
    await writeFile(home.path("archive/files/docs/deep/b.txt"), "other!");
    const ended = await home.onefold(["covered", "phone", "--json"]);
    assert.equal(ended.status, 3, ended.stderr);
    const answer = documentOf<Answer>(ended);

    assert.deepEqual(codes(answer), [
      "a.txt CHANGED_SINCE_SCAN",
      "cache EXCLUDED",
      "link SYMBOLIC_LINK",
      "DCIM/1.jpg ENTRY_GONE",
      "DCIM/2.jpg ENTRY_GONE",
      "docs/deep/b.txt ENTRY_CHANGED",
      "docs/new.txt NEW_SINCE_SCAN",
    ]);
    assert.deepEqual(
      answer.folders.map(({ path, missing }) => [path, missing]),
      [
        ["", 3],
        ["DCIM", 2],
        ["docs", 2],
      ],
    );
    const { stdout } = await home.onefold(["covered", "phone"]);
    assert.match(stdout, /\n {2}docs\/new\.txt: not known: new since the last scan \[NEW_SINCE_SCAN\]\n/);
    assert.match(stdout, /\nNOT COVERED: 7 files and other things would be lost\.\n$/);
  });

  test("by an entry that is known to be damaged: that is an alarm", async () => {
    await using home = await household(sources);
    await home.run();
    await flipBit(home.path("archive/files/a.txt"));
    await ask(home, "phone", 0);
    await home.onefold(["verify", "--all", ...home.places]);

    assert.deepEqual(codes(await ask(home, "phone", 6)), ["a.txt ENTRY_DAMAGED"]);
    assert.deepEqual(codes(await ask(home, "laptop", 6)), ["copy of a.txt ENTRY_DAMAGED"]);
  });

  test("by what was scanned, but never archived", async () => {
    await using home = await household(sources);
    await home.run();
    await writeFile(home.path("phone/docs/new.txt"), "new here");
    await home.onefold(["scan", ...home.places]);

    assert.deepEqual(codes(await ask(home, "phone", 3)), ["docs/new.txt NOT_ARCHIVED"]);
  });

  test("by files that are the archive's own", async () => {
    await using home = await household({ old: { "a.txt": "first" } });
    await home.run();
    // A folder of links into the archive, as a mount of it would look.
    await mkdir(home.path("elsewhere"));
    await link(home.path("archive/files/a.txt"), home.path("elsewhere/a.txt"));

    assert.deepEqual(codes(await ask(home, home.path("elsewhere"), 3)), ["a.txt OWN_FILE"]);
  });

  test("or refused, if it is the archive, or not there", async () => {
    await using home = await household(sources);
    const inside = await home.onefold(["covered", home.path("archive"), ...home.places]);
    const nowhere = await home.onefold(["covered", home.path("nowhere"), ...home.places]);

    assert.deepEqual([inside.status, nowhere.status], [4, 4]);
    assert.match(inside.stderr, /\[IS_THE_ARCHIVE\]/);
    assert.match(nowhere.stderr, /\[ROOT_NOT_FOUND\]/);
  });

  test("or refused, if it is the archive through another mount, or has that in it", async (t) => {
    if (process.getuid?.() !== 0) return t.skip("takes root");
    await using home = await household(sources);
    await home.run();
    const again = home.path("elsewhere/again");
    await mkdir(again, { recursive: true });
    await execute("mount", ["--bind", home.path("archive/files"), again]);
    try {
      for (const what of [again, home.path("elsewhere")]) {
        const { status, stderr } = await home.onefold(["covered", what, ...home.places]);
        assert.equal(status, 4, what);
        assert.match(stderr, /elsewhere\/again lies in the archive itself \[IS_THE_ARCHIVE\]/);
      }
    } finally {
      await execute("umount", [again]);
    }
  });
});

describe("a disk that no scan has seen", () => {
  test("is read, and covered if the archive has every content of it", async () => {
    await using home = await household(sources);
    await home.run();
    await mkdir(home.path("old disk"));
    await writeFile(home.path("old disk/kept.txt"), "second");
    await writeFile(home.path("old disk/Thumbs.db"), "junk here");
    const answer = await ask(home, home.path("old disk"), 0);

    assert.deepEqual(
      [answer.source, answer.root, answer.files, answer.junk.files],
      [null, home.path("old disk"), 1, 1],
    );
    await writeFile(home.path("old disk/same size.txt"), "sekond");
    await writeFile(home.path("old disk/other size.txt"), "something else");
    assert.deepEqual(codes(await ask(home, home.path("old disk"), 3)), [
      "other size.txt NOT_ARCHIVED",
      "same size.txt NOT_ARCHIVED",
    ]);
  });

  test("may be a source that was never scanned", async () => {
    await using home = await household({ ...sources, usb: { "a.txt": "second", "b.txt": "sekond" } });
    const archive = ["--archive", home.path("archive")];
    await home.onefold(["run", "--source", `phone=${home.path("phone")}`, ...archive]);
    const answer = await ask(home, "usb", 3);

    assert.deepEqual([answer.source, codes(answer)], ["usb", ["b.txt NOT_ARCHIVED"]]);
  });

  test("may be an archive itself: its records are not archived", async () => {
    await using home = await household(sources);
    await home.run();
    await using old = await household({ phone: { "a.txt": "first" } });
    await old.run();

    assert.deepEqual(codes(await ask(home, old.path("archive"), 3)), [".onefold PRIVATE_FOLDER"]);
  });
});

describe("covered --recheck", () => {
  test("reads both sides, and remembers it of the entries", async () => {
    await using home = await household({ ...sources, usb: { "again.txt": hardLinkTo("phone/a.txt") } });
    await home.run();
    await ask(home, "phone", 0, ["--recheck"]);
    const verified = await home.onefold(["verify", "--older-than", "1y", "--json", ...home.places]);

    assert.equal(documentOf<{ checked: number }>(verified).checked, 0);
  });

  test("finds rot on either side, which looks alone do not", async () => {
    await using home = await household(sources);
    await home.run();
    await flipBit(home.path("archive/files/docs/deep/b.txt"));
    await ask(home, "phone", 0);

    assert.deepEqual(codes(await ask(home, "phone", 6, ["--recheck"])), ["docs/deep/b.txt ENTRY_DAMAGED"]);
    await flipBit(home.path("archive/files/docs/deep/b.txt"));
    await ask(home, "phone", 0, ["--recheck"]);
    // What was written within seconds of its hashing is not yet known for sure.
    await home.database.query(sql`update file set racy = false`);
    await flipBit(home.path("phone/DCIM/1.jpg"));
    assert.deepEqual(codes(await ask(home, "phone", 6, ["--recheck"])), ["DCIM/1.jpg CONTENT_CHANGED"]);
  });

  test("covers by its bytes what the last scan has not seen", async () => {
    await using home = await household(sources);
    await home.run();
    await rename(home.path("phone/a.txt"), home.path("phone/renamed.txt"));

    await ask(home, "phone", 3);
    await ask(home, "phone", 0, ["--recheck"]);
  });
});
