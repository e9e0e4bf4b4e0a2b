import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { test } from "node:test";
import { blake3 } from "@napi-rs/blake-hash";
import { household } from "../src/testing/household.ts";
import { fileFrom } from "../src/testing/tree.ts";

const sources = {
  phone: { "IMG_20190714_101500.jpg": fileFrom(1_563_099_300_123_456_000n, "beach") },
  laptop: { "copy's.jpg": "beach", docs: { "a.txt": "letter" }, "Thumbs.db": "junk!" },
};

test("the queries people know work as they stand: count, duplicates, paths of a hash", async () => {
  await using home = await household(sources);
  await home.run();
  const ask = (text: string) => home.database.query<Record<string, unknown>>({ text, values: [] });
  const hash = blake3("beach").toString("hex");

  const [all] = await ask("SELECT COUNT(*) FROM files;");
  // Four in the sources, two contents and three links in the archive.
  assert.deepEqual(all, { count: 9n });
  const duplicates = await ask("SELECT hash, COUNT(*) AS num_duplicates FROM files GROUP BY hash HAVING COUNT(*) > 1;");
  assert.deepEqual(duplicates.find((row) => row["hash"] === hash)?.["num_duplicates"], 5n);
  const paths = await ask(`SELECT full_path, size, mtime FROM files WHERE hash = '${hash}';`);
  const original = paths.find((row) => row["full_path"] === home.path("phone/IMG_20190714_101500.jpg"));
  assert.deepEqual(Object.keys(original ?? {}), ["full_path", "size", "mtime"]);
  assert.equal(String(original?.["size"]), "5");
  assert.ok(paths.some((row) => row["full_path"] === home.path("laptop/copy's.jpg")));
  assert.ok(paths.some((row) => row["full_path"] === home.path("archive/photos/2019/07/IMG_20190714_101500.jpg")));
});

test("each row tells whether its content is archived, and where", async () => {
  await using home = await household(sources);
  const rows = () =>
    home.database.query<{ path: string; consolidated: boolean; canonical: string | null }>({
      text: `select full_path as path, consolidated, canonical_path_in_archive as canonical from files
        where full_path like $1 order by 1`,
      values: [`${home.path("laptop")}/%`],
    });
  await home.onefold(["scan", ...home.places]);
  assert.ok((await rows()).every(({ consolidated, canonical }) => !consolidated && canonical === null));
  await home.run();

  assert.deepEqual(await rows(), [
    { path: home.path("laptop/Thumbs.db"), consolidated: false, canonical: null },
    {
      path: home.path("laptop/copy's.jpg"),
      consolidated: true,
      canonical: home.path("archive/photos/2019/07/IMG_20190714_101500.jpg"),
    },
    { path: home.path("laptop/docs/a.txt"), consolidated: true, canonical: home.path("archive/files/docs/a.txt") },
  ]);
});

test("times are told as they are, and only what exists has a row", async () => {
  await using home = await household(sources);
  await home.run();
  await rm(home.path("laptop/docs"), { recursive: true });
  await home.run();
  const rows = await home.database.query<{ path: string; mtime: string; columns: boolean }>({
    text: `select full_path as path, to_char(mtime at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') as mtime,
        id is not null and scan_time <= now() as columns
      from files where full_path not like $1 order by 1`,
    values: [`${home.path("archive")}/%`],
  });

  assert.deepEqual(
    rows.map(({ path }) => path),
    [home.path("laptop/Thumbs.db"), home.path("laptop/copy's.jpg"), home.path("phone/IMG_20190714_101500.jpg")],
  );
  assert.match(rows[2]?.mtime ?? "", /^2019-07-14 10:15:00\.12345\d$/);
  assert.ok(rows.every(({ columns }) => columns));
});
