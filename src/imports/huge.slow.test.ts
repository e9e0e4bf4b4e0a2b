/** Documents of hundreds of megabytes, through a pipe, in a process that has little memory. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";

const megabyte = 1_000_000;

interface Outcome {
  readonly files: number;
  readonly groups: number;
  readonly completeness: unknown;
  readonly error: string | null;
  readonly peakMegabytes: number;
}

/** Reads standard input with a heap of 64 MB. */
const program = `
  const { openResults } = await import(${JSON.stringify(new URL("./import.js", import.meta.url).href)});
  let files = 0, groups = 0, completeness = null, error = null;
  try {
    const document = await openResults("/dev/stdin", { format: process.argv[1] });
    for await (const some of document.groups) {
      groups += some.length;
      for (const group of some) files += group.files.length;
    }
    completeness = document.completeness();
  } catch (thrown) {
    error = thrown.code ?? thrown.stack;
  }
  console.log(JSON.stringify({ files, groups, completeness, error, peakMegabytes: process.resourceUsage().maxRSS / 1000 }));
`;

async function outcome(format: string, document: Iterable<string>): Promise<Outcome> {
  // What node itself makes for a child is a socket, which cannot be opened as /dev/stdin.
  const reader = [process.execPath, "--max-old-space-size=64", "--input-type=module", "-e", program, format];
  const child = spawn("sh", ["-c", 'cat | "$0" "$@"', ...reader], { stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (data: Buffer) => {
    said += data.toString();
  });
  const exited = once(child, "exit");
  // A reader that gives up closes the pipe, which is an error for the writer only.
  await pipeline(document, child.stdin).catch(() => {});
  assert.deepEqual((await exited).slice(0, 1), [0]);
  return JSON.parse(said) as Outcome;
}

const hash = (n: number) => n.toString(16).padStart(64, "0");
const entry = (n: number, file: number) =>
  `{"path":"/mnt/backup-disk/Photos/2019/07/folder ${n}/IMG_${file} (copy).JPG","modified_date":${1_500_000_000 + file},"size":${n},"hash":"${hash(n)}"}`;

function* czkawka(groups: number): Generator<string> {
  yield "{";
  for (let n = 1; n <= groups; n++) {
    yield `${n === 1 ? "" : ","}"${n}":[[${entry(n, 1)},${entry(n, 2)},${entry(n, 3)}]]`;
  }
  yield "}";
}

test("300 MB of czkawka's JSON", async () => {
  const groups = 530_000;
  const result = await outcome("czkawka", czkawka(groups));

  assert.deepEqual(result, {
    ...result,
    files: 3 * groups,
    groups,
    completeness: { complete: true, why: null },
    error: null,
  });
  assert.ok(result.peakMegabytes < 250, `${result.peakMegabytes} MB`);
});

test("one group of 300,000 files", async () => {
  function* document(): Generator<string> {
    yield '{"7":[[';
    for (let n = 0; n < 300_000; n++) yield `${n === 0 ? "" : ","}${entry(7, n)}`;
    yield "]]}";
  }
  const result = await outcome("czkawka", document());

  assert.deepEqual([result.files, result.groups, result.error], [300_000, 30, null]);
  assert.ok(result.peakMegabytes < 250, `${result.peakMegabytes} MB`);
});

const endless: Readonly<Record<string, readonly [format: string, part: string, error: string | null]>> = {
  "one word": ["detect", "a", "IMPORT_NOT_UNDERSTOOD"],
  "one string": ["czkawka", '{"1":["', "IMPORT_NOT_UNDERSTOOD"],
  "one number": ["czkawka", "[1", "IMPORT_NOT_UNDERSTOOD"],
  brackets: ["czkawka", "[", "IMPORT_NOT_UNDERSTOOD"],
  blanks: ["fclones", '{"header": ', null],
  "one path": ["fdupes", "/a", "IMPORT_NOT_UNDERSTOOD"],
  "a name of many lines": [
    "rdfind",
    "# Automatically generated\nDUPTYPE_UNKNOWN 1 1 1 1 1 1 /a",
    "IMPORT_NOT_UNDERSTOOD",
  ],
  "empty lines in a name": ["fdupes", "/a\n", "IMPORT_NOT_UNDERSTOOD"],
};
const goesOn: Readonly<Record<string, string>> = {
  ...{ brackets: "[", blanks: " ", "a name of many lines": "\nx", "empty lines in a name": "\n", "one number": "1" },
};

for (const [what, [format, begin, error]] of Object.entries(endless)) {
  test(`300 MB of ${what}`, async () => {
    function* document(): Generator<string> {
      yield begin;
      const part = (goesOn[what] ?? "a").repeat(megabyte);
      for (let n = 0; n < 300; n++) yield part;
    }
    const result = await outcome(format, document());

    assert.deepEqual([result.error, result.files], [error, 0]);
    assert.ok(result.peakMegabytes < 250, `${result.peakMegabytes} MB`);
  });
}
