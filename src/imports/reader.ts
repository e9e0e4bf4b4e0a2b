import type { Completeness } from "./import.ts";

/** Reads one document that comes in parts, and gives what it finds to a `GroupBuilder`. */
export interface Reader {
  detail(): string;
  /** @throws NotUnderstood */
  take(bytes: Buffer): void;
  /** The document has ended. */
  end(): Completeness;
}

export const complete: Completeness = { complete: true, why: null };

/** @param why As in {@link Completeness}. */
export function incomplete(why: string): Completeness {
  return { complete: false, why };
}
