/**
 * What a room of the simulation is handed: one file for each kind of trouble, which happens in some of the
 * seeds.
 */
import type { Bank } from '../../sim/bank.ts'
import type { Random, World } from '../../src/base/world.ts'
import type { Db } from '../../src/db/db.ts'
import type { VirtualClock } from './clock.ts'

export interface RoomParts {
  db: Db
  world: World
  clock: VirtualClock
  bank: Bank
  /** Of its own, so that the other stories stay what they were. */
  random: Random
  trace(line: string): void
}
