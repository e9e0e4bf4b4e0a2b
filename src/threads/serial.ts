/** Lets one piece of work begin only when the one before has ended: for one connection shared by several tasks. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` after all that was given before; a failure of one does not stop the next. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
