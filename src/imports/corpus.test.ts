/** Real results over real shares, with the truth about them, if ONEFOLD_CORPUS names their folder. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathTextOf } from "../model/path.ts";
import { pathsOf, type Read, read } from "../testing/results.ts";

interface Truth {
  readonly root: string;
  readonly groups: readonly { readonly bytes: number; readonly paths: readonly string[] }[];
}

const root = process.env["ONEFOLD_CORPUS"] ?? "";
const skip = root === "" ? "ONEFOLD_CORPUS does not name the folder of the corpus" : false;
const load = (name: string) => readFileSync(join(root, "reports", name));

describe("reports over three shares", { skip }, () => {
  const truth = () => JSON.parse(load("expected-groups.json").toString()) as Truth;

  /** Groups of the truth with more than one of the paths that `has` takes. */
  function expected(has: (path: string, size: number) => boolean): readonly (readonly string[])[] {
    const { root: of, groups } = truth();
    const paths = groups.map(({ paths: its, bytes }) => its.filter((path) => has(path, bytes)));
    return paths.filter((its) => its.length > 1).map((its) => its.map((path) => pathTextOf(`${of}/${path}`) as string));
  }

  function assertGroups({ groups }: Read, has: (path: string, size: number) => boolean): void {
    const sorted = (lists: readonly (readonly string[])[]) => lists.map((list) => [...list].sort().join("\n")).sort();
    assert.deepEqual(sorted(pathsOf(groups)), sorted(expected(has)));
  }

  test("rmlint has every group but that of the empty files", async () => {
    const result = await read(load("rmlint.json"));
    assertGroups(result, (_, size) => size > 0);
    assert.ok(result.completeness.complete);
  });

  test("rmlint with tags has the empty files, too", async () => {
    assertGroups(await read(load("rmlint-tagged.json")), () => true);
  });

  for (const file of ["jdupes.json", "jdupes-size.txt", "rdfind-results.txt", "fdupes.txt", "fdupes-size-time.txt"]) {
    test(`${file} leaves out one of two hard links`, async () => {
      const result = await read(load(file));
      const listed = new Set(result.groups.flatMap(({ files }) => files.map(({ path }) => path as string)));
      const { root: of } = truth();

      assertGroups(result, (path) => listed.has(pathTextOf(`${of}/${path}`)));
      const every = expected((_, size) => size > 0 || file.startsWith("fdupes")).flat();
      assert.equal(every.filter((path) => !listed.has(path)).length, 1);
      assert.equal([...listed].filter((path) => !every.includes(path)).length, 0);
    });
  }

  test("a list of files without a duplicate is not taken for a group", async () => {
    await assert.rejects(read(load("rmlint-uniques.txt")), { message: /may be any list of files/ });
  });

  test("fclones 0.12", async () => {
    const { readdirSync } = await import("node:fs");
    const folder = join(root, "found");
    const [file = ""] = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".txt"),
    );
    const result = await read(readFileSync(join(folder, file)));

    assert.deepEqual([result.format, result.groups.map(({ files }) => files.length)], ["fclones", [2, 3]]);
  });
});
