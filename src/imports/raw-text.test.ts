import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { pathText } from "../model/path.ts";
import { rustDebugPath, stfu8Path } from "./escapes.ts";
import { pathOfRawText, RawDecoder, rawBytes, rawText } from "./raw-text.ts";

/** Bytes that are nearly UTF-8, or not at all. */
const anyBytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc.string({ unit: "binary", maxLength: 3 }).map((text) => Buffer.from(text)),
    ),
  )
  .map((parts) => Buffer.concat(parts));

describe("raw text", () => {
  test("stands for exactly its bytes", () => {
    fc.assert(fc.property(anyBytes, (bytes) => assert.deepEqual(rawBytes(rawText(bytes)), bytes)));
  });

  test("is the same wherever the bytes are cut", () => {
    fc.assert(
      fc.property(anyBytes, fc.array(fc.nat(7)), (bytes, lengths) => {
        const decoder = new RawDecoder();
        let text = "";
        let at = 0;
        for (const length of lengths) {
          text += decoder.decode(bytes.subarray(at, at + length));
          at += length;
        }
        text += decoder.decode(bytes.subarray(at));
        assert.equal(text + decoder.end(), rawText(bytes));
      }),
    );
  });

  test("gives the path that pathText gives", () => {
    fc.assert(fc.property(anyBytes, (bytes) => assert.equal(pathOfRawText(rawText(bytes)), pathText(bytes))));
  });

  test("of valid UTF-8 is that text", () => {
    assert.equal(rawText(Buffer.from("ü 😀 \u{10ffff}")), "ü 😀 \u{10ffff}");
  });

  test("of overlong forms and surrogates is no text", () => {
    for (const hex of ["c080", "e08080", "eda080", "f0808080", "f4908080", "fe", "80"]) {
      const bytes = Buffer.from(hex, "hex");
      assert.equal(rawText(bytes), [...bytes].map((byte) => String.fromCharCode(0xdc00 + byte)).join(""));
    }
  });

  test("with other lone surrogates names nothing", () => {
    for (const text of ["/a\ud83d", "/a\udc00", "/\udfffb"]) assert.equal(pathOfRawText(text), null);
  });

  test("Python's escapes of bytes come together to characters", () => {
    assert.equal(pathOfRawText("/\udcc3\udca4"), "/ä");
  });
});

describe("escaped names", () => {
  test("STFU-8", () => {
    assert.equal(stfu8Path("/a\\\\b\\n\\t\\r\\x1B\\xFF ü"), "/a\\x5cb\\x0a\\x09\\x0d\\x1b\\xff ü");
    assert.equal(stfu8Path("/\\xC3\\xA4 \\u00D800"), null);
    assert.equal(stfu8Path("/\\xC3\\xA4 \\u01F600"), "/ä 😀");
    for (const wrong of ["/a\\", "/a\\q", "/\\x1", "/\\u1F60", "/\\u110000"])
      assert.equal(stfu8Path(wrong), null, wrong);
  });

  test("Rust's debug form", () => {
    assert.equal(rustDebugPath("/a\\\\b\\\"\\'\\n\\u{301}\\xFF\\u{1f600}"), "/a\\x5cb\"'\\x0a\u0301\\xff😀");
    for (const wrong of ["/a\\", "/a\\q", '/a"b', "/\\u{}", "/\\u{d800}", "/\\u{110000}", "/a\nb"]) {
      assert.equal(rustDebugPath(wrong), null, wrong);
    }
  });
});
