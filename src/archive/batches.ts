import type { Step } from "./outcome.ts";

/** Operations of one kind that share one barrier: flushed together, recorded together. */
export interface Batch {
  readonly kind: Step["do"];
  readonly operations: readonly Step[];
}

/** A flush costs as much as copying some small files; more than this would be lost by a kill. */
const mostFiles = 256;
const mostBytes = 256 * 1024 * 1024;

/** Cuts a stream into batches, in order. A file of more than 256 MiB goes alone. */
export async function* inBatches(
  operations: AsyncIterable<Step> | Iterable<Step>,
): AsyncGenerator<Batch, void, undefined> {
  let batch: Step[] = [];
  let bytes = 0;
  for await (const operation of operations) {
    const [first] = batch;
    const size = operation.do === "copy" ? operation.from.size : 0;
    if (first !== undefined && (first.do !== operation.do || batch.length >= mostFiles || bytes + size > mostBytes)) {
      yield { kind: first.do, operations: batch };
      batch = [];
      bytes = 0;
    }
    batch.push(operation);
    bytes += size;
  }
  const [first] = batch;
  if (first !== undefined) yield { kind: first.do, operations: batch };
}
