/** The duplicate finders that are installed here, of whatever version, over odd names. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathText } from "../model/path.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { pathsOf } from "../testing/results.ts";
import { type ClaimedGroup, type ImportedDocument, openResults } from "./import.ts";

interface Run {
  readonly tool: string;
  /** `out` is where the results shall go; what a tool prints itself goes there by the shell. */
  readonly command: (folder: string, out: string) => readonly string[];
  readonly prints?: true;
  /** czkawka and jdupes cannot write names that are no UTF-8. */
  readonly utf8Only?: true;
}

const runs: Readonly<Record<string, Run>> = {
  "rdfind's results.txt": { tool: "rdfind", command: (folder, out) => ["-dryrun", "true", "-outputname", out, folder] },
  "rmlint's JSON": { tool: "rmlint", command: (folder, out) => ["-T", "df", "-o", `json:${out}`, folder] },
  "jdupes' JSON": { tool: "jdupes", command: (folder) => ["-q", "-r", "-j", folder], prints: true, utf8Only: true },
  "jdupes' text": { tool: "jdupes", command: (folder) => ["-q", "-r", "-S", folder], prints: true },
  "fdupes' text": { tool: "fdupes", command: (folder) => ["-q", "-r", "-S", folder], prints: true },
  "fdupes' lines": { tool: "fdupes", command: (folder) => ["-q", "-r", "-1", folder], prints: true },
  "czkawka's JSON": {
    ...{ tool: "czkawka_cli", utf8Only: true },
    command: (folder, out) => ["dup", "-m", "1", "-H", "-W", "-N", "-M", "-d", folder, "-C", out],
  },
  "czkawka's text": {
    ...{ tool: "czkawka_cli", utf8Only: true },
    command: (folder, out) => ["dup", "-m", "1", "-H", "-W", "-N", "-M", "-d", folder, "-f", out],
  },
  "fclones' JSON": { tool: "fclones", command: (folder) => ["group", "--hidden", "-f", "json", folder], prints: true },
  "fclones' text": { tool: "fclones", command: (folder) => ["group", "--hidden", folder], prints: true },
};

const names = {
  utf8: ["plain", "new\nline", `quote"'s`, "back\\slash", "emoji 😀", "u\u0308", " blank", "esc\x1b[31m", "\x1f"],
  raw: [Buffer.from("byte\xff", "latin1"), Buffer.from("cut\xe2\x82", "latin1")],
};

describe("what is installed here", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>> | undefined;
  const path = (name: string) => join(folder?.path ?? "", name);

  before(async () => {
    folder = await temporaryFolder();
    for (const name of ["utf8", "every"]) {
      mkdirSync(path(name));
      for (const file of names.utf8) writeFileSync(path(`${name}/${file}`), "first");
      for (const file of ["second", "second copy"]) writeFileSync(path(`${name}/${file}`), "another content");
      writeFileSync(path(`${name}/unique`), "unique");
    }
    for (const file of names.raw) writeFileSync(Buffer.concat([Buffer.from(path("every/")), file]), "first");
  });
  after(() => folder?.[Symbol.asyncDispose]());

  for (const [what, { tool, command, prints, utf8Only }] of Object.entries(runs)) {
    const skip = spawnSync(tool, ["--version"]).error === undefined ? false : `${tool} is not installed`;
    test(what, { skip }, async () => {
      const below = path(utf8Only ? "utf8" : "every");
      const out = path(`${what}.results`);
      const words = command(below, out);
      const shell = prints ? ['"$0" "$@" >"$OUT" 2>/dev/null'] : ['"$0" "$@" >/dev/null 2>&1'];
      const { signal } = spawnSync("sh", ["-c", ...shell, tool, ...words], { env: environment(out), timeout: 60_000 });
      assert.equal(signal, null);

      const first = [...names.utf8.map((name) => Buffer.from(name)), ...(utf8Only ? [] : names.raw)];
      const { groups, document } = await readAll(out);
      assert.deepEqual(pathsOf(groups), [
        first.map((name) => pathText(Buffer.concat([Buffer.from(`${below}/`), name])) as string).sort(),
        [`${below}/second`, `${below}/second copy`],
      ]);
      assert.ok(groups.every(({ agreeIn }) => agreeIn === "content"));
      assert.equal(document.completeness().complete, document.format !== "fdupes");
      assert.deepEqual(document.skipped(), []);
    });
  }

  /** The tools' caches and settings stay in the folder. */
  const environment = (out: string) => ({
    ...process.env,
    ...{ OUT: out, HOME: path(""), XDG_CACHE_HOME: path("cache"), CZKAWKA_CACHE_PATH: path("cache") },
  });
});

async function readAll(
  file: string,
): Promise<{ readonly groups: readonly ClaimedGroup[]; readonly document: ImportedDocument }> {
  await using document = await openResults(file, { format: "detect" });
  const groups: ClaimedGroup[] = [];
  for await (const some of document.groups) groups.push(...some);
  return { groups, document };
}
