/** A statement and the values its $1, $2, … stand for. Comes from {@link sql}. */
export interface Query {
  readonly text: string;
  readonly values: readonly unknown[];
}

/**
 * SQL as it is written, its values apart: every `${value}` becomes a `$n` and
 * can never become text. A `${query}` is put in as it stands, its values
 * renumbered; there is no other way to compose.
 *
 * Values: text, numbers, bigint, boolean, null, Date, Uint8Array (bytea), arrays of these (`= any(${list}::text[])`);
 * other objects become JSON. Cast (`${n}::bigint`) where PostgreSQL cannot know the type.
 */
export function sql(strings: TemplateStringsArray, ...values: readonly unknown[]): Query {
  const pieces = [strings[0] ?? ""];
  const flat: unknown[] = [];
  values.forEach((value, n) => {
    const after = strings[n + 1] ?? "";
    if (value instanceof ComposedQuery) {
      const [first = "", ...rest] = value.pieces;
      pieces.push(`${pieces.pop()}${first}`, ...rest);
      pieces.push(`${pieces.pop()}${after}`);
      flat.push(...value.values);
    } else {
      pieces.push(after);
      flat.push(value);
    }
  });
  return new ComposedQuery(pieces, flat);
}

/** Not exported, so that nothing but the tag makes one: text in `pieces` is always program text. */
class ComposedQuery implements Query {
  /** Text around the values; always one more than there are values. */
  readonly pieces: readonly string[];
  readonly values: readonly unknown[];

  constructor(pieces: readonly string[], values: readonly unknown[]) {
    this.pieces = pieces;
    this.values = values;
  }

  get text(): string {
    return this.pieces.reduce((text, piece, n) => `${text}$${n}${piece}`);
  }
}
