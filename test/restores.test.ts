/** A backup of any age is restored beside the bank that lived on, and payouts are let go, released and retried by people in a hurry: no invoice is ever paid on twice. Each story follows from its seed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BadInput } from '../src/base/answer.ts'
import { seededRandom } from '../src/base/clock.ts'
import { runCli } from '../src/cli/cli.ts'
import { holdAgainstBank, reconcile, runDueSlots, type Desk } from '../src/jobs/jobs.ts'
import { checkLedger } from '../src/ledger/ledger.ts'
import { releasePayout, resolvePayouts, retryPayout, sendPayouts } from '../src/payout/payout.ts'
import { openStore, sql } from '../src/store/store.ts'
import { makeInbox, pollEvents, settleInbox } from '../src/webhooks/webhooks.ts'
import { reasonsSeen } from './testbed/reasonsSeen.ts'
import { openTown } from './testbed/town.ts'

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
  const town = await openTown({ settings: { startingBalance: 50_000, transferFailRate: 0.5 } })
  const { bank } = town
  const rail = town.desk.rails.starkbank!
  const repasse = async (...words: string[]) => {
    let said = ''
    const outlet = { out: async (text: string) => void (said += text), err: (text: string) => void (said += text), colours: false }
    return { code: await runCli(['node', 'repasse', ...words], { DATABASE_URL: `sqlite:${join(folder, 'house.db')}` }, outlet), said }
  }
  /** What a house does by itself, and what people do to whatever payout stands still. */
  const actsOf = (desk: Desk) => {
    const { store, world } = desk
    const listen = async () => (await pollEvents(store, rail, desk.inbox, world), void (await settleInbox(desk)))
    const compare = async () => {
      const found = await reconcile(store, rail, world)
      if (typeof found !== 'string') await holdAgainstBank(store, found)
    }
    const push = async () => {
      const rows = await store.all<{ id: string; state: string }>(sql`
        select id, state from payouts where state in ('held', 'waiting', 'returned') order by id`)
      for (const { id, state } of rows) {
        if (random.next() < 0.5) continue
        try {
          await (state === 'held' ? releasePayout : retryPayout)(store, id, hasty)
        } catch (refusal) {
          if (!(refusal instanceof BadInput)) throw refusal
        }
      }
    }
    const send = async () => void (await sendPayouts(store, rail, world))
    const resolve = async () => void (await resolvePayouts(store, rail, world))
    return { listen, compare, push, send, resolve }
  }
  const pass = () => town.pass(random.between(1, 90) * minute)
  const live = async (desk: Desk, count: number, more: (() => Promise<unknown>)[] = []) => {
    const acts = [...Object.values(actsOf(desk)), ...more]
    for (; count > 0; count--) {
      pass()
      await acts[random.between(0, acts.length - 1)]!()
    }
  }
  const before = town.desk
  const backup = join(folder, 'backup.db')
  try {
    for (let day = 1; day < days; day++) {
      town.pass(24 * 60 * minute)
      await runDueSlots(before)
    }
    for (const { id } of bank.invoices()) bank.pay(id)
    await actsOf(before).listen()
    await live(before, random.between(0, 12))
    await before.store.backup(backup, {})
    await live(before, random.between(4, 24))

    const restored = await repasse('restore', backup)
    if (restored.code !== 0) throw new Error(restored.said)
    const store = await openStore(`sqlite:${join(folder, 'house.db')}`, { ...before.world, virtual: true })
    const after = { ...before, store, inbox: makeInbox(store, before.world) }
    const go = async () => repasse('payout', 'go', '--why', 'in a hurry', '--by', 'bruno', ...(await reasonsSeen(store)))
    try {
      await live(after, random.between(4, 12), [go])
      await go()
      bank.setSettings({ transferFailRate: 0 })
      const { listen, compare, push, send, resolve } = actsOf(after)
      for (let round = 0; round < 12; round++) {
        town.pass(70 * minute)
        for (const act of [listen, resolve, compare, push, go, send]) await act()
      }
      town.pass(70 * minute)
      await listen()
      const agreed = await reconcile(store, rail, after.world)
      const faults = (await checkLedger(store)).map(({ invariant, says }) => `${invariant}: ${says}`)
      if (typeof agreed === 'string') faults.push(agreed)
      else if (agreed.bankUnits !== agreed.bookUnits) faults.push(`the bank holds ${agreed.bankUnits}, the books say ${agreed.bookUnits}`)
      const open = await store.all<{ id: string; state: string; why: string }>(
        sql`select id, state, why from payouts where state <> 'paid' order by id`,
      )
      return { arrived: arrivedOf(bank), faults, held: open.map(({ id, state, why }) => `${id} is ${state}: ${why}`) }
    } finally {
      await store.close()
    }
  } finally {
    await town.close()
    rmSync(folder, { recursive: true })
  }
}

const arrivedOf = ({ invoices, isCredited, transfers }: Awaited<ReturnType<typeof openTown>>['bank']): number[] =>
  invoices()
    .filter(({ id }) => isCredited(id))
    .map(({ tags }) => {
      const own = tags.find(tag => tag.startsWith('inv_'))!
      return transfers().filter(transfer => transfer.status === 'success' && transfer.tags.includes(own)).length
    })

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
