import { type Bytes, part } from "./bytes.ts";

/** One box ("atom") of an ISO base media file: MP4, MOV, HEIC, AVIF, CR3, JPEG XL. */
export interface Box {
  /** Four characters; for `uuid` boxes the 32 hex digits follow: "uuid:85c0…". */
  readonly name: string;
  readonly content: Bytes;
}

const maxBoxes = 2000;

/** The boxes in `bytes`, one after the other; only their heads are read. Ends early where the file is damaged. */
export function* boxesIn(bytes: Bytes): Generator<Box> {
  let at = 0;
  for (let seen = 0; seen < maxBoxes; seen++) {
    const head = bytes.at(at, 8);
    if (head.length < 8) return;
    const short = head.readUInt32BE(0);
    const name = head.toString("latin1", 4);
    const long = short === 1 ? bytes.at(at + 8, 8) : null;
    if (long !== null && long.length < 8) return;
    const headSize = long === null ? 8 : 16;
    // 0: to the end of the file.
    const size = long !== null ? Number(long.readBigUInt64BE(0)) : short === 0 ? bytes.size - at : short;
    if (size < headSize) return;
    const content = part(bytes, at + headSize, size - headSize);
    if (name === "uuid")
      yield { name: `uuid:${content.at(0, 16).toString("hex")}`, content: part(content, 16, content.size) };
    else yield { name, content };
    at += size;
  }
}

/** The first box of that name in `bytes`; null if there is none. */
export function boxIn(bytes: Bytes, name: string): Bytes | null {
  for (const box of boxesIn(bytes)) if (box.name === name) return box.content;
  return null;
}
