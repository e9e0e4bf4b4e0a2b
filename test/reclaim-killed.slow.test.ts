/** Space is freed, killed at random moments, begun again, taken back: whatever a source ever held is somewhere. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import type { PathText } from "../src/model/path.ts";
import { filesIn, type Household, household, snapshot } from "../src/testing/household.ts";
import { documentsOf } from "../src/testing/onefold.ts";
import { archiveAll, undo } from "../src/testing/reclaiming.ts";
import { fileFrom, hardLinkTo, type Tree } from "../src/testing/tree.ts";

const rounds = Number(process.env["ONEFOLD_PROPERTY_RUNS"] ?? 6);
const second = 1_000_000_000n;

const aName = fc.constantFrom("a", "b", "IMG_1.JPG", "Thumbs.db", "\\xff.mov", "x y", "\\x0a");
const aFile = fc
  .tuple(fc.constantFrom("", "one", "two", "x".repeat(300_000)), fc.integer({ min: -3, max: 3 }))
  .map(([content, time]) => fileFrom(BigInt(time) * second, content));
const aFolder = fc.dictionary(aName, aFile, { maxKeys: 6, noNullPrototype: true });
/** With enough in it to be killed in. */
const aSource: fc.Arbitrary<Tree> = fc
  .tuple(aFolder, fc.dictionary(fc.constantFrom("d", "e", "@eaDir"), aFolder, { maxKeys: 3, noNullPrototype: true }))
  .map(([files, folders]) => {
    const [first] = Object.keys(files);
    const linked = first === undefined ? {} : { "linked name": hardLinkTo(`phone/${first}`) };
    const many = Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`${n}`, `many ${n % 100}`]));
    return { ...files, ...folders, ...linked, many };
  });
const someKills = fc.array(
  fc.record({ how: fc.constantFrom("", "--delete", "--hard-link"), afterMs: fc.integer({ min: 0, max: 120 }) }),
  { minLength: 1, maxLength: 3 },
);

const journals = async (home: Household) =>
  documentsOf<{ id: string; command: string }>(await home.onefold(["history", "--json", "--limit", "100"]))
    .filter(({ command }) => command === "reclaim")
    .map(({ id }) => id);

/** Waits for the first change: the journal tells. */
async function begun(home: Household, child: { readonly exitCode: number | null }): Promise<void> {
  const list = () => readdir(home.path("archive/.onefold/journal"));
  const before = (await list()).length;
  while (child.exitCode === null && (await list()).length === before) await delay(1);
}

/** Every content of a source, wherever it is now. */
async function allContents(home: Household): Promise<Set<string>> {
  const trees = await Promise.all(["phone", "archive"].map((name) => snapshot(home.path(name))));
  return new Set(trees.flatMap((tree) => filesIn(tree).map(([, { content }]) => content)));
}

test("killed at any moment: every content is in the source, the quarantine or the archive, and all comes back", async () => {
  await fc.assert(
    fc.asyncProperty(aSource, someKills, async (phone, kills) => {
      await using home = await household({ phone });
      await archiveAll(home);
      const before = filesIn(await snapshot(home.path("phone")));
      for (const { how, afterMs } of kills) {
        const running = home.start(["reclaim", "phone", "--apply", ...(how === "" ? [] : [how]), ...home.places]);
        await begun(home, running.child);
        await delay(afterMs);
        running.child.kill("SIGKILL");
        await running.ended;
        const held = await allContents(home);
        for (const [path, { content }] of before) assert.ok(held.has(content), path);
        await home.run();
      }
      for (const id of await journals(home)) await undo(home, id);
      const after = new Map(filesIn(await snapshot(home.path("phone"))));
      assert.deepEqual([...after.keys()].sort(), before.map(([path]) => path).sort());
      for (const [path, { content, modifiedNs, mode }] of before) {
        const now = after.get(path as PathText);
        assert.deepEqual([now?.content, now?.modifiedNs, now?.mode], [content, modifiedNs, mode], path);
      }
    }),
    { numRuns: rounds, endOnFailure: true },
  );
});

/** It was killed before its first change. */
