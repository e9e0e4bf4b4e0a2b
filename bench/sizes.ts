/** How large the trees are. */
import type { Scale } from "./results.ts";
import type { TreeSpec } from "./tree-plan.ts";

export interface Sizes {
  readonly small: TreeSpec;
  readonly large: TreeSpec;
  readonly photos: TreeSpec;
  readonly many: TreeSpec;
  readonly share: TreeSpec;
  /** Numbers of files. */
  readonly growth: readonly number[];
}

const plain = { duplicates: 0, likeHeads: 0, hardLinks: 0, sparse: 0, photos: false } as const;

interface Counts {
  readonly small: number;
  readonly large: number;
  readonly photos: number;
  readonly many: number;
  readonly share: number;
  /** Bytes of a large file, in the middle. */
  readonly largeBytes: number;
  /** Bytes of a photo, in the middle. */
  readonly photoBytes: number;
  readonly growth: readonly number[];
}

const counts: Readonly<Record<Scale, Counts>> = {
  full: {
    ...{ small: 100_000, large: 600, photos: 20_000, many: 1_000_000, share: 3000 },
    ...{ largeBytes: 8 << 20, photoBytes: 125_000, growth: [10_000, 100_000, 1_000_000] },
  },
  quick: {
    ...{ small: 5000, large: 60, photos: 1500, many: 20_000, share: 300 },
    ...{ largeBytes: 4 << 20, photoBytes: 100_000, growth: [2000, 20_000] },
  },
  tiny: {
    ...{ small: 300, large: 20, photos: 250, many: 500, share: 40 },
    ...{ largeBytes: 1 << 18, photoBytes: 20_000, growth: [100, 400] },
  },
};

const hugeGrowth = 10_000_000;

export function sizesFor(scale: Scale, huge: boolean): Sizes {
  const { largeBytes, photoBytes, ...files } = counts[scale];
  const lognormal = (median: number, sigma: number, least: number, most: number) => {
    return { kind: "lognormal", median, sigma, least, most } as const;
  };
  return {
    small: {
      ...{ ...plain, name: "small", seed: 1, files: files.small, duplicates: 0.4, hardLinks: 0.005 },
      // 6 KB on average.
      size: lognormal(3500, 1.05, 16, 200_000),
    },
    large: {
      ...{ ...plain, name: "large", seed: 2, files: files.large, duplicates: 0.2 },
      size: { kind: "uniform", least: largeBytes / 2, most: largeBytes * 1.5 },
    },
    photos: {
      ...{ ...plain, name: "photos", seed: 3, files: files.photos, duplicates: 0.15, likeHeads: 0.05 },
      ...{ hardLinks: 0.002, photos: true },
      // 190 KB on average.
      size: lognormal(photoBytes, 0.9, 4096, 8 << 20),
    },
    many: {
      ...{ ...plain, name: "many", seed: 4, files: files.many, duplicates: 0.3 },
      size: { kind: "uniform", least: 16, most: 2000 },
    },
    share: {
      ...{ ...plain, name: "share", seed: 5, files: files.share, duplicates: 0.25, likeHeads: 0.05 },
      size: lognormal(60_000, 1, 1000, 2 << 20),
    },
    growth: huge ? [...files.growth, hugeGrowth] : files.growth,
  };
}

/** Mostly files that a scan only looks at, so that ten millions of them fit on a disk. */
export function growthTree(files: number): TreeSpec {
  const size = { kind: "uniform", least: 16, most: 400 } as const;
  return { ...plain, name: `growth-${files}`, seed: 6, files, sparse: 0.9, duplicates: 0.05, size };
}
