import type { Command } from "./command.ts";

/** Whoever takes part in a race. */
export interface Contender {
  /** As the tables name it: "jdupes -Q". */
  readonly name: string;
  /** "onefold" is judged, "peer" is what it is judged against; "aside" is shown only. */
  readonly role: "onefold" | "peer" | "aside";
  /** What a reader of the table has to know about it. */
  readonly note?: string;
  /** Makes everything ready for one run, untimed. */
  prepare(): Promise<Ready>;
}

/** One run, about to begin. */
export interface Ready extends AsyncDisposable {
  readonly command: Command;
  /** What it has found, after it; null where nothing is looked for. */
  readonly found: (() => Promise<Found>) | null;
}

export interface Found {
  readonly groups: number;
  /** Copies, the first of each group left out. */
  readonly surplus: number;
  /** What else is odd. */
  readonly remark?: string;
}

/** For runs after which there is nothing to tidy up. */
export function ready(command: Command, found: Ready["found"] = null): Ready {
  return { command, found, [Symbol.asyncDispose]: () => Promise.resolve() };
}
