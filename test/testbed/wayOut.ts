/**
 * The walk that the tests of docs/operating.md take: from a state and whatever comes to it, to an end, by the
 * acts of the book alone.
 */
import { expect } from 'vitest'
import { BadInput } from '../../src/base/answer.ts'
import { checkLedger } from '../../src/ledger/ledger.ts'
import type { Db } from '../../src/db/db.ts'

export interface Walk<World extends { installation: { db: Db } }> {
  open(): Promise<World>
  /**
   * The program does what it does by itself, until nothing becomes of it any more. Answers where it stands
   * then.
   */
  goOn(world: World): Promise<string>
  isEnd(state: string): boolean
  /** What a person does, by the words of the book; what is not here the walk does not do. */
  acts: Readonly<Record<string, ((world: World) => Promise<unknown>) | undefined>>
  book: ReadonlyMap<string, readonly string[]>
  /** How many acts one after another may be needed. */
  most: number
  close(world: World): Promise<void>
}

/**
 * The shortest series of acts after which it has ended, with books that balance; undefined where none of the
 * book's does.
 */
export async function wayOut<World extends { installation: { db: Db } }>(
  walk: Walk<World>,
): Promise<string[] | undefined> {
  const { acts, book } = walk
  for (let ways: string[][] = [[]]; ways.length > 0 && ways[0]!.length <= walk.most;) {
    const longer: string[][] = []
    for (const way of ways) {
      const world = await walk.open()
      try {
        let stands = await walk.goOn(world)
        for (const name of way) {
          await acts[name]!(world)
          stands = await walk.goOn(world)
        }
        if (walk.isEnd(stands)) {
          expect(await checkLedger(world.installation.db)).toEqual([])
          return way
        }
        for (const name of book.get(stands) ?? []) if (acts[name]) longer.push([...way, name])
      } catch (error) {
        // A refusal is no way out.
        if (!(error instanceof BadInput)) throw error
      } finally {
        await walk.close(world)
      }
    }
    ways = longer
  }
  return undefined
}
