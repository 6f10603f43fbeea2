/**
 * Reads about many values at once: some statements for thousands of them, where one statement for each would
 * be asked thousands of times.
 */
import { join, type Sql } from './sql.ts'

/** A set is filled up to one of these, so that its statement has as many texts, and each is prepared once. */
const sizes = [5, 25, 100]
const most = sizes.at(-1)!

/**
 * All that `read` finds for sets of `values`, to stand in `in (…)`; each value is in one set. Nothing is
 * asked about no values.
 */
export async function readInSets<R>(
  values: Iterable<string>,
  read: (set: Sql) => Promise<readonly R[]>,
): Promise<R[]> {
  const distinct = [...new Set(values)]
  const found: R[] = []
  for (let from = 0; from < distinct.length; from += most) {
    const some = distinct.slice(from, from + most)
    const size = sizes.find(each => each >= some.length)!
    found.push(...(await read(join(Array.from({ length: size }, (_, at) => some[at] ?? some[0]!)))))
  }
  return found
}
