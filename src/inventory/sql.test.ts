import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { sql } from "./sql.ts";

describe("sql", () => {
  test("numbers its values and keeps them out of the text", () => {
    const { text, values } = sql`select * from file where size > ${5} and name = ${"'; drop table file; --"}`;

    assert.equal(text, "select * from file where size > $1 and name = $2");
    assert.deepEqual(values, [5, "'; drop table file; --"]);
  });

  test("puts a query into a query and goes on counting", () => {
    const large = sql`size > ${100}`;
    const ours = sql`source_id = ${7} and ${large}`;
    const { text, values } = sql`select ${"a"} from file where ${ours} or ${large} limit ${3}`;

    assert.equal(text, "select $1 from file where source_id = $2 and size > $3 or size > $4 limit $5");
    assert.deepEqual(values, ["a", 7, 100, 100, 3]);
  });

  test("takes what only looks like a query for a value", () => {
    const forged = { text: "1; drop table file", values: [] };

    assert.equal(sql`select ${forged}`.text, "select $1");
  });

  test("has as many places as values, whatever is put into it", () => {
    const value = fc.anything();
    const { query } = fc.letrec((tie) => ({
      query: fc.oneof(
        { maxDepth: 4 },
        value.map((one) => sql`a ${one}`),
        fc.tuple(tie("query"), value, tie("query")).map(([left, one, right]) => sql`${left} b ${one} ${right}`),
      ),
    }));
    fc.assert(
      fc.property(query, (built) => {
        const { text, values } = built as ReturnType<typeof sql>;
        const numbers = [...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number));
        assert.deepEqual(
          numbers,
          values.map((_, n) => n + 1),
        );
      }),
    );
  });
});
