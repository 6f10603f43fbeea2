/**
 * A backup of any age is restored beside the bank that lived on, and payouts are let go, released and retried
 * by people in a hurry: no invoice is ever paid on twice, and none whose payer has the money back. Each story
 * follows from its seed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Bank, Transfer } from '../sim/bank.ts'
import { BadInput } from '../src/base/answer.ts'
import { seededRandom } from '../src/base/clock.ts'
import type { Random } from '../src/base/world.ts'
import { runCli } from '../src/cli/cli.ts'
import { runDueSlots, type App } from '../src/jobs/jobs.ts'
import { holdAgainstBank, reconcile } from '../src/reconcile/reconcile.ts'
import { checkLedger } from '../src/ledger/ledger.ts'
import { resolvePayouts, sendPayouts } from '../src/payout/payout.ts'
import { openDb, sql } from '../src/db/db.ts'
import { makeInbox, pollEvents, settleInbox } from '../src/webhooks/webhooks.ts'
import { reasonsSeen } from './testbed/reasonsSeen.ts'
import { openTestInstallation } from './testbed/testInstallation.ts'
import { releasePayout, retryPayout } from './testbed/acts.ts'

const minute = 60_000
const days = 4
const hasty = { by: 'ana', why: 'in a hurry' }

interface Story {
  /** Transfers that arrived, for each invoice that the bank credited. */
  arrived: number[]
  faults: string[]
  held: string[]
}

