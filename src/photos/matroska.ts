import { Rung } from "../model/evidence.ts";
import { type Bytes, part } from "./bytes.ts";
import type { Findings } from "./findings.ts";

interface Element {
  readonly id: number;
  readonly content: Bytes;
}

const segment = 0x18538067;
const info = 0x1549a966;
const dateUtc = 0x4461;
const secondsTo2001 = 978_307_200;
const maxElements = 50;

/** Reads the date of Matroska and WebM: nanoseconds since 2001, UTC, in the `Info` near the beginning. */
export function readMatroska(bytes: Bytes, findings: Findings): void {
  const date = find(find(find(bytes, segment), info), dateUtc);
  const value = date?.at(0, 8);
  if (value?.length !== 8) return;
  const seconds = Number(value.readBigInt64BE(0) / 1_000_000_000n) + secondsTo2001;
  findings.addMoment(seconds, Rung.streamOriginal, "Matroska DateUTC");
}

function find(within: Bytes | null, id: number): Bytes | null {
  if (within === null) return null;
  for (const element of elementsIn(within)) if (element.id === id) return element.content;
  return null;
}

function* elementsIn(bytes: Bytes): Generator<Element> {
  let at = 0;
  for (let seen = 0; seen < maxElements; seen++) {
    const head = bytes.at(at, 12);
    const idLength = Math.clz32(head[0] ?? 0) - 23;
    const sizeLength = Math.clz32(head[idLength] ?? 0) - 23;
    if (idLength > 4 || sizeLength > 8 || head.length < idLength + sizeLength) return;
    const size = sizeOf(head.subarray(idLength, idLength + sizeLength));
    const begin = at + idLength + sizeLength;
    yield { id: head.readUIntBE(0, idLength), content: part(bytes, begin, size ?? bytes.size) };
    if (size === null) return;
    at = begin + size;
  }
}

/** A number whose length stands in the zeros before its first bit; all ones: unknown, to the end. */
function sizeOf(bytes: Buffer): number | null {
  const first = (bytes[0] ?? 0) & (0xff >> bytes.length);
  const unknown = first === 0xff >> bytes.length && bytes.subarray(1).every((byte) => byte === 0xff);
  return unknown ? null : bytes.subarray(1).reduce((value, byte) => value * 256 + byte, first);
}
