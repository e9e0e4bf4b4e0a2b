/** Problems that no permission or cable explains: the bytes are not what was recorded, or not what was written. */
export const alarmCodes = ["CONTENT_CHANGED", "CONTENT_DIFFERS", "WRITTEN_WRONG"] as const;

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
  ENOTCONN: "the share is not connected",
  ELOOP: "a symbolic link took its place",
  ENAMETOOLONG: "its path is longer than the system can open",
  EMFILE: "too many files are open at once",
  CHANGED_WHILE_READ: "it kept changing while it was read",
};

/** What an error code of one file means, as the end of a sentence about it. */
export function describeTrouble(code: string): string {
  return meanings[code] ?? `the system reported ${code}`;
}
