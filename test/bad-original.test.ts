import assert from "node:assert/strict";
import { rm, utimes, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { household, summaryOf } from "../src/testing/household.ts";
import { documentOf } from "../src/testing/onefold.ts";

const picture = "the only picture of her ".repeat(10);
const consolidate = ["consolidate", "--json"];

test("a content whose original vanished after the scan is taken from a duplicate", async () => {
  await using home = await household({
    phone: { "a.txt": picture },
    laptop: { "b.txt": picture },
    usb: { "c.txt": picture },
  });
  await home.onefold(["scan", ...home.places]);
  await rm(home.path("phone/a.txt"));
  await rm(home.path("laptop/b.txt"));
  const done = await summaryOf(home.onefold([...consolidate, ...home.places]), 3);

  assert.deepEqual([done.consolidate.copiedFiles, done.consolidate.failed], [1, 2]);
  assert.deepEqual(
    done.problems.map(({ path, code }) => `${path} ${code}`),
    ["b.txt ENOENT", "a.txt ENOENT"],
  );
  assert.deepEqual(Object(await home.archived()).files, { "a.txt": picture });
  const found = await home.onefold(["where", "--json", home.path("usb/c.txt")]);
  assert.equal(documentOf<{ entry: string }>(found).entry, "files/a.txt");
});

test("a content whose original has rotted is taken from an intact duplicate, and the alarm is raised", async () => {
  await using home = await household({ phone: { "a.txt": picture }, laptop: { "b.txt": picture } });
  const past = new Date("2019-07-04T12:00:00Z");
  for (const file of ["phone/a.txt", "laptop/b.txt"]) await utimes(home.path(file), past, past);
  await home.onefold(["scan", ...home.places]);
  await writeFile(home.path("phone/a.txt"), picture.replace("her", "hxr"));
  await utimes(home.path("phone/a.txt"), past, past);
  const { problems } = await summaryOf(home.onefold([...consolidate, ...home.places]), 6);

  assert.deepEqual(
    problems.map(({ source, path, code }) => `${source} ${path} ${code}`),
    ["phone a.txt CONTENT_CHANGED"],
  );
  assert.deepEqual(Object(await home.archived()).files, { "a.txt": picture });
});
