import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { type Copy, chooseOriginal, isNameOfCopy, type RuleName, ruleNames } from "./original.ts";

/** A copy in which only what the test names is remarkable. */
function copyOf(remarkable: { path?: string; source?: string; modified?: bigint; sourceRank?: number } = {}): Copy {
  const { path = "photo.jpg", source = "nas", modified = 100n, sourceRank = 0 } = remarkable;
  return { path: path as PathText, source: source as SourceName, modified: modified as EpochNs, sourceRank };
}

const anyCopies = fc
  .uniqueArray(
    fc
      .record({
        path: fc.constantFrom("a.jpg", "b.jpg", "b (1).jpg", "x/a.jpg", "x/Kopie von a.jpg"),
        source: fc.constantFrom("nas", "usb", "laptop"),
        modified: fc.bigInt(-2n, 2n),
        sourceRank: fc.nat(2),
      })
      .map(copyOf),
    { minLength: 1, maxLength: 9, selector: ({ source, path }) => `${source}/${path}` },
  )
  .map((copies) => copies as [Copy, ...Copy[]]);
const anyRules = fc.subarray([...ruleNames]).chain((rules) => fc.shuffledSubarray(rules, { minLength: rules.length }));

describe("chooseOriginal", () => {
  test("a trusted source wins over an older file", () => {
    const trusted = copyOf({ modified: 200n });
    const older = copyOf({ sourceRank: 1, modified: 1n });
    assert.deepEqual(chooseOriginal([older, trusted]), { original: trusted, because: "source-order" });
  });

  test("a rule decides only among the copies that earlier rules left tied", () => {
    const original = copyOf({ modified: 1n, path: "deep/down/photo.jpg" });
    const short = copyOf({ modified: 2n, path: "p.jpg" });
    const untrusted = copyOf({ modified: 0n, sourceRank: 1 });
    assert.deepEqual(chooseOriginal([short, untrusted, original]), { original, because: "oldest" });
  });

  test("a time before 1970 is older than one after it", () => {
    const original = copyOf({ modified: -5n, path: "old.jpg" });
    assert.equal(chooseOriginal([copyOf({ modified: 0n }), original]).original, original);
  });

  test("the rules of the config replace the usual ones", () => {
    const late = copyOf({ modified: 9n, path: "b/c.jpg" });
    const early = copyOf({ modified: 1n, path: "c.jpg" });
    const choice = (rule: RuleName) => chooseOriginal([early, late], [rule]);
    assert.deepEqual(choice("newest"), { original: late, because: "newest" });
    assert.deepEqual(choice("longest-path"), { original: late, because: "longest-path" });
    assert.deepEqual(choice("shortest-name"), { original: late, because: "first path in order" });
  });

  test("the name that a file manager gave to a copy is the lesser one", () => {
    const original = copyOf({ path: "b/IMG_1.jpg" });
    const choice = chooseOriginal([copyOf({ path: "a/IMG_1 (1).jpg" }), original], ["source-order"]);
    assert.deepEqual(choice, { original, because: "name of no copy" });
  });

  test("a file without equals is the only copy", () => {
    assert.equal(chooseOriginal([copyOf()]).because, "only copy");
  });

  test("what nothing decides goes to the first path, then to the first source", () => {
    const original = copyOf({ path: "a.jpg", source: "a" });
    const others = [copyOf({ path: "b.jpg", source: "a" }), copyOf({ path: "a.jpg", source: "b" })] as const;
    assert.deepEqual(chooseOriginal([...others, original], []), { original, because: "first path in order" });
  });

  test("the order in which copies were found never matters", () => {
    const shuffled = anyCopies.chain((copies) =>
      fc.tuple(fc.constant(copies), fc.shuffledSubarray(copies, { minLength: copies.length }), anyRules),
    );
    fc.assert(
      fc.property(shuffled, ([copies, others, rules]) => {
        const choice = chooseOriginal(copies, rules);
        assert.deepEqual(chooseOriginal(others as typeof copies, rules), choice);
        assert.ok(copies.includes(choice.original));
      }),
    );
  });
});

describe("isNameOfCopy", () => {
  const copies = [
    "IMG_1 (1).jpg",
    "IMG_1(2).jpg",
    "IMG_1.jpg(1)",
    "IMG_1 - Copy.jpg",
    "IMG_1 - Kopie (2).jpg",
    "Kopie von IMG_1.jpg",
    "Copy of IMG_1.jpg",
    "Copy (2) of IMG_1.jpg",
    "IMG_1 copy 3.jpg",
    "IMG_1 (3rd copy).jpg",
    "Copia de IMG_1.jpg",
    "IMG_1~2.jpg",
    "IMG_1~0a1b2c3d.jpg",
  ];
  for (const name of copies) test(`"${name}" was named for a copy`, () => assert.ok(isNameOfCopy(name)));

  const plain = ["IMG_1.jpg", "photocopy.pdf", "Kopie.pdf", "Crete (2008).jpg.txt", "copyright.txt", "(1) first.jpg"];
  for (const name of plain) test(`"${name}" is a plain name`, () => assert.ok(!isNameOfCopy(name)));
});
