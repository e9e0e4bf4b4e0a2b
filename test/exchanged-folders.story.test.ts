import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { rename, rm, symlink, unlink } from "node:fs/promises";
import { test } from "node:test";
import { type Household, household, snapshot } from "../src/testing/household.ts";
import { documentsOf, type ListedProblem, type Running } from "../src/testing/onefold.ts";
import { brokenPromises } from "../src/testing/promises.ts";
import type { Tree } from "../src/testing/tree.ts";

/** The same names with other contents: what somebody would like us to take for the user's files. */
const folder = (whose: string): Tree =>
  Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`${n}.txt`, `${whose} ${n} `.repeat(200)]));

const sources = {
  // Equal files on both sides, so that they are read when scanned and linked without being read again.
  phone: { album: { deep: folder("mine") }, calm: folder("mine") },
  laptop: { album: { deep: folder("mine") } },
};

/**
 * Exchanges a folder and a symbolic link to another one, back and forth, as long as the program runs.
 *
 * @returns How often; and whether the program made the folder anew, which is gone then, with all that is in it.
 */
async function exchangeWhile(running: Running, path: string, other: string) {
  let exchanges = 0;
  let madeAnew = false;
  while (running.child.exitCode === null && running.child.signalCode === null) {
    await rename(path, `${path} away`).catch(() => undefined);
    await symlink(other, path).catch(() => undefined);
    await unlink(path).catch(() => undefined);
    await rename(`${path} away`, path).catch(() => undefined);
    exchanges++;
  }
  if (existsSync(`${path} away`)) {
    madeAnew = existsSync(path);
    await rm(path, { recursive: true, force: true });
    await rename(`${path} away`, path);
  }
  return { exchanges, madeAnew };
}

/** Contents of every file below the archive's layout and by-source/. */
async function contentsIn(home: Household, name: string): Promise<Set<string>> {
  const files = [...(await snapshot(home.path(name)))].filter(([path, { kind }]) => {
    return kind === "file" && !path.startsWith(".onefold/");
  });
  return new Set(files.map(([, { content }]) => content));
}

for (const [what, exchanged] of [
  ["a folder", "phone/album/deep"],
  ["a folder above it", "phone/album"],
] as const) {
  test(`${what} of a source that is exchanged for a link to other files while we read: these are never archived`, async () => {
    await using home = await household(sources);
    await using stranger = await household({ secret: { deep: folder("theirs"), ...folder("theirs") } });
    const other = exchanged === "phone/album" ? stranger.path("secret") : stranger.path("secret/deep");
    let exchanges = 0;
    for (let round = 0; round < 2; round++) {
      const running = home.start(["run", "--json", ...home.places]);
      exchanges += (await exchangeWhile(running, home.path(exchanged), other)).exchanges;
      const ended = await running.ended;
      assert.ok([0, 3, 4].includes(ended.status ?? -1), `${ended.status} ${ended.stderr}`);
    }

    assert.ok(exchanges > 10, `${exchanges}`);
    const theirs = await contentsIn(stranger, "secret");
    const archived = await contentsIn(home, "archive");
    assert.deepEqual(
      [...archived].filter((content) => theirs.has(content)),
      [],
    );
    await home.run();
    assert.deepEqual(await brokenPromises(home), []);
  });
}

test("a folder of the archive that is exchanged for a link while we write: nothing is written through it", async () => {
  await using home = await household(sources);
  await using stranger = await household({ elsewhere: {} });
  await home.onefold(["scan", ...home.places]);
  const before = await snapshot(stranger.path("elsewhere"));
  let madeAnew = false;
  for (let round = 0; round < 2; round++) {
    const running = home.start(["run", "--json", ...home.places]);
    while (running.child.exitCode === null && !existsSync(home.path("archive/files"))) await new Promise(setImmediate);
    const exchanged = await exchangeWhile(running, home.path("archive/files"), stranger.path("elsewhere"));
    madeAnew ||= exchanged.madeAnew;
    const ended = await running.ended;
    const problems = documentsOf<{ problems?: ListedProblem[] }>(ended).flatMap(({ problems: all }) => all ?? []);
    assert.ok([0, 3, 4, 5].includes(ended.status ?? -1), `${ended.status} ${ended.stderr}`);
    assert.ok(
      problems.every(({ code }) => !code.startsWith("CONTENT")),
      JSON.stringify(problems.slice(0, 2)),
    );
    assert.deepEqual(await snapshot(stranger.path("elsewhere")), before);
  }
  await home.run();
  // Links below by-source/ may be of files that went with the folder: the same contents twice, until they are linked.
  if (madeAnew) assert.equal((await home.onefold(["relink", ...home.places])).status, 0);
  assert.deepEqual(await brokenPromises(home), []);
});
