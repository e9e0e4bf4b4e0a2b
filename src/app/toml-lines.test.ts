import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parse } from "smol-toml";
import { type KeyPath, keyLines } from "./toml-lines.ts";

const document = `# a comment with [brackets] = 1
top = "a # in text" # [not.a.table]
"quoted key" = 'b'
dotted.name.deep = 1

[table] # comment
text = """
[[source]]
name = "not a key \\""""
raw = '''
x = 1
'''''
list = [
  "one", # comment, with a comma
  [ 1, 2 ],
  { inner = 1, other.one = "}" },
]
[[source]]
name = "a"
[source.more]
key = 1
[[source]]
name = "b"
[[source.part]]
n = 1
[[source.part]]
"n" = 2
[after."dotted.key"]
date = 1979-05-27 07:32:00
`;

describe("keyLines", () => {
  const lineOf = keyLines(document);
  const expected: [KeyPath, number][] = [
    [["top"], 2],
    [["quoted key"], 3],
    [["dotted", "name", "deep"], 4],
    [["table"], 6],
    [["table", "text"], 7],
    [["table", "raw"], 10],
    [["table", "list"], 13],
    [["table", "list", 0], 14],
    [["table", "list", 1, 1], 15],
    [["table", "list", 2, "inner"], 16],
    [["table", "list", 2, "other", "one"], 16],
    [["source", 0], 18],
    [["source", 0, "name"], 19],
    [["source", 0, "more"], 20],
    [["source", 0, "more", "key"], 21],
    [["source", 1, "name"], 23],
    [["source", 1, "part", 0, "n"], 25],
    [["source", 1, "part", 1, "n"], 27],
    [["after", "dotted.key", "date"], 29],
  ];
  for (const [path, line] of expected) test(`finds ${path.join(".")}`, () => assert.equal(lineOf(path), line));

  test("a key that is not there would stand in its table", () => {
    assert.equal(lineOf(["source", 1, "path"]), 22);
    assert.equal(lineOf(["nowhere"]), 1);
  });

  test("the document of these tests is one", () => assert.equal(Object.keys(parse(document)).length, 6));

  test("comes to an end with any text", () => {
    const pieces = fc.constantFrom(
      "[",
      "]",
      "{",
      "}",
      "=",
      "a",
      ".",
      '"',
      "'''",
      '"""',
      "\n",
      ",",
      "#",
      " ",
      "\\",
      "é",
    );
    const anyText = fc.array(pieces, { maxLength: 30 }).map((all) => all.join(""));
    fc.assert(
      fc.property(anyText, (text) => void keyLines(text)(["a"])),
      { numRuns: 2000 },
    );
  });
});
