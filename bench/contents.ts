import { createCipheriv } from "node:crypto";
import { aJpeg, aTiff } from "../src/testing/media.ts";
import { scramble } from "./dice.ts";
import { type PlannedFile, sharedHead, type TreeSpec } from "./tree-plan.ts";

const poolBytes = 32 << 20;

/**
 * The bytes of planned files: a piece of one large random block, and a mark by which no two contents are equal.
 * So it costs a copy in memory, and no file system can compress it.
 */
export class Contents {
  readonly #spec: TreeSpec;
  readonly #pool: Buffer;
  readonly #bytes: Buffer;
  readonly #heads = new Map<number, Buffer>();

  constructor(spec: TreeSpec) {
    this.#spec = spec;
    const key = Buffer.alloc(32, spec.seed & 0xff);
    this.#pool = createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(poolBytes));
    this.#bytes = Buffer.allocUnsafe(Math.max(spec.size.most, 256));
  }

  /** Valid until the next call. */
  of({ content, headOf, size }: PlannedFile): Buffer {
    const bytes = this.#bytes.subarray(0, size);
    if (content === null) throw new RangeError("a sparse file has no bytes to write");
    this.#fill(bytes, content);
    if (headOf === null) this.#mark(bytes, content);
    else {
      this.#fill(bytes.subarray(0, sharedHead), headOf);
      this.#mark(bytes, headOf);
      bytes.writeBigUInt64LE(BigInt(content), sharedHead);
    }
    return bytes;
  }

  #fill(bytes: Buffer, content: number): void {
    const begin = Math.floor(scramble(this.#spec.seed, content) * (poolBytes - this.#bytes.length));
    this.#pool.copy(bytes, 0, begin, begin + bytes.length);
  }

  /** The head of a photo, if it is to be one, then the number of the content. */
  #mark(bytes: Buffer, content: number): void {
    const head = this.#spec.photos ? this.#headOf(content % 180) : Buffer.alloc(0);
    head.copy(bytes);
    bytes.writeBigUInt64LE(BigInt(content), head.length);
  }

  #headOf(month: number): Buffer {
    const made = this.#heads.get(month) ?? photoHead(2005 + Math.floor(month / 12), (month % 12) + 1);
    this.#heads.set(month, made);
    return made;
  }
}

/** Everything of a JPEG that stands before its picture. */
function photoHead(year: number, month: number): Buffer {
  const tiff = aTiff({ exif: { 36867: `${year}:${String(month).padStart(2, "0")}:15 12:33:11` } });
  const whole = aJpeg([[0xe1, Buffer.concat([Buffer.from("Exif\0\0"), tiff])]], 0);
  return whole.subarray(0, -2);
}
