/** What a long phase has done so far, for whoever shows it. Amounts only ever grow. */
export interface Phase {
  add(done: { readonly files: number; readonly bytes?: number }): void;
  end(): void;
}

export interface Progress {
  /** Whether another program may draw its own progress on the terminal while no phase is under way. */
  readonly drawable: boolean;
  /**
   * @param name What is being done, as a person says it: "reading folders", "copying".
   * @param total Files and bytes there are to do, if that is known.
   */
  begin(name: string, total?: { readonly files: number; readonly bytes: number }): Phase;
  /** Something a person should know at once, although the work goes on. */
  note(message: string): void;
}
