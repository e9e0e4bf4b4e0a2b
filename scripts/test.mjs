#!/usr/bin/env node
/**
 * Runs the built tests: `npm test`, or `npm test -- names layout` for those whose path holds one of the words.
 *
 * Builds first if a source is newer than the last build. What takes minutes (*.slow.test.ts), and the long stories of
 * single commands (*.story.test.ts, `npm run test:stories`), run only with --slow or if a word names them. --list prints
 * the files instead of running them. Other arguments that begin with "--" go on to node. Ends with the tests' status.
 *
 * Some tests of root run the program as another user, who cannot enter a checkout that only root may: then all of them
 * run in a copy of it, made of hard links where that is possible.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
const folders = ["src", "test", "bench"];
/** Its time is that of the last build without errors. */
const stamp = join("dist", ".built");

const own = ["--slow", "--list"];
const words = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const options = process.argv.slice(2).filter((argument) => argument.startsWith("--"));

if (isStale()) build();
const files = testFiles();
if (files.length === 0) fail(`no test file matches ${words.join(", ") || "*.test.ts"}`);
if (options.includes("--list")) {
  console.log(files.join("\n"));
} else if (process.getuid?.() !== 0 || mayBeEntered(root)) {
  process.exitCode = runTests();
} else {
  const copy = copyOfCheckout();
  process.chdir(copy);
  process.exitCode = runTests();
  rmSync(copy, { recursive: true, force: true });
}

/** In the current folder; returns their status. */
function runTests() {
  const { status, signal } = spawnSync(
    process.execPath,
    [
      "--test",
      "--enable-source-maps",
      `--test-concurrency=${Math.max(1, Math.min(4, availableParallelism()))}`,
      // A test that hangs is ended, with its process.
      "--test-timeout=900000",
      `--test-reporter=${process.stdout.isTTY ? "spec" : join(root, "scripts", "brief-reporter.mjs")}`,
      "--test-reporter-destination=stdout",
      ...options.filter((option) => !own.includes(option)),
      ...files,
    ],
    { stdio: "inherit" },
  );
  if (signal !== null) fail(`the tests were ended by ${signal}`);
  return status ?? 1;
}

/** By any user, as far as the permission bits tell. */
function mayBeEntered(folder) {
  return (statSync(folder).mode & 0o001) !== 0 && (folder === dirname(folder) || mayBeEntered(dirname(folder)));
}

function copyOfCheckout() {
  const copy = mkdtempSync(join(tmpdir(), "onefold-checkout-"));
  chmodSync(copy, 0o755);
  const linked = spawnSync("cp", ["--archive", "--link", "--no-target-directory", root, copy]).status === 0;
  if (!linked) run("cp", ["--archive", "--no-target-directory", root, copy]);
  chmodSync(copy, 0o755);
  return copy;
}

function run(program, args) {
  if (spawnSync(program, args, { stdio: "inherit" }).status !== 0) fail(`${program} failed`);
}

function isStale() {
  const inputs = [...folders.flatMap(sources), "tsconfig.json", "package.json"];
  const built = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return inputs.some((file) => statSync(file).mtimeMs > built) || outputs().some(isOrphan);
}

function build() {
  // A test whose source is gone must not go on passing.
  for (const file of outputs().filter(isOrphan)) rmSync(file);
  const { status } = spawnSync(join("node_modules", ".bin", "tsc"), ["--project", "tsconfig.json"], {
    stdio: "inherit",
  });
  if (status !== 0) fail("the build failed");
  mkdirSync("dist", { recursive: true });
  writeFileSync(stamp, "");
}

function testFiles() {
  const slow = options.includes("--slow");
  return outputs()
    .filter((file) => file.endsWith(".test.js"))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .filter((file) => !/\.(?:slow|story)\.test\.js$/.test(file) || slow || words.some((word) => file.includes(word)))
    .sort();
}

function outputs() {
  return folders.flatMap((folder) => filesBelow(join("dist", folder)));
}

function sources(folder) {
  return filesBelow(folder).filter((file) => file.endsWith(".ts"));
}

function isOrphan(output) {
  const source = output.slice("dist/".length).replace(/\.js(?:\.map)?$/, ".ts");
  return /\.js(?:\.map)?$/.test(output) && !existsSync(source);
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

function fail(sentence) {
  console.error(`test: ${sentence}`);
  process.exit(1);
}
