import { refreshStatistics } from "../inventory/statistics.ts";
import type { App } from "./context.ts";

/** Keeps the planner's statistics in step with tables that grow fast: whenever they have grown fivefold. */
export class Growth {
  readonly #app: App;
  #added = 0;
  #next = 2_000;
  #stale = false;

  constructor(app: App) {
    this.#app = app;
  }

  async add(rows: number, use: "asked soon" | "asked later"): Promise<void> {
    this.#added += rows;
    this.#stale ||= rows > 0;
    if (this.#added < this.#next || use === "asked later") return;
    this.#next = this.#added * 5;
    this.#stale = false;
    await refreshStatistics(this.#app.db);
  }

  async settle(): Promise<void> {
    if (this.#stale) await refreshStatistics(this.#app.db);
  }
}
