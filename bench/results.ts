/** What was measured, as results.json holds it and the tables show it. */
import type { Machine } from "./machine.ts";
import type { Resources } from "./resources.ts";
import type { Reads } from "./trace.ts";

export interface Row {
  readonly name: string;
  readonly role: "onefold" | "peer" | "aside";
  readonly version: string;
  /** One for each round. */
  readonly seconds: readonly number[];
  readonly resources: Resources | null;
  readonly reads: Reads | null;
  /** For the foot of the table: what differs, failed or was not done. */
  readonly notes: readonly string[];
}

/** What rows with the role "onefold" are to reach. */
export interface Goal {
  /** At most so many times as long as the reference. */
  readonly limit: number;
  /** The name of a row; null for the fastest peer. */
  readonly against: string | null;
  /** Whether every other peer must take longer. */
  readonly beatsOthers: boolean;
  /** The most bytes that may be read of the files, if that is limited. */
  readonly mostReadBytes?: number;
}

export interface RaceResult {
  readonly kind: "race";
  /** "small": what the case is called on the command line, with a part of it behind a slash. */
  readonly id: string;
  readonly title: string;
  /** What there was to do. */
  readonly setting: string;
  readonly goal: Goal | null;
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

/** One command over trees of growing size. */
export interface GrowthResult {
  readonly kind: "growth";
  readonly id: string;
  readonly title: string;
  readonly setting: string;
  readonly points: readonly GrowthPoint[];
  readonly notes: readonly string[];
}

export interface GrowthPoint {
  readonly command: string;
  readonly files: number;
  readonly seconds: number;
  readonly resources: Resources | null;
}

/** A case that could not be measured here. */
export interface SkippedResult {
  readonly kind: "skipped";
  readonly id: string;
  readonly title: string;
  readonly because: string;
}

export type CaseResult = RaceResult | GrowthResult | SkippedResult;

/** One execution of the benchmark. */
export interface Measured {
  /** ISO 8601. */
  readonly at: string;
  readonly machine: Machine;
  /** Duplicate finders that are not installed. */
  readonly missing: readonly string[];
  readonly cases: readonly CaseResult[];
}

export type Scale = "full" | "quick" | "tiny";

/** results.json. */
export interface Results {
  readonly full?: Measured;
  /** With small trees: what a later quick run is compared with. */
  readonly quick?: Measured;
}
