/** A version of a file, by what a look at it told; node counts sizes in bigints, others in numbers. */
export interface Version<Size extends number | bigint> {
  readonly size: Size;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** Whether nobody wrote to an open file, or changed anything about it, between two looks. */
export function sameVersion<Size extends number | bigint>(a: Version<Size>, b: Version<Size>): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;
}
