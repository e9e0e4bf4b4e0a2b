/** Builds small photos and films, valid or not, byte by byte. */

type Texts = Readonly<Record<number, string>>;

const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** A TIFF with a first directory of `main` and an EXIF directory of `exif`: tag → text. Little-endian. */
export function aTiff({ main = {}, exif = {} }: { main?: Texts; exif?: Texts } = {}): Buffer {
  const mainSize = 2 + 12 * (Object.keys(main).length + 1) + 4;
  const below = directory(exif, 8 + mainSize);
  const first = directory({ ...main }, 8, 8 + mainSize, below.length);
  const head = Buffer.from("II*\0\x08\0\0\0", "latin1");
  const whole = Buffer.concat([head, first.subarray(0, mainSize), below, first.subarray(mainSize)]);
  return whole;
}

/** Fields, then their texts; `exifAt` adds the pointer to a directory that stands between both. */
function directory(texts: Texts, begin: number, exifAt?: number, between = 0): Buffer {
  const fields = Object.entries(texts).map(([tag, text]) => ({ tag: Number(tag), value: Buffer.from(`${text}\0`) }));
  const count = fields.length + (exifAt === undefined ? 0 : 1);
  const table = Buffer.alloc(2 + 12 * count + 4);
  table.writeUInt16LE(count);
  let valueAt = begin + table.length + between;
  for (const [n, { tag, value }] of fields.entries()) {
    table.writeUInt16LE(tag, 2 + 12 * n);
    table.writeUInt16LE(2, 4 + 12 * n);
    table.writeUInt32LE(value.length, 6 + 12 * n);
    if (value.length <= 4) value.copy(table, 10 + 12 * n);
    else table.writeUInt32LE(valueAt, 10 + 12 * n);
    valueAt += value.length <= 4 ? 0 : value.length;
  }
  if (exifAt !== undefined) {
    const at = 2 + 12 * fields.length;
    table.writeUInt16LE(0x8769, at);
    table.writeUInt16LE(4, at + 2);
    table.writeUInt32LE(1, at + 4);
    table.writeUInt32LE(exifAt, at + 8);
  }
  return Buffer.concat([table, ...fields.filter(({ value }) => value.length > 4).map(({ value }) => value)]);
}

/** A JPEG of the given segments, followed by `pictureBytes` of picture. */
export function aJpeg(segments: readonly (readonly [marker: number, content: Buffer])[], pictureBytes = 2000): Buffer {
  const written = segments.map(([marker, content]) => {
    const head = Buffer.from([0xff, marker, 0, 0]);
    head.writeUInt16BE(content.length + 2, 2);
    return Buffer.concat([head, content]);
  });
  const picture = Buffer.from([0xff, 0xda, 0, 2, ...Array.from({ length: pictureBytes }, () => 0x55), 0xff, 0xd9]);
  return Buffer.concat([Buffer.from([0xff, 0xd8]), ...written, picture]);
}

/** A JPEG with EXIF, as cameras write it. `at` as EXIF writes it: "2019:07:04 12:33:11". */
export function aPhoto(at: string, more: { readonly offset?: string; readonly camera?: string } = {}): Buffer {
  const exif = { 36867: at, ...(more.offset === undefined ? {} : { 36881: more.offset }) };
  const tiff = aTiff({ main: more.camera === undefined ? {} : { 272: more.camera }, exif });
  return aJpeg([[0xe1, Buffer.concat([Buffer.from("Exif\0\0"), tiff])]]);
}

/** A box of MP4, MOV or HEIC. */
export function aBox(name: string, ...content: readonly Buffer[]): Buffer {
  const inside = Buffer.concat(content);
  return Buffer.concat([uint32(8 + inside.length), Buffer.from(name, "latin1"), inside]);
}

/** A film whose headers tell `seconds` since 1904; `day` is what user data say. The movie stands behind its pictures. */
export function aFilm(seconds: number, day?: string): Buffer {
  const header = Buffer.concat([uint32(0), uint32(seconds), Buffer.alloc(88)]);
  const text = Buffer.from(day ?? "");
  const language = Buffer.from([0, text.length, 0x15, 0xc7]);
  const userData = day === undefined ? [] : [aBox("udta", aBox("\xa9day", language, text))];
  const track = aBox("trak", aBox("mdia", aBox("mdhd", header)));
  return Buffer.concat([
    aBox("ftyp", Buffer.from("qt  \0\0\0\0")),
    aBox("mdat", Buffer.alloc(100_000)),
    aBox("moov", aBox("mvhd", header), track, ...userData),
  ]);
}

/** A PNG of the given chunks; checksums are left out, nobody here asks for them. */
export function aPng(chunks: readonly (readonly [name: string, content: Buffer])[]): Buffer {
  const written = chunks.map(([name, content]) =>
    Buffer.concat([uint32(content.length), Buffer.from(name, "latin1"), content, uint32(0)]),
  );
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...written]);
}

/** A RIFF file, e.g. of form "WEBP" or "AVI ". */
export function aRiff(form: string, chunks: readonly (readonly [name: string, content: Buffer])[]): Buffer {
  const written = chunks.map(([name, content]) => aRiffChunk(name, content));
  const inside = Buffer.concat([Buffer.from(form, "latin1"), ...written]);
  return aRiffChunk("RIFF", inside);
}

export function aRiffChunk(name: string, content: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(content.length);
  return Buffer.concat([Buffer.from(name, "latin1"), size, content, Buffer.alloc(content.length % 2)]);
}

/** A HEIC whose EXIF stands where `iloc` says, at the end. */
export function aHeic(tiff: Buffer): Buffer {
  const entry = Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 7, 0, 0]), Buffer.from("Exif\0")]);
  const names = Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 1]), aBox("infe", entry)]);
  const exif = Buffer.concat([uint32(0), tiff]);
  const build = (exifAt: number) => {
    const extent = Buffer.concat([Buffer.from([0, 7, 0, 0, 0, 1]), uint32(exifAt), uint32(exif.length)]);
    const places = Buffer.concat([Buffer.from([0, 0, 0, 0, 0x44, 0, 0, 1]), extent]);
    const meta = aBox("meta", Buffer.alloc(4), aBox("iinf", names), aBox("iloc", places));
    return Buffer.concat([aBox("ftyp", Buffer.from("heic\0\0\0\0")), meta, aBox("mdat", Buffer.alloc(50_000))]);
  };
  return Buffer.concat([build(build(0).length), exif]);
}
