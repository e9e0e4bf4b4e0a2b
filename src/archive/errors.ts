import { AppError, ExitCode, systemCode, systemMessage } from "../model/errors.ts";
import { formatBytes } from "../model/units.ts";

/** Never made by us: an archive whose disk is not mounted would be begun anew on the disk below. */
export function archiveNotFound(root: string): AppError {
  return new AppError("ARCHIVE_NOT_FOUND", ExitCode.refused, `the archive folder ${root} does not exist`, {
    hint: "Mount its disk, or make the folder yourself if it is to be a new archive.",
  });
}

export function archiveNotAFolder(path: string): AppError {
  return new AppError("ARCHIVE_NOT_A_FOLDER", ExitCode.refused, `${path} is not a folder`, {
    hint: "Give the folder that holds the archive; the folder .onefold in it must not be a link.",
  });
}

function archiveNotWritable(root: string, cause: unknown): AppError {
  return new AppError("ARCHIVE_NOT_WRITABLE", ExitCode.refused, `nothing can be written to the archive ${root}`, {
    hint: "Check the owner of the folder, and whether its disk is mounted read-only.",
    cause,
  });
}

/** Publishing needs links: they alone put a finished file in its place without ever overwriting another. */
export function archiveNoHardLinks(root: string, cause: unknown): AppError {
  return new AppError("ARCHIVE_NO_HARD_LINKS", ExitCode.refused, `the file system of ${root} has no hard links`, {
    hint: "Use a folder on ZFS, ext4, XFS, Btrfs or NTFS; exFAT, FAT and some network shares do not have them.",
    cause,
  });
}

export function archiveTooNew(root: string, format: number): AppError {
  return new AppError(
    "ARCHIVE_TOO_NEW",
    ExitCode.refused,
    `the archive ${root} was written by a newer onefold (format ${format})`,
    { hint: "Update onefold on this machine." },
  );
}

export function archiveMarkerDamaged(path: string, cause?: unknown): AppError {
  return new AppError("ARCHIVE_MARKER_DAMAGED", ExitCode.refused, `${path} cannot be understood`, {
    hint: "Restore it from a snapshot; if there is none, move it away, and the next run marks the archive anew.",
    cause,
  });
}

/** Its lock is kept under a name that must be text. */
export function archiveNameNotText(root: string): AppError {
  return new AppError(
    "ARCHIVE_NAME_NOT_TEXT",
    ExitCode.refused,
    `the path of the archive, ${root}, is not plain text`,
    {
      hint: "Rename the folder: no bytes outside UTF-8, no control characters, no backslash.",
    },
  );
}

export function runActive(root: string, holder: { host: string; pid: number; purpose: string }): AppError {
  const who = `"${holder.purpose}" (process ${holder.pid} on ${holder.host})`;
  return new AppError("RUN_ACTIVE", ExitCode.busy, `the archive ${root} is being changed by ${who}`, {
    hint: `Wait until it is done. If that process is certainly gone, remove ${root}/.onefold/lock.`,
  });
}

/** Before anything is copied. Bytes. */
export function archiveTooSmall(root: string, space: { needed: number; free: number; reserve: number }): AppError {
  const { needed, free, reserve } = space;
  return new AppError(
    "ARCHIVE_FULL",
    ExitCode.refused,
    `the archive ${root} has ${formatBytes(free)} free, ${formatBytes(needed + reserve - free)} too little: ${formatBytes(needed)} are to be copied, and ${formatBytes(reserve)} must stay free`,
    { hint: "Free some space or add a disk; nothing was copied." },
  );
}

/** In the middle of a run: what was recorded as done stays, what was in hand is thrown away. */
export function archiveFull(root: string, cause: string): AppError {
  return new AppError("ARCHIVE_FULL", ExitCode.refused, `the archive ${root} is full (${cause})`, {
    hint: "Free some space, then run again: it goes on where it stopped.",
  });
}

/** The same, but found out in time: others have filled the disk, and what must stay free is still free. Bytes. */
export function archiveReserveReached(root: string, { free, reserve }: { free: number; reserve: number }): AppError {
  const cause = `${formatBytes(free)} are free, and ${formatBytes(reserve)} must stay free`;
  return archiveFull(root, cause);
}

/** Found out before a batch: nothing was written to what stands there now. */
export function archiveExchanged(root: string): AppError {
  return new AppError(
    "ARCHIVE_LOST",
    ExitCode.unavailable,
    `the archive ${root} does not answer, or is not what it was when the run began`,
    { hint: "See what is mounted there (findmnt), then run again: it goes on where it stopped." },
  );
}

/** The archive's disk was unplugged, turned read-only, or lost a flush. */
export function archiveLost(root: string, cause: string): AppError {
  return new AppError("ARCHIVE_LOST", ExitCode.unavailable, `the archive ${root} can no longer be written (${cause})`, {
    hint: "Look at the disk and the system's log, then run again: it goes on where it stopped.",
  });
}

/** What a failed system call on the archive's own files means; any other error as it is. */
export function asArchiveError(root: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === null) return error;
  if (["ENOSPC", "EDQUOT"].includes(code)) return archiveFull(root, code);
  if (["EACCES", "EPERM", "EROFS"].includes(code)) return archiveNotWritable(root, error);
  return archiveLost(root, describe(error));
}

/** The same in the middle of a run, when the archive was good enough to begin with. */
export function asLostArchive(root: string, error: unknown): unknown {
  const code = systemCode(error);
  return code === null || ["ENOSPC", "EDQUOT"].includes(code)
    ? asArchiveError(root, error)
    : archiveLost(root, describe(error));
}

function describe(error: unknown): string {
  return error instanceof Error ? systemMessage(error) : String(error);
}

export function journalDamaged(path: string, where: string): AppError {
  return new AppError("JOURNAL_DAMAGED", ExitCode.integrity, `the journal ${path} is damaged at ${where}`, {
    hint: "Compare it with a snapshot or backup of the archive; the archive's files themselves are not affected.",
  });
}

/** In the middle of a run: what was done is recorded, or the journal tells. */
export function sourceLost(
  called: string,
  root: string,
  { code, message }: { code: string; message: string },
): AppError {
  const sentence = `${called} (${root}) is gone or can no longer be written to (${code}: ${message})`;
  return new AppError("SOURCE_LOST", ExitCode.unavailable, sentence, {
    hint: "Look at the share and its mount, then run again: it goes on where it stopped.",
  });
}
