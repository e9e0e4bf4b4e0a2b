import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PathText } from "../src/model/path.ts";
import { type Household, household, snapshot } from "../src/testing/household.ts";
import { brokenPromises } from "../src/testing/promises.ts";
import { fileFrom, hardLinkTo, type Tree } from "../src/testing/tree.ts";

const runs = Number(process.env["ONEFOLD_PROPERTY_RUNS"] ?? 4);
const second = 1_000_000_000n;

/** Few names and few contents, so that everything meets everything: twins in case and Unicode form, companions, junk. */
const names = [
  "a.txt",
  "A.TXT",
  "IMG_1.JPG",
  "IMG_1.CR2",
  "IMG_1.jpg",
  "IMG_1.JPG.xmp",
  "caf\u00e9",
  "cafe\u0301",
  "x",
];
const aName = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...names) },
  { weight: 1, arbitrary: fc.constantFrom("Thumbs.db", "\\xff.mov", "two\\x0alines", "20190714_101500.jpg") },
);
const aContent = fc.constantFrom("", "one", "two", "six", "longer than most of the others", "x".repeat(200_000));
const aTime = fc.constantFrom(-5n, 1_000_000_000n, 1_563_099_300n, 1_563_099_301n).map((time) => time * second);
const aFile = fc.tuple(aContent, aTime).map(([content, modified]) => fileFrom(modified, content));
const aFolder = fc.dictionary(aName, aFile, { maxKeys: 7, noNullPrototype: true });
const aSource: fc.Arbitrary<Tree> = fc
  .tuple(
    aFolder,
    fc.dictionary(fc.constantFrom("docs", "Docs", "x", "DCIM"), aFolder, { maxKeys: 3, noNullPrototype: true }),
  )
  .map(([files, folders]) => ({ ...files, ...folders }));
const sources = fc.record({ phone: aSource, laptop: aSource, usb: aSource }).map((trees) => withHardLinks(trees));

const isJunk = (path: PathText) => path.endsWith("Thumbs.db");

test("whatever the sources hold, all of it is archived once, and a second run changes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(sources, async (trees) => {
      await using home = await household(trees);
      const before = await sourcesOf(home);
      const first = await home.run();
      assert.deepEqual(await brokenPromises(home, isJunk), []);
      assert.deepEqual(await sourcesOf(home), before, "a source was changed");
      assert.equal(first.plan.copyFiles, first.consolidate.copiedFiles);
      assert.equal(first.plan.linkFiles, first.consolidate.linkedFiles);
      const archived = await home.archived();
      const again = await home.run();
      assert.deepEqual([again.plan.copyFiles, again.plan.linkFiles], [0, 0]);
      assert.deepEqual(await home.archived(), archived);
    }),
    { numRuns: runs, endOnFailure: true },
  );
});

test("however an archive came about, what it held before is still there, and nothing is there twice", async () => {
  const history = fc.tuple(sources, sources, aSource);
  await fc.assert(
    fc.asyncProperty(history, async ([before, after, mine]) => {
      await using old = await household(before);
      await old.run();
      await using home = await household(after, { archive: { ...(await old.archived()), mine } });
      const held = await snapshot(home.path("archive"));
      await home.run();
      const now = await snapshot(home.path("archive"));
      for (const [path, { kind, content, inode, modifiedNs }] of held) {
        if (kind !== "file") continue;
        const there = now.get(path);
        assert.deepEqual([there?.content, there?.inode, there?.modifiedNs], [content, inode, modifiedNs], path);
      }
      const lost = (await brokenPromises(home, isJunk)).filter((sentence) =>
        sentence.includes("is not in the archive"),
      );
      assert.deepEqual(lost, []);
      const { plan } = await home.run();
      assert.deepEqual([plan.copyFiles, plan.linkFiles], [0, 0]);
    }),
    { numRuns: Math.ceil(runs / 2), endOnFailure: true },
  );
});

test("sources that come one after the other end as those that come at once", async () => {
  await fc.assert(
    fc.asyncProperty(sources, async (trees) => {
      await using home = await household(trees);
      const archive = ["--archive", home.path("archive")];
      for (const name of [...home.sources].reverse()) {
        const { status, stderr } = await home.onefold(["run", "--source", `${name}=${home.path(name)}`, ...archive]);
        assert.equal(status, 0, stderr);
      }
      const { plan } = await home.run();
      assert.deepEqual([plan.copyFiles, plan.linkFiles], [0, 0]);
      assert.deepEqual(await brokenPromises(home, isJunk), []);
    }),
    { numRuns: Math.ceil(runs / 2), endOnFailure: true },
  );
});

async function sourcesOf(home: Household): Promise<unknown> {
  return Promise.all(home.sources.map((name) => snapshot(home.path(name))));
}

/** Gives each source one more name for its first file. */
function withHardLinks(trees: Readonly<Record<string, Tree>>): Tree {
  return Object.fromEntries(
    Object.entries(trees).map(([source, tree]) => {
      const [first] = Object.keys(tree).filter((name) => names.includes(name) && name !== "x");
      return [source, first === undefined ? tree : { ...tree, "linked name.txt": hardLinkTo(`${source}/${first}`) }];
    }),
  );
}
