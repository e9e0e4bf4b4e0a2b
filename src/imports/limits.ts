/** What bounds the memory, whatever a document holds. */

/** Files in one piece of a group. */
export const largestGroup = 10_000;

/**
 * Characters of one string or line, as written. Results hold the command line that made them, which Linux
 * allows 2 MiB by default; escaped, it may be twice as long.
 */
export const longestText = 4 * 1024 * 1024;

/** Characters of a path, and of a name that goes on over several lines. Linux takes 4,096 bytes, Windows 32,767 characters. */
export const longestName = 65_536;

/** Characters of a number or word of JSON. */
export const longestWord = 1_000;

/** Arrays and objects in one another. No tool nests deeper than six. */
export const deepestNesting = 64;

/** Bytes that tell which format a document has. Also what is read and looked at in one go. */
export const chunkSize = 65_536;
