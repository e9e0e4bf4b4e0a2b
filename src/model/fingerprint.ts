/**
 * The *head* of a file tells most files of equal size apart without reading
 * them whole: BLAKE3 over its first and last {@link headBytes}, one after the
 * other, cut to 16 bytes and written as 32 lower-case hex digits.
 *
 * Equal heads prove nothing; different heads prove different contents. Only
 * files longer than {@link wholeUpTo} have one.
 */

/**
 * Bytes taken from each end of a file for its head. More tell hardly more files apart: what cameras write before the
 * picture has the time in it. Heads of another length may not be compared: a change takes a migration.
 */
export const headBytes = 4_096;

/** Files up to this many bytes are read whole at once: that costs hardly more than their head would. */
export const wholeUpTo = 65_536;

/** Hex digits of a head. */
export const headDigits = 32;

/** BLAKE3-256 of nothing: an empty file is never opened. */
export const emptyContent = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
