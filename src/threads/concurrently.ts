/**
 * Runs `work` on every item, at most `limit` at a time, and yields results as
 * they finish, in no particular order. Takes no more items than it can work
 * on, so a stream of millions stays small in memory. The first failure ends it,
 * after what was running has settled.
 */
export async function* concurrently<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const running = new Map<number, Promise<readonly [number, Result]>>();
  const nextFinished = async () => {
    const [key, result] = await Promise.race(running.values());
    running.delete(key);
    return result;
  };
  let key = 0;
  try {
    for await (const item of items) {
      if (running.size >= limit) yield await nextFinished();
      const mine = key++;
      running.set(
        mine,
        work(item).then((result) => [mine, result] as const),
      );
    }
    while (running.size > 0) yield await nextFinished();
  } finally {
    await Promise.allSettled(running.values());
  }
}
