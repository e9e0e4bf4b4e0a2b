/** Problems that no permission or cable explains: the bytes are not what was recorded, or not what was written. */
export const alarmCodes = [
  "CONTENT_CHANGED",
  "CONTENT_DIFFERS",
  "WRITTEN_WRONG",
  "ENTRY_DAMAGED",
  "ENTRY_EDITED",
] as const;

/** A source was there when the run began, and went away: what it holds is for the next run. */
export const sourceLostCode = "SOURCE_LOST";

/** The archive's disk had no room left for what was still to be copied. */
export const archiveFullCode = "ARCHIVE_FULL";

const meanings: Readonly<Record<string, string>> = {
  EACCES: "no permission to read it",
  EPERM: "no permission to read it",
  ENOENT: "it vanished while it was looked at",
  EIO: "the disk or share reported a read error",
  EBADMSG: "the file system found its checksum wrong",
  EUCLEAN: "the file system is damaged: check it",
  ESTALE: "the share forgot it; it may be there again at the next scan",
  ETIMEDOUT: "the share did not answer in time",
  EHOSTDOWN: "the server of the share is down",
  EHOSTUNREACH: "the server of the share cannot be reached",
  ENETDOWN: "the network is down",
  ENETUNREACH: "the server of the share cannot be reached",
  ECONNABORTED: "the share broke the connection off",
  ECONNREFUSED: "the server of the share takes no connection",
  ECONNRESET: "the share broke the connection off",
  EREMOTEIO: "the share reported an error of its own",
  ESHUTDOWN: "the share was shut down",
  ENODEV: "its disk is gone",
  ENXIO: "its disk is gone",
  ENOTCONN: "the share is not connected",
  ELOOP: "a symbolic link took its place",
  ENOTDIR: "something else took the place of a folder above it",
  ENAMETOOLONG: "its path is longer than the system can open",
  EMFILE: "too many files are open at once",
  CHANGED_WHILE_READ: "it kept changing while it was read",
};

/** What an error code of one file means, as the end of a sentence about it. */
export function describeTrouble(code: string): string {
  return meanings[code] ?? `the system reported ${code}`;
}
