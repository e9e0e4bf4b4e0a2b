import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, cp, lstat, mkdir, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { temporaryFolder } from "../testing/folder.ts";
import { openDatabase, sql } from "./database.ts";
import { openEmbedded } from "./embedded.ts";
import { findServerPackage, prepareBinaries } from "./server-binaries.ts";

test("a state folder whose path is too long for a socket works, and leaves nothing in the temporary folder", async () => {
  await using folder = await temporaryFolder();
  const state = join(folder.path, "a".repeat(150), "b".repeat(150));
  const short = join(folder.path, "t");
  await mkdir(short);
  const server = await openEmbedded(state, { ...process.env, XDG_RUNTIME_DIR: short });
  assert.equal((await readdir(short)).length, 1);
  await (await openDatabase(server.config))[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();

  assert.deepEqual(await readdir(short), []);
});

const root = process.getuid?.() === 0;

test("root without user namespaces has it run by another user, in a folder only root may enter", {
  skip: !root,
}, async () => {
  await using folder = await temporaryFolder();
  const [state, tools] = [join(folder.path, "state"), join(folder.path, "tools")];
  await mkdir(tools);
  await symlink("/bin/false", join(tools, "unshare"));
  const environment = { ...process.env, PATH: `${tools}:${process.env["PATH"]}` };
  for (let round = 0; round < 2; round++) {
    await using server = await openEmbedded(state, environment);
    await using database = await openDatabase(server.config);
    await database.query(sql`select 1`);
  }

  assert.notEqual((await stat(join(state, "postgres", "data"))).uid, 0);
  // And so it stays, also where namespaces would do.
  await using server = await openEmbedded(state, process.env);
  await using database = await openDatabase(server.config);
  await database.query(sql`select 1`);
});

test("… also where only root may enter the folder that PostgreSQL's programs lie in", { skip: !root }, async () => {
  await using folder = await temporaryFolder();
  await using open = await temporaryFolder();
  await chmod(open.path, 0o711);
  const [tools, programs] = [join(folder.path, "tools"), join(folder.path, "package")];
  await mkdir(tools);
  await symlink("/bin/false", join(tools, "unshare"));
  await cp(findServerPackage(), programs, { recursive: true, verbatimSymlinks: true });
  const environment = { ...process.env, PATH: `${tools}:${process.env["PATH"]}`, TMPDIR: open.path };
  // A state folder that others may pass, and one that they may not.
  for (const state of [join(open.path, "state"), join(folder.path, "state"), join(open.path, "state")]) {
    await using server = await openEmbedded(state, environment, { packageFolder: programs });
    await using database = await openDatabase(server.config);
    await database.query(sql`select 1`);
  }

  // What was copied for them is gone.
  assert.deepEqual(await readdir(open.path), ["state"]);
  assert.deepEqual((await readdir(join(open.path, "state", "postgres"))).sort(), ["data", "postgres.log"]);
});

test("finds its libraries although no install script ran and its package is read-only", async () => {
  await using folder = await temporaryFolder();
  const copy = join(folder.path, "package");
  await cp(findServerPackage(), copy, {
    recursive: true,
    filter: async (path) => !(await lstat(path)).isSymbolicLink(),
  });
  const { initdb, postgres, libraries } = await prepareBinaries(copy, join(folder.path, "lib"));
  const environment = libraries === null ? {} : { LD_LIBRARY_PATH: libraries };

  for (const program of [initdb, postgres]) {
    const { stdout } = await promisify(execFile)(program, ["--version"], { env: environment });
    assert.match(stdout, /PostgreSQL/);
  }
});

test("a state folder that cannot be written to is named", { skip: root }, async () => {
  await using folder = await temporaryFolder();
  await chmod(folder.path, 0o500);

  await assert.rejects(openEmbedded(join(folder.path, "state"), process.env), {
    code: "STATE_NOT_WRITABLE",
    exitCode: 5,
  });
});

test("a state folder that is a file is named", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "state"), "");

  await assert.rejects(openEmbedded(join(folder.path, "state"), process.env), { code: "STATE_NOT_WRITABLE" });
});

test("a server that does not start says why", async () => {
  await using folder = await temporaryFolder();
  const data = join(folder.path, "postgres", "data");
  await mkdir(data, { recursive: true, mode: 0o700 });
  await writeFile(join(data, "PG_VERSION"), "9.6\n");

  await assert.rejects(openEmbedded(folder.path, process.env), {
    code: "DATABASE_START_FAILED",
    hint: /9\.6|postgresql\.conf/,
  });
});
