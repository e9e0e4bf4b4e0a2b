import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { categoryOf } from "../model/category.ts";
import { aBox, aFilm, aHeic, aJpeg, aPhoto, aPng, aRiff, aRiffChunk, aTiff } from "../testing/media.ts";
import { inMemory } from "./bytes.ts";
import { look } from "./look.ts";

const at = "2019:07:04 12:33:11";
const seen = "2019-07-04T12:33:11";
const quickTime = 3_645_088_391; // 2019-07-04T12:33:11, since 1904
const tiff = aTiff({ exif: { 36867: at } });
const xmp = (inside: string) =>
  `<?xpacket begin=""?><x:xmpmeta><rdf:RDF><rdf:Description ${inside}/></rdf:RDF></x:xmpmeta>`;
const text = (value: string) => Buffer.from(value, "latin1");
const iptc = Buffer.from("\x1c\x02\x37\0\x0820190704\x1c\x02\x3c\0\x0b123311+0200", "latin1");
const photoshop = Buffer.concat([text("Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0"), Buffer.from([iptc.length]), iptc]);
const profile = `\nexif\n      ${tiff.length + 6}\n${Buffer.concat([text("Exif\0\0"), tiff]).toString("hex")}\n`;

/** name of a file → its bytes, and the best date in them: "time zone rung". */
const samples: Readonly<Record<string, readonly [bytes: Buffer, best: string]>> = {
  "photo.jpg": [aPhoto(at, { offset: "+02:00" }), `${seen} +02:00 2`],
  "photo without zone.jpg": [aPhoto(at), `${seen} local 2`],
  "digitized.jpg": [
    aJpeg([[0xe1, Buffer.concat([text("Exif\0\0"), aTiff({ exif: { 36868: at } })])]]),
    `${seen} local 5`,
  ],
  "edited.jpg": [
    aJpeg([[0xe1, Buffer.concat([text("Exif\0\0"), aTiff({ main: { 306: at } })])]]),
    `${seen} local 11.5`,
  ],
  "iptc.jpg": [aJpeg([[0xed, photoshop]]), `${seen} +02:00 7`],
  "xmp.jpg": [
    aJpeg([[0xe1, text(`http://ns.adobe.com/xap/1.0/\0${xmp('photoshop:DateCreated="2019-07-04"')}`)]]),
    "2019-07-04 local 7",
  ],
  "bare exif.jpg": [Buffer.concat([text("Exif\0\0"), tiff]), `${seen} local 2`],
  "a.tif": [tiff, `${seen} local 2`],
  "a.heic": [aHeic(tiff), `${seen} local 2`],
  "a.png": [
    aPng([
      ["IHDR", Buffer.alloc(13)],
      ["eXIf", tiff],
    ]),
    `${seen} local 2`,
  ],
  "behind.png": [
    aPng([
      ["IDAT", Buffer.alloc(50_000)],
      ["eXIf", tiff],
    ]),
    `${seen} local 2`,
  ],
  "text.png": [aPng([["tEXt", text("Creation Time\x002019:07:04 12:33:11")]]), `${seen} local 7`],
  "profile.png": [
    aPng([["zTXt", Buffer.concat([text("Raw profile type exif\0\0"), deflateSync(profile)])]]),
    `${seen} local 2`,
  ],
  "a.webp": [
    aRiff("WEBP", [
      ["VP8 ", Buffer.alloc(9999)],
      ["EXIF", tiff],
    ]),
    `${seen} local 2`,
  ],
  "a.avi": [
    aRiff("AVI ", [["LIST", Buffer.concat([text("hdrl"), aRiffChunk("IDIT", text("Thu Jul 04 12:33:11 2019\n\0"))])]]),
    `${seen} local 4`,
  ],
  "a.mp4": [aFilm(quickTime), `${seen} utc 8`],
  "a.mov": [aFilm(quickTime, "2019-07-04T14:33:11+0200"), "2019-07-04T14:33:11 +02:00 3"],
  "a.xmp": [text(xmp(`exif:DateTimeOriginal="2019-07-04T12:33:11"`)), `${seen} local 1`],
  "wide.xmp": [Buffer.from(`\ufeff${xmp("exif:DateTimeOriginal='2019-07'")}`, "utf16le"), "2019-07 local 1"],
  "a.jpg.json": [text('{"title":"a.jpg","photoTakenTime":{"timestamp":"1562243591"}}'), `${seen} utc 6`],
};

