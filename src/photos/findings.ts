import { type DateCandidate, type Evidence, Rung, type WallClock } from "../model/evidence.ts";
import { implausible } from "../model/plausible.ts";
import { clockAt, parseOffset } from "../model/wall-clock.ts";
import { parseStamp } from "./stamp.ts";

/**
 * Collects what the readers of formats find. Filled step by step, so that what was found
 * before a damaged place is kept.
 */
export class Findings {
  readonly #dates: DateCandidate[];
  type: string | undefined;
  pairId: string | undefined;
  camera: string | undefined;
  software: string | undefined;
  title: string | undefined;
  /** What kind of metadata stands in the file that only exiftool can read; null if none was seen. */
  unread: string | null = null;

  /** @param known What was found before, by another reader. */
  constructor(known: Evidence = { dates: [] }) {
    this.#dates = [...known.dates];
    this.type = known.type;
    this.pairId = known.pairId;
    this.camera = known.camera;
    this.software = known.software;
    this.title = known.title;
  }

  /** Adds a date as text, if it is one. `offset`: text of the zone, where it stands apart from the time. */
  addText(text: string | undefined, rung: number, from: string, offset?: string): void {
    const stamp = text === undefined ? null : parseStamp(text);
    if (stamp === null) return;
    const apart = offset === undefined ? null : parseOffset(offset);
    this.addClock(
      stamp.at,
      stamp.zone === "local" && stamp.at.length > 10 ? (apart ?? "local") : stamp.zone,
      rung,
      from,
    );
  }

  /** Adds a moment in seconds since 1970, UTC. */
  addMoment(seconds: number, rung: number, from: string): void {
    const at = clockAt(seconds);
    if (at !== null) this.addClock(at, "utc", rung, from);
  }

  addClock(at: WallClock, zone: string, rung: number, from: string): void {
    const known = this.#dates.some((date) => date.at === at && date.rung === rung && date.zone === zone);
    if (!known) this.#dates.push({ at, zone, rung, from });
  }

  /** Whether a date that can be true stands on `rung` or a better one. */
  has(rung: number): boolean {
    return this.#dates.some((date) => date.rung <= rung && implausible(date, Number.POSITIVE_INFINITY) === null);
  }

  /** Whether anything says when the picture was taken; the time of the last change does not. */
  get dated(): boolean {
    return this.has(Rung.gps);
  }

  evidence(): Evidence {
    const { type, pairId, camera, software, title } = this;
    const known = Object.entries({ type, pairId, camera, software, title }).filter(([, value]) => value !== undefined);
    return { dates: [...this.#dates].sort((a, b) => a.rung - b.rung), ...Object.fromEntries(known) };
  }
}
