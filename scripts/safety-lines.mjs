#!/usr/bin/env node
/**
 * Takes out, one at a time, the lines that keep users' files safe, and sees that a test fails without each:
 * `npm run test:safety-lines`, or with words to try those whose sentence holds one of them.
 *
 * Works on a copy of what is built; the project stays as it is. It throws where a line is not found any
 * more: then scripts/safety-lines.json is to be brought up to date. `--table` prints Markdown for docs/decisions/.
 * Ends with status 1 if a line could be taken out unnoticed.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const words = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const asTable = process.argv.includes("--table");
/** @type {{ sentence: string, file: string, line: string, instead: string, tests: string, named?: string }[]} */
const lines = JSON.parse(readFileSync(join(root, "scripts", "safety-lines.json"), "utf8"));
const chosen = lines.filter(({ sentence }) => words.length === 0 || words.some((word) => sentence.includes(word)));

const copy = mkdtempSync(join(tmpdir(), "onefold-safety-lines-"));
let unnoticed = 0;
try {
  for (const part of ["dist", "migrations", "package.json"])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  if (asTable) console.log("| without it | in | caught by |\n|---|---|---|");
  for (const line of chosen) {
    const caughtBy = withoutLine(line);
    if (caughtBy === null) unnoticed++;
    report(line, caughtBy);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
if (!asTable) console.log(`${chosen.length - unnoticed} of ${chosen.length} lines are kept by a test`);
process.exitCode = unnoticed > 0 ? 1 : 0;

/** Name of a test that fails without the line; null if all pass. */
function withoutLine({ file, line, instead, tests, named }) {
  const path = join(copy, "dist", "src", `${file}.js`);
  const whole = readFileSync(path, "utf8");
  if (whole.split(line).length !== 2) throw new Error(`${file}: there is not one ${JSON.stringify(line)}`);
  writeFileSync(
    path,
    whole.replace(line, () => instead),
  );
  try {
    return failing(tests, named);
  } finally {
    writeFileSync(path, whole);
  }
}

function failing(tests, named) {
  const pattern = named === undefined ? [] : [`--test-name-pattern=${named}`];
  const { stdout } = spawnSync(
    process.execPath,
    ["--test", "--test-reporter=tap", "--test-timeout=900000", ...pattern, join("dist", `${tests}.test.js`)],
    { cwd: copy, encoding: "utf8", maxBuffer: 1 << 28 },
  );
  if (!/^# tests [1-9]/m.test(stdout)) throw new Error(`${tests}: no test was run`);
  // The first one: a suite that fails with its tests says less than they do.
  const failed = [...stdout.matchAll(/^ *not ok \d+ - (.*)$/gm)].map(([, name = ""]) => name.replace(/\\/g, ""));
  // A file that failed as a whole proves nothing: it may have taken too long.
  return failed.find((name) => !name.endsWith(".test.js")) ?? null;
}

function report({ sentence, file, tests }, caughtBy) {
  const found = caughtBy ?? "NOTHING";
  if (asTable) console.log(`| ${sentence} | \`${file}\` | \`${tests}\`: ${found} |`);
  else console.log(`${caughtBy === null ? "FAILED " : "ok     "} ${sentence}: ${found}`);
}