function best(bytes: Buffer, name: string): string {
  const [date] = look(inMemory(bytes), name, categoryOf(name)).evidence().dates;
  return date === undefined ? "none" : `${date.at} ${date.zone} ${date.rung}`;
}

describe("the bytes of a file", () => {
  for (const [name, [bytes, expected]] of Object.entries(samples)) {
    test(`${name}: ${expected}`, () => assert.equal(best(bytes, name), expected));
  }

  test("tell the type, whatever the name says", () => {
    assert.equal(best(aPhoto(at), "lies.mov"), `${seen} local 2`);
    assert.equal(best(aFilm(quickTime), "lies.jpg"), `${seen} utc 8`);
  });

  test("of a photo cut off behind its EXIF are dated", () => {
    assert.equal(best(aPhoto(at).subarray(0, 200), "cut.jpg"), `${seen} local 2`);
  });

  test("without a date say so, and exiftool is not asked for noise", () => {
    const noise = Buffer.from(Array.from({ length: 9000 }, (_, n) => (n * 7919 + (n >> 3) * 31 + 200) & 0xff));
    for (const bytes of [noise, Buffer.alloc(0), Buffer.alloc(9000), aJpeg([]), aPng([]), aFilm(0)]) {
      for (const name of ["a.jpg", "a.nef", "a.mov", "a.avi", "a.mts"]) {
        const findings = look(inMemory(bytes), name, categoryOf(name));
        assert.deepEqual([findings.evidence().dates, findings.unread], [[], null]);
      }
    }
  });

  test("hold metadata of makers that exiftool is asked for", () => {
    assert.equal(look(inMemory(aJpeg([[0xe1, text("QVCI\0...")]])), "a.jpg", "photo").unread, "JPEG segment QVCI");
    assert.equal(look(inMemory(aBox("ftyp", text("qt  "))), "a.mov", "video").unread, null);
  });

  test("name the camera once", () => {
    const { camera } = look(inMemory(aPhoto(at, { camera: "Canon EOS 5D" })), "a.jpg", "photo").evidence();
    assert.equal(camera, "Canon EOS 5D");
  });

  const jsons = [
    '{"photoTakenTime":{"timestamp":"0"}}',
    '{"photoTakenTime":{"timestamp":""}}',
    '{"photoTakenTime":{"timestamp":{}}}',
    '{"photoTakenTime":[]}',
    '{"title":"x","__proto__":{"photoTakenTime":{"timestamp":"1562243591"}}}',
    '{"photoTakenTime":null,"constructor":1}',
    `{"title":${"[".repeat(200_000)}"photoTakenTime"`,
    '["photoTakenTime"]',
    '{"title":"x","creationTime":{"timestamp":"1562243591"}}',
  ];
  for (const json of jsons) {
    test(`${json.slice(0, 60)} is no date`, () => assert.equal(best(Buffer.from(json), "a.json"), "none"));
  }
});

test("damage anywhere in a file is never an error", () => {
  const all = Object.entries(samples).map(([name, [bytes]]) => [name, bytes] as const);
  const damage = fc.record({
    sample: fc.constantFrom(...all),
    holes: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 255 })), {
      maxLength: 12,
    }),
    length: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(damage, ({ sample: [name, whole], holes, length }) => {
      const bytes = Buffer.from(whole.subarray(0, Math.ceil(whole.length * Math.sqrt(length))));
      // Structure stands in the first and last few hundred bytes: damage there finds more than in the picture.
      for (const [place, value] of holes) bytes[Math.floor(place * Math.min(400, bytes.length))] = value;
      look(inMemory(bytes), name, categoryOf(name));
    }),
    { numRuns: 3000 },
  );
});
