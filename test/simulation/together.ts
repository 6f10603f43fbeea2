/**
 * Events proven together: in some seeds the bank is asked about many things in one call, and its lists lag
 * behind what it shows one by one.
 */
import type { Bank as SimulatedBank } from '../../sim/bank.ts'
import { done } from '../../src/base/answer.ts'
import type { Random } from '../../src/base/world.ts'
import { invoiceShape, transferShape, type Bank } from '../../src/rails/starkbank/bank.ts'
import type { Rail } from '../../src/rails/rail.ts'

/**
 * In one seed of eleven; in the others each event is proven by itself, as their stories have always been
 * told.
 */
export const asksTogether = (seed: number): boolean => seed % 11 === 6

/** The rail as it is where a provider can only be asked one by one. */
export function oneByOne(rail: Rail): Rail {
  const alone = { ...rail }
  delete alone.readInvoices
  delete alone.findPayoutsOfAll
  return alone
}

/** How often a row of a list is as it was before its last change, and how often it is not there. */
const stale = 0.3
const missing = 0.1

/** `wire` with lists by `ids` or `tags` that lag: what is read one by one is always as it is now. */
export function lagging(wire: Bank, bank: SimulatedBank, random: Random): Bank {
  /** As the last log but one of it shows it. */
  const before = (subscription: 'invoice' | 'transfer', id: string): unknown => {
    const logs = bank
      .eventsCreated()
      .flatMap(event =>
        event.subscription === subscription ? [event.log as unknown as Record<string, unknown>] : [],
      )
    return logs
      .map(log => log[subscription] as { id: string })
      .filter(row => row.id === id)
      .at(-2)
  }
  function lag<T extends { id: string }>(items: T[], was: (id: string) => T | undefined): T[] {
    return items.flatMap(item => {
      const dice = random.next()
      if (dice < missing) return []
      return dice < missing + stale ? [was(item.id) ?? item] : [item]
    })
  }
  const invoiceBefore = (id: string) => invoiceShape.safeParse(before('invoice', id)).data
  const transferBefore = (id: string) => transferShape.safeParse(before('transfer', id)).data
  return {
    ...wire,
    async pageInvoices(query) {
      const answer = await wire.pageInvoices(query)
      return query.ids && answer.is === 'done'
        ? done({ ...answer.value, items: lag(answer.value.items, invoiceBefore) })
        : answer
    },
    async pageTransfers(query) {
      const answer = await wire.pageTransfers(query)
      return (query.tags?.length ?? 0) > 1 && answer.is === 'done'
        ? done({ ...answer.value, items: lag(answer.value.items, transferBefore) })
        : answer
    },
  }
}
