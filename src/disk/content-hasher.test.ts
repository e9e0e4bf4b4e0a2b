import assert from "node:assert/strict";
import { test } from "node:test";
import { Blake3Hasher } from "@napi-rs/blake-hash";
import fc from "fast-check";
import { ContentHasher } from "./content-hasher.ts";

test("in whatever pieces a content passes, whole or not at all: its hash is that of its bytes", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 5 }), (pieces) => {
      const bytes = Buffer.concat(pieces);
      const hasher = new ContentHasher(bytes.length);
      for (const piece of pieces) hasher.update(piece);

      assert.equal(hasher.digest(), new Blake3Hasher().update(bytes).digest("hex"));
    }),
  );
});
