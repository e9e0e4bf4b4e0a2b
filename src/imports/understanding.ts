import { AppError, ExitCode } from "../model/errors.ts";
import { pathText } from "../model/path.ts";
import { formatCount } from "../model/units.ts";

/** A document that makes no sense. {@link notUnderstood} makes it something for the user. */
export class NotUnderstood extends Error {
  /** Bytes from the start of the document up to where it stopped making sense, as far as known. */
  readonly at: number | null;
  readonly hint: string | undefined;

  /** @param message What is wrong, with the document as subject: "is a list of similar images, not of duplicates". */
  constructor(message: string, { at = null, hint }: { readonly at?: number | null; readonly hint?: string } = {}) {
    super(message);
    this.at = at;
    this.hint = hint;
  }

  /** The same, with a place. */
  near(at: number): NotUnderstood {
    return new NotUnderstood(this.message, { at, ...(this.hint === undefined ? {} : { hint: this.hint }) });
  }
}

export function notUnderstood(file: string | Buffer, { message, at, hint }: NotUnderstood): AppError {
  const place = at === null ? "" : ` (near byte ${formatCount(at)})`;
  return new AppError("IMPORT_NOT_UNDERSTOOD", ExitCode.usage, `${shown(file)} ${message}${place}`, {
    hint:
      hint ?? "Name the tool that wrote it with --format; the manual lists the formats of each tool that can be read.",
  });
}

/** @param code Of the system. */
export function unreadable(file: string | Buffer, code: string, cause: unknown): AppError {
  const isWrongName = ["ENOENT", "ENOTDIR", "EISDIR", "EACCES", "EPERM", "ELOOP", "ENAMETOOLONG"].includes(code);
  const exitCode = isWrongName ? ExitCode.usage : ExitCode.unavailable;
  return new AppError("IMPORT_UNREADABLE", exitCode, `${shown(file)} cannot be read: ${code}`, { cause });
}

function shown(file: string | Buffer): string {
  return pathText(Buffer.from(file));
}
