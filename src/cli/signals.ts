import { ExitCode } from "../model/errors.ts";

/** Ctrl-C and SIGTERM as a wish to stop; the second one ends the program at once. */
export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
  /** Exit status that tells which signal came; null if none did. */
  status(): ExitCode | null;
}

export function listenForInterruption(onFirst: () => void, exit: (status: ExitCode) => void): Interruption {
  const controller = new AbortController();
  let status: ExitCode | null = null;
  const listen = (code: ExitCode) => () => {
    if (status !== null) return exit(code);
    status = code;
    onFirst();
    controller.abort();
  };
  const onInterrupt = listen(ExitCode.interrupted);
  const onTerminate = listen(ExitCode.terminated);
  process.on("SIGINT", onInterrupt).on("SIGTERM", onTerminate);
  return {
    signal: controller.signal,
    status: () => status,
    [Symbol.dispose]: () => {
      // The process ends, which takes a moment: a second signal in it must not kill it without a status.
      if (status === null) process.off("SIGINT", onInterrupt).off("SIGTERM", onTerminate);
    },
  };
}
