/** Whatever a tool writes, in whatever parts it comes, and wherever it is cut. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { AppError } from "../model/errors.ts";
import { pathText } from "../model/path.ts";
import { type Read, read } from "../testing/results.ts";
import { type WrittenGroup, writers } from "../testing/written-results.ts";
import { type ClaimedGroup, type FormatName, formatNames } from "./import.ts";

interface Tool {
  readonly format: FormatName;
  /** What it writes of each file. */
  readonly says: { readonly size: boolean; readonly hash: boolean; readonly modified: boolean };
  readonly bytes: fc.Arbitrary<number>;
  /** Names that the format cannot hold without doubt. */
  readonly doubtful: RegExp;
  /** Something in the document proves that it is whole. */
  readonly isProven: boolean;
  /** Cut after a line, the last group may lack files. */
  readonly mayLackFiles?: true;
}

const anyByte = fc.oneof(
  fc.integer({ min: 1, max: 255 }),
  fc.constantFrom(...Buffer.from("\n\\ \"'ab\x1f\x7f\xc3\xa4\xf0\x9f\x98\x80", "latin1")),
);
/** czkawka and jdupes cannot write anything but UTF-8. */
const utf8Byte = anyByte.map((byte) => byte & 0x7f || 0x41);
const everything = { size: true, hash: true, modified: true };
const sizesOnly = { size: true, hash: false, modified: false };
const nothing = { size: false, hash: false, modified: false };
const never = /(?!)/;

