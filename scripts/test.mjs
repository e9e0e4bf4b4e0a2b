#!/usr/bin/env node
/**
 * Runs the built tests: `npm test`, or `npm test -- names layout` for those whose path holds one of the words.
 *
 * Builds first if a source is newer than the last build. What takes minutes (*.slow.test.ts), and the long
 * stories of single commands (*.story.test.ts, `npm run test:stories`), run only with --slow or if a word names them. --list prints the files instead of running them.
 * Other arguments that begin with "--" go on to node. Ends with the status of the tests.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
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
} else {
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
  process.exitCode = status ?? 1;
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
