/**
 * Exit status of the program, one per kind of ending. Scripts and systemd
 * units depend on these: add, never renumber.
 */
export const ExitCode = {
  ok: 0,
  bug: 1,
  usage: 2, // wrong command line or config; nothing was touched
  incomplete: 3, // done, but some files could not be read or placed
  refused: 4, // to protect data; nothing was touched
  unavailable: 5, // try again later
  integrity: 6, // content differs from what was recorded
  busy: 7, // another run is active
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** A failure the user can act on. Anything else that is thrown is a bug. */
export class AppError extends Error {
  override readonly name = "AppError";
  /** Stable, for scripts and for searching the manual: "SOURCE_NOT_FOUND". */
  readonly code: string;
  readonly exitCode: ExitCode;
  /** What to do next, as one sentence. */
  readonly hint: string | undefined;

  constructor(code: string, exitCode: ExitCode, message: string, options: ErrorOptions & { hint?: string } = {}) {
    super(message, options);
    this.code = code;
    this.exitCode = exitCode;
    this.hint = options.hint;
  }
}

/** The system's code of a failed call ("EACCES"), or null for any other error. */
export function systemCode(error: unknown): string | null {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (typeof code !== "string") return null;
  const [, number] = /^Unknown system error -(\d+)$/.exec(code) ?? [];
  if (number !== undefined) return unnamed[number] ?? `E${number}`;
  return /^E[A-Z0-9]+$/.test(code) ? code : null;
}

/** What the system said of a failed call, where node has words for it; else its code. */
export function systemMessage(error: Error): string {
  return error.message.replace(/Unknown system error -\d+/g, () => systemCode(error) ?? "");
}

/** Numbers of Linux for which node has no name: those that disks and shares report. */
const unnamed: Readonly<Record<string, string>> = {
  37: "ENOLCK",
  52: "EBADE",
  66: "EREMOTE",
  67: "ENOLINK",
  70: "ECOMM",
  74: "EBADMSG",
  116: "ESTALE",
  117: "EUCLEAN",
  122: "EDQUOT",
  123: "ENOMEDIUM",
  124: "EMEDIUMTYPE",
  126: "ENOKEY",
};