const tools: Readonly<Record<keyof typeof writers, Tool>> = {
  "czkawka by hash": { format: "czkawka", says: everything, bytes: utf8Byte, doubtful: never, isProven: true },
  "czkawka by hash, with reference folders": {
    ...{ format: "czkawka", says: everything, bytes: utf8Byte, doubtful: never, isProven: true },
  },
  "czkawka 6.1, pretty": { format: "czkawka", says: everything, bytes: utf8Byte, doubtful: never, isProven: true },
  "entries with paths": {
    ...{ format: "czkawka", says: { ...everything, modified: false }, bytes: anyByte, doubtful: never, isProven: true },
  },
  "czkawka 12 text": { format: "czkawka", says: sizesOnly, bytes: utf8Byte, doubtful: /"/, isProven: true },
  "czkawka 7 text": { format: "czkawka", says: sizesOnly, bytes: anyByte, doubtful: never, isProven: true },
  "czkawka 6.1 text": { format: "czkawka", says: sizesOnly, bytes: utf8Byte, doubtful: /\n/, isProven: true },
  "fclones json": {
    ...{ format: "fclones", says: { ...everything, modified: false }, bytes: anyByte, doubtful: never, isProven: true },
  },
  "fclones text": {
    ...{ format: "fclones", says: { ...everything, modified: false }, bytes: anyByte, doubtful: never, isProven: true },
  },
  rmlint: {
    ...{ format: "rmlint", says: { ...everything, hash: false }, bytes: anyByte, doubtful: never, isProven: true },
  },
  jdupes: { format: "jdupes", says: sizesOnly, bytes: utf8Byte, doubtful: never, isProven: true },
  rdfind: { format: "rdfind", says: sizesOnly, bytes: anyByte, doubtful: never, isProven: true },
  // An empty line ends a group, a line with "/" in front begins a path.
  fdupes: {
    format: "fdupes",
    says: nothing,
    bytes: anyByte,
    doubtful: /\n\n|\n\/|\n$| \/|\r$/,
    isProven: false,
    mayLackFiles: true,
  },
  "fdupes --size --time": {
    ...{
      format: "fdupes",
      says: sizesOnly,
      bytes: anyByte,
      doubtful: /\n\n|\n$|\r$/,
      isProven: false,
      mayLackFiles: true,
    },
  },
  "fdupes --sameline": { format: "fdupes", says: nothing, bytes: anyByte, doubtful: never, isProven: false },
};

/** Up to five groups of two to four paths; no path stands in two of them. */
function anyGroups({ bytes, doubtful }: Tool): fc.Arbitrary<readonly WrittenGroup[]> {
  const name = fc
    .array(bytes, { minLength: 1, maxLength: 8 })
    .map((some) => Buffer.from(some).toString("latin1").replaceAll("/", "-"))
    .filter((text) => text !== "." && text !== "..");
  const path = fc
    .array(name, { minLength: 1, maxLength: 3 })
    .map((names) => `/${names.join("/")}`)
    .filter((text) => !doubtful.test(text));
  const paths = fc.uniqueArray(path, { minLength: 2, maxLength: 4 });
  const group = fc.record({
    size: fc.oneof(fc.nat(), fc.constantFrom(1, 2 ** 53 - 1)),
    hash: fc.stringMatching(/^[0-9a-f]{64}$/),
    modified: fc.integer({ min: 1, max: 4_000_000_000 }),
    paths,
  });
  return fc.uniqueArray(group, { maxLength: 5, selector: ({ size }) => size }).map((groups) =>
    groups.map(({ paths: its, ...rest }, n) => ({
      ...rest,
      paths: its.map((text) => Buffer.from(`/${n}${text}`, "latin1")),
    })),
  );
}

function claimed(groups: readonly WrittenGroup[], { says }: Tool): readonly ClaimedGroup[] {
  return groups.map(({ size, hash, modified, paths }) => ({
    agreeIn: "content",
    files: paths.map((path) => ({
      path: pathText(path),
      size: says.size ? size : null,
      modified: (says.modified ? BigInt(modified) * 1_000_000_000n : null) as never,
      modifiedPrecision: "s",
      hash: (says.hash ? hash : null) as never,
    })),
  }));
}

/** The groups are the first of those expected, the last one perhaps but its first files. */
function assertBeginning({ groups }: Read, expected: readonly ClaimedGroup[], { mayLackFiles }: Tool): void {
  const [last] = groups.slice(-1);
  const beginning = expected.slice(0, groups.length).map((group, n) => {
    const isLast = n === groups.length - 1 && mayLackFiles && last !== undefined;
    return isLast ? { ...group, files: group.files.slice(0, last.files.length) } : group;
  });
  assert.deepEqual(groups, beginning);
}

const anyChunks = fc.array(fc.oneof(fc.constantFrom(1, 2, 3), fc.integer({ min: 1, max: 300 })), {
  minLength: 1,
  maxLength: 5,
});

for (const [name, tool] of Object.entries(tools)) {
  const write = writers[name as keyof typeof writers];
  const { format, isProven } = tool;

  describe(name, () => {
    test("gives back exactly what was written, in whatever chunks it comes", async () => {
      await fc.assert(
        fc.asyncProperty(anyGroups(tool), anyChunks, async (groups, chunks) => {
          const result = await read(write(groups), { format, chunks });

          assert.deepEqual(result.groups, claimed(groups, tool));
          assert.equal(result.completeness.complete, isProven, result.completeness.why ?? "");
          assert.deepEqual(result.skipped, []);
        }),
        { numRuns: 50 },
      );
    });

    test("is recognised", async () => {
      await fc.assert(
        fc.asyncProperty(anyGroups(tool), async (groups) => {
          fc.pre(groups.length > 0);
          assert.deepEqual([(await read(write(groups))).format], [format]);
        }),
        { numRuns: 30 },
      );
    });

    test("cut anywhere, gives the groups before the cut and says that it is not whole", async () => {
      await fc.assert(
        fc.asyncProperty(anyGroups(tool), fc.double({ min: 0, max: 1, noNaN: true }), async (groups, part) => {
          const document = write(groups);
          const result = await read(document.subarray(0, Math.floor(part * document.length)), { format });

          const expected = claimed(groups, tool);
          assertBeginning(result, expected, tool);
          assert.ok(!result.completeness.complete || result.groups.length === expected.length);
        }),
        { numRuns: 50 },
      );
    });
  });
}

test("every byte of a document may be the last one", async () => {
  const groups = [3, 2].map((count, n) => ({
    ...{ size: 10 + n, hash: String(n).repeat(64), modified: 1_500_000_000 },
    paths: Array.from({ length: count }, (_, file) => Buffer.from(`/ü ${n}/file\\ "${file}".jpg`)),
  }));
  for (const [name, tool] of Object.entries(tools)) {
    const { format } = tool;
    const document = writers[name as keyof typeof writers](groups);
    const whole = await read(document, { format });
    assert.equal(whole.groups.length, groups.length);
    for (let length = 0; length < document.length; length++) {
      const result = await read(document.subarray(0, length), { format });
      assertBeginning(result, whole.groups, tool);
      const isWhole = result.groups.length === whole.groups.length;
      assert.ok(isWhole || !result.completeness.complete, `${name}, ${length} bytes`);
    }
  }
});

describe("junk", () => {
  const anyFormat = fc.constantFrom("detect" as const, ...formatNames);
  const anyDocument = fc
    .constantFrom(...(Object.keys(writers) as (keyof typeof writers)[]))
    .chain((name) => anyGroups(tools[name]).map((groups) => writers[name](groups)));

  test("of any bytes gives an AppError at the worst", async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), anyFormat, isHandled), { numRuns: 200 });
  });

  test("of any text gives an AppError at the worst", async () => {
    const text = fc.string({
      unit: fc.constantFrom(...'{}[]",:\\\n /0123456789.eE-+atrufalsn# "path"'.split("")),
      maxLength: 200,
    });
    await fc.assert(
      fc.asyncProperty(text, anyFormat, (some, format) => isHandled(Buffer.from(some), format)),
      { numRuns: 500 },
    );
  });

  test("of any JSON gives an AppError at the worst", async () => {
    const key = fc.constantFrom(
      "path",
      "paths",
      "size",
      "hash",
      "entries",
      "groups",
      "header",
      "files",
      "__proto__",
      "1",
    );
    const { json } = fc.letrec<{ json: unknown }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom("/a", "", "/a/../b", -1, 1.5, 1e300, null, true, 7),
        fc.array(tie("json"), { maxLength: 4 }),
        fc.dictionary(key, tie("json"), { maxKeys: 4 }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(json, anyFormat, (some, format) => isHandled(Buffer.from(JSON.stringify(some)), format)),
      { numRuns: 500 },
    );
  });

  test("inside a good document gives an AppError at the worst", async () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(anyDocument, damage, anyFormat, async (document, changes, format) => {
        for (const [at, byte] of changes) document[at % Math.max(1, document.length)] = byte;
        await isHandled(document, format);
      }),
      { numRuns: 200 },
    );
  });
});

/** Whatever it claims is well-formed; whatever it throws is for the user. */
async function isHandled(document: Uint8Array, format: FormatName | "detect"): Promise<void> {
  let result: Read;
  try {
    result = await read(Buffer.from(document), { format });
  } catch (error) {
    assert.ok(error instanceof AppError, String((error as Error).stack));
    assert.doesNotMatch(error.message + (error.hint ?? ""), /[\x00-\x1f\x7f-\x9f]/);
    return;
  }
  for (const { files, agreeIn } of result.groups) {
    assert.ok(files.length > 0);
    for (const { path, size, hash } of files) {
      assert.match(path, /^(?:\/[^/]|[A-Za-z]:|\\x5c\\x5c)/);
      assert.ok(!path.split(/\/|\\x5c/).includes(".."));
      assert.ok(size === null || (Number.isSafeInteger(size) && size >= 0));
      assert.ok(hash === null || (agreeIn === "content" && /^[0-9a-f]{64}$/.test(hash)));
    }
  }
  for (const { example } of result.skipped) assert.doesNotMatch(example ?? "", /[\x00-\x1f\x7f-\x9f]/);
}
