/** Lets one asynchronous piece of work run at a time, in the order of asking. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = this.#last.then(work, work);
    // A failure belongs to the one who asked; the next goes on.
    this.#last = mine.catch(() => {});
    return mine;
  }
}
