/**
 * What every counter of the bank shares: its time, chance, ids, stamps, and the agenda of what is still to
 * happen.
 */
import type { Clock, Random } from '../src/base/world.ts'
import { stampOf } from './python.ts'
import type { Faults, Range, Settings } from './settings.ts'

export interface Office {
  settings: Settings
  faults: Faults
  random: Random
  /** The bank's present: the due time of what is being done, else the clock's. */
  now(): number
  /** The present as the bank writes it; within one millisecond the microseconds rise. */
  stamp(): string
  /** A 16-digit number as the bank numbers everything. */
  id(): string
  digits(count: number): string
  hex(bytes: number): string
  chance(probability: number): boolean
  at(ms: number, act: () => void): void
  /** After a wait drawn from `range` and divided by the time scale. */
  after(range: Range, act: () => void): void
  advance(): void
  nextDueAt(): number | undefined
}

interface Entry {
  at: number
  order: number
  act: () => void
}

const before = (a: Entry, b: Entry) => a.at < b.at || (a.at === b.at && a.order < b.order)

export function makeOffice(
  clock: Pick<Clock, 'now'>,
  random: Random,
  settings: Settings,
  faults: Faults,
): Office {
  const agenda: Entry[] = []
  let entries = 0
  let present: number | undefined
  let stamped = { ms: 0, micro: 0 }

  const office: Office = {
    settings,
    faults,
    random,
    now: () => present ?? clock.now(),
    stamp() {
      const ms = Math.floor(office.now())
      const micro =
        ms === stamped.ms ? Math.min(999, stamped.micro + random.between(1, 40)) : random.between(0, 400)
      stamped = { ms, micro }
      return stampOf(ms, micro)
    },
    id: () => String(random.between(4_503_599, 6_755_398)) + office.digits(9),
    digits(count) {
      let text = ''
      while (text.length < count) text += String(random.between(0, 999_999)).padStart(6, '0')
      return text.slice(0, count)
    },
    hex: bytes => Buffer.from(random.bytes(bytes)).toString('hex'),
    // A fault that is off draws no number, so switching one on does not depend on the others being known.
    chance: probability => probability > 0 && random.next() < probability,
    at: (ms, act) => push(agenda, { at: ms, order: entries++, act }),
    after: ([low, high], act) =>
      office.at(office.now() + Math.round(random.between(low, high) / office.settings.timeScale), act),
    advance() {
      const end = clock.now()
      try {
        while (agenda[0] && agenda[0].at <= end) {
          const next = pop(agenda)
          present = next.at
          next.act()
        }
      } finally {
        present = undefined
      }
    },
    nextDueAt: () => agenda[0]?.at,
  }
  return office
}

function push(heap: Entry[], entry: Entry) {
  let place = heap.length
  heap.push(entry)
  while (place > 0) {
    const parent = (place - 1) >> 1
    if (!before(entry, heap[parent]!)) break
    heap[place] = heap[parent]!
    place = parent
  }
  heap[place] = entry
}

function pop(heap: Entry[]): Entry {
  const first = heap[0]!
  const last = heap.pop()!
  if (heap.length === 0) return first
  let place = 0
  for (;;) {
    let child = place * 2 + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
    if (!before(heap[child]!, last)) break
    heap[place] = heap[child]!
    place = child
  }
  heap[place] = last
  return first
}