async function tell(seed: number): Promise<Story> {
  const random = seededRandom(seed)
  const folder = mkdtempSync(join(tmpdir(), 'repasse-restores-'))
  const installation = await openTestInstallation({
    settings: { startingBalance: 50_000, transferFailRate: 0.5 },
  })
  const { bank } = installation
  const before = installation.app
  const rail = before.rails.starkbank!
  const repasse = async (...words: string[]) => {
    let said = ''
    const outlet = {
      out: async (text: string) => void (said += text),
      err: (text: string) => void (said += text),
      colours: false,
    }
    return {
      code: await runCli(
        ['node', 'repasse', ...words],
        { DATABASE_URL: `sqlite:${join(folder, 'repasse.db')}` },
        outlet,
      ),
      said,
    }
  }
  /** What an installation does by itself, and what people do to whatever payout stands still. */
  const actsOf = (app: App) => {
    const { db, world } = app
    const listen = async () => (await pollEvents(db, rail, app.inbox, world), void (await settleInbox(app)))
    const compare = async () => {
      const found = await reconcile(db, rail, world)
      if (typeof found !== 'string') await holdAgainstBank(db, found)
    }
    const push = async () => {
      const rows = await db.all<{ id: string; state: string }>(sql`
        select id, state from payouts where state in ('held', 'waiting', 'returned') order by id`)
      for (const { id, state } of rows) {
        if (random.next() < 0.5) continue
        try {
          await (state === 'held' ? releasePayout : retryPayout)(db, id, hasty)
        } catch (refusal) {
          if (!(refusal instanceof BadInput)) throw refusal
        }
      }
    }
    const send = async () => {
      // Until the backup is restored somebody always listens.
      if (app === before) await listen()
      await sendPayouts(db, rail, world)
    }
    const resolve = async () => void (await resolvePayouts(db, rail, world))
    return { listen, compare, push, send, resolve }
  }
  /** Some payer gets everything back, of what is on its way to nobody. */
  const giveBack = (chance: Random) => {
    const dead = ({ status }: Transfer) => status === 'failed' || status === 'canceled'
    const open = bank
      .invoices()
      .filter(
        ({ id, tags }) =>
          bank.isCredited(id) && bank.transfers().every(transfer => dead(transfer) || !isFor(tags, transfer)),
      )
    const one = open[chance.between(0, Math.max(0, open.length - 1))]
    if (one) bank.reverse(one.id, 0)
  }
  const pass = () => installation.pass(random.between(1, 90) * minute)
  const live = async (app: App, count: number, more: (() => Promise<unknown>)[] = []) => {
    const acts = [...Object.values(actsOf(app)), ...more]
    for (; count > 0; count--) {
      pass()
      await acts[random.between(0, acts.length - 1)]!()
    }
  }
  const backup = join(folder, 'backup.db')
  try {
    for (let day = 1; day < days; day++) {
      installation.pass(24 * 60 * minute)
      await runDueSlots(before)
    }
    for (const { id } of bank.invoices()) bank.pay(id)
    const gives = seededRandom(seed ^ 0x61fe)
    const givesBack = gives.next() < 0.5
    if (givesBack) installation.pass(minute)
    await actsOf(before).listen()
    if (!givesBack) await live(before, random.between(0, 12))
    await before.db.backup(backup, {})
    // In half of the stories a payer gets back what the backup has as owed.
    if (givesBack) giveBack(gives)
    await live(before, random.between(4, 24))
    const back = bank
      .invoices()
      .filter(({ tags, status }) => status === 'voided' && arrived(bank, tags) === 0)

    const restored = await repasse('restore', backup)
    if (restored.code !== 0) throw new Error(restored.said)
    const db = await openDb(`sqlite:${join(folder, 'repasse.db')}`, { ...before.world, virtual: true })
    const after = { ...before, db, inbox: makeInbox(db, before.world) }
    const go = async () =>
      repasse('payout', 'go', '--why', 'in a hurry', '--by', 'bruno', ...(await reasonsSeen(db)))
    try {
      // In half of the stories payouts are let go at once, before anybody listened.
      if (gives.next() < 0.5) await go()
      await actsOf(after).send()
      await live(after, random.between(4, 12), [go])
      await go()
      bank.setSettings({ transferFailRate: 0 })
      const { listen, compare, push, send, resolve } = actsOf(after)
      for (let round = 0; round < 12; round++) {
        installation.pass(70 * minute)
        for (const act of [listen, resolve, compare, push, go, send]) await act()
      }
      installation.pass(70 * minute)
      await listen()
      const agreed = await reconcile(db, rail, after.world)
      const faults = (await checkLedger(db)).map(({ invariant, says }) => `${invariant}: ${says}`)
      if (typeof agreed === 'string') faults.push(agreed)
      else if (agreed.bankUnits !== agreed.bookUnits)
        faults.push(`the bank holds ${agreed.bankUnits}, the books say ${agreed.bookUnits}`)
      const open = await db.all<{ id: string; state: string; why: string }>(
        sql`select id, state, why from payouts where state <> 'paid' order by id`,
      )
      for (const { id, tags } of back)
        if (arrived(bank, tags) > 0)
          faults.push(`invoice ${id} was paid on though its payer had the money back before the restore`)
      return {
        arrived: arrivedOf(bank),
        faults,
        held: open.map(({ id, state, why }) => `${id} is ${state}: ${why}`),
      }
    } finally {
      await db.close()
    }
  } finally {
    await installation.close()
    rmSync(folder, { recursive: true })
  }
}

const isFor = (tags: readonly string[], transfer: Transfer) =>
  transfer.tags.includes(tags.find(tag => tag.startsWith('inv_'))!)

/** How often an invoice was paid on. */
const arrived = ({ transfers }: Bank, tags: readonly string[]): number =>
  transfers().filter(transfer => transfer.status === 'success' && isFor(tags, transfer)).length

const arrivedOf = (bank: Bank): number[] =>
  bank
    .invoices()
    .filter(({ id }) => bank.isCredited(id))
    .map(({ tags }) => arrived(bank, tags))

const seeds = Array.from({ length: Number(process.env['RESTORES'] ?? 20) }, (_, at) => at + 1)

test(
  'after a restore from a backup of any age, and people in a hurry, every credited invoice was paid on once at most, and the books are the bank’s',
  { timeout: 600_000 },
  async () => {
    const wrong: string[] = []
    let paid = 0
    for (const seed of seeds) {
      const { arrived, faults, held } = await tell(seed)
      paid += arrived.filter(count => count === 1).length
      if (arrived.some(count => count > 1) || faults.length > 0)
        wrong.push(`seed ${seed}: ${arrived.join(', ')} arrived; ${[...faults, ...held].join(' | ')}`)
    }
    expect(wrong).toEqual([])
    expect(paid).toBeGreaterThan(seeds.length * 2)
  },
)
