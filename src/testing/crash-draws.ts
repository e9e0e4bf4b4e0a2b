import fc from "fast-check";
import { type Cut, contents, type Step } from "./crash-story.ts";

/** Few names and few contents, so that everything meets everything. */
const aPath = fc.constantFrom(
  "phone/a.txt",
  "phone/IMG_20190714_101500.jpg",
  "phone/b.txt",
  "laptop/a.txt",
  "laptop/IMG_20190714_101500.jpg",
  "laptop/c.txt",
);
const names = Object.keys(contents) as (keyof typeof contents)[];
const aContent = fc.constantFrom(...names);
/** An empty file is never linked to another, so it would stay a second one of its content. */
const anOwnContent = fc.constantFrom(...names.filter((name) => name !== "empty"));
const aSeed = fc.nat(1_000_000);
const aCut: fc.Arbitrary<Cut> = fc.record({
  beforeChange: fc.integer({ min: 1, max: 70 }),
  lingersMs: fc.constantFrom(0, 30),
  seed: fc.option(aSeed, { freq: 4 }),
});
const aCommand = fc.constantFrom("run", "run", "run", "scan", "consolidate", "relink");

/** What may happen next. */
const aStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: aCommand, cut: aCut }) },
  { weight: 2, arbitrary: fc.record({ do: aCommand, cut: fc.constant(null) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("write"), path: aPath, content: aContent }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove"), path: aPath }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("put"), name: fc.constantFrom("m", "n"), content: anOwnContent }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cut"), seed: aSeed }) },
);

/** Some files, and what happens then. */
export const aStory: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    fc.array(fc.record({ do: fc.constant("write"), path: aPath, content: aContent }), { minLength: 1, maxLength: 5 }),
    fc.array(aStep, { minLength: 2, maxLength: 8 }),
  )
  .map(([files, steps]) => [...files, ...steps]);
