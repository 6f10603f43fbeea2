/**
 * Slots: each due time once, caught up by the schedule's rule, claimed by one, and set aside after a restore.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seededRandom } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { instant, type Clock } from '../base/world.ts'
import { nextNumbers } from '../chain/chain.ts'
import { draftBatch, inReaisAsSaid, planBatch } from '../invoice/invoice.ts'
import { restate } from '../../test/testbed/restate.ts'
import { migrate } from '../db/migrate.ts'
import { status } from '../queries/status.ts'
import { asStored, openDb, sql, type Db } from '../db/db.ts'
import { setAsideAfterRestore } from '../jobs/jobs.ts'
import {
  batchRule,
  batchTerms,
  changeSchedule,
  materialise,
  missed,
  needSchedule,
  type NewSchedule,
} from './schedule.ts'
import { claimSlot, endSlot, extendLease } from './slots.ts'
import {
  addAccount,
  addSchedule,
  changePayers,
  decideCatchUp,
  setScheduleState,
} from '../../test/testbed/acts.ts'

const noon = Date.parse('2026-11-21T15:00:00.000Z')
const minute = 60_000
let now: number
const clock: Clock = { now: () => now, sleep: () => Promise.resolve() }
const world = { clock, random: seededRandom(3), log: silentLog, at: () => undefined }
let db: Db

beforeEach(async () => {
  now = noon
  db = await openDb('sqlite::memory:', world)
  await migrate(db, clock)
  await addAccount(
    db,
    world,
    'main',
    { holder: 'A', taxId: '1', bank: '20018183', branch: '1', number: '1', type: 'payment' },
    'maker',
  )
})
afterEach(() => db.close())

const rule: NewSchedule = {
  ...{
    name: 'trial',
    rail: 'starkbank',
    cron: '*/10 * * * *',
    timeZone: 'America/Sao_Paulo',
    startsAt: undefined,
    endsAt: undefined,
  },
  ...{
    countLow: 1,
    countHigh: 1,
    unitsLow: 1n,
    unitsHigh: 1n,
    roster: undefined,
    dueInMs: minute,
    payTo: 'main',
  },
  ...{ commissionBp: 0n, minPayoutUnits: 0n, catchUp: 'all' },
}
const add = (changed: Partial<NewSchedule> = {}) => addSchedule(db, world, { ...rule, ...changed }, 'maker')
const states = async () =>
  (await db.all<{ state: string }>(sql`select state from slots order by due_at`)).map(row => row.state)

test('a slot is materialised once, however often the ticker looks', async () => {
  await add()
  now += 10 * minute
  expect([await materialise(db, world), await materialise(db, world)]).toEqual([1, 0])
  expect(await db.one(sql`select due_at from slots`)).toEqual({ due_at: instant(noon + 10 * minute) })
})

describe('after an hour of downtime', () => {
  test.each([
    ['all', ['due', 'due', 'due', 'due', 'due', 'due']],
    ['latest', ['missed', 'missed', 'missed', 'missed', 'missed', 'due']],
    ['none', ['missed', 'missed', 'missed', 'missed', 'missed', 'missed']],
  ] as const)('a schedule that catches up %s has %j', async (catchUp, expected) => {
    await add({ catchUp })
    now += 60 * minute + 61_000
    await materialise(db, world)
    expect(await states()).toEqual(expected)
  })
})

describe('a catch-up', () => {
  const held = async () =>
    (
      await db.all<{ held: string | null }>(sql`select held from slots where state = 'due' order by due_at`)
    ).map(row => row.held !== null)
  test('of the latest is one slot, however many pages fell due', async () => {
    await add({ cron: '* * * * *', catchUp: 'latest' })
    now += 3 * 86_400_000
    while ((await materialise(db, world)) > 0);
    const counts = await db.all<{ state: string; count: bigint }>(
      sql`select state, count(*) as count from slots group by state order by state`,
    )
    expect(counts).toEqual([
      { state: 'due', count: 1n },
      { state: 'missed', count: 3n * 1440n - 1n },
    ])
    expect(await held()).toEqual([false])
  })

  test('of ten slots is an ordinary one, and one of more asks a person first, while the slot of now is run', async () => {
    await add()
    now += 100 * minute
    await materialise(db, world)
    expect(await held()).toEqual(Array(10).fill(false))
    await db.tx(tx => tx.run(sql`update slots set state = 'done'`))
    now += 120 * minute
    await materialise(db, world)
    expect(await held()).toEqual([...Array(11).fill(true), false])
    expect((await db.tx(tx => claimSlot(tx)))!.due_at).toBe(instant(now))
    expect(await db.tx(tx => claimSlot(tx))).toBeUndefined()
    expect((await status(db)).needsPerson).toContainEqual(
      expect.stringContaining('11 slots of schedule trial since'),
    )

    // What falls due late meanwhile is the same question.
    now += 12 * minute
    await materialise(db, world)
    expect(await held()).toEqual(Array(12).fill(true))
  })

  test('over pages is held whole, though the last of them is short', async () => {
    await add({ cron: '* * * * *' })
    now += 1005 * minute + 70_000
    while ((await materialise(db, world)) > 0);
    // The last of them fell due just now.
    expect((await held()).filter(is => !is)).toEqual([false])
  })

  test('of a few slots that ask for far more than ever asks too', async () => {
    const schedule = await add({ unitsLow: 100n, unitsHigh: 100n })
    now += 10 * minute
    await materialise(db, world)
    const slot = (await db.tx(tx => claimSlot(tx)))!
    await db.tx(async tx => {
      await draftBatch(
        tx,
        world,
        batchTerms(schedule, slot.id),
        () => planBatch(batchRule(schedule), world.random),
        inReaisAsSaid('starkbank'),
      )
      await endSlot(tx, slot, 'done', 'issued')
    })
    await restate(db, sql`update schedules set units_low = 1000, units_high = 1000`)
    now += 10 * minute + 61_000
    await materialise(db, world)
    expect(await held()).toEqual([false])
    await restate(db, sql`update schedules set units_low = 1001, units_high = 1001`)
    now += 10 * minute
    await materialise(db, world)
    expect(await held()).toEqual([false, true])
  })

  test.each([
    ['go', ['due', 'due'], 'catch-up let go'],
    ['skip', ['missed', 'missed'], 'catch-up skipped'],
  ] as const)('is let go or left out by a person: %s', async (to, expected, act) => {
    await add({ cron: '0 * * * *' })
    now += 11 * 60 * minute + 61_000
    await materialise(db, world)
    await expect(changePayers(db, world, 'trial', { ...rule, countHigh: 2 }, 'bia')).rejects.toThrow(
      'catch-up trial --go|--skip',
    )
    const changing = {
      id: (await needSchedule(db, 'trial')).id,
      version: 1n,
      rule: { ...rule, unitsHigh: 5n },
      by: 'bia',
    }
    expect(await changeSchedule(db, world, undefined, changing)).toEqual({ is: 'held' })
    expect(await decideCatchUp(db, 'trial', to, 'ana', 'because')).toBe(11)
    expect(await decideCatchUp(db, 'trial', to, 'ana', 'because')).toBe(0)
    expect(new Set(await states())).toEqual(new Set(expected))
    expect((await db.tx(tx => claimSlot(tx))) !== undefined).toBe(to === 'go')
    expect(await db.one(sql`select actor, act from audit order by seq desc limit 1`)).toEqual({
      actor: 'ana',
      act,
    })
  })
})

test('what fell due more than a week ago is missed under every rule', () => {
  const due = [instant(noon)]
  expect(String(missed({ catch_up: 'all' }, due, 0, instant(noon + 8 * 86_400_000)))).toMatch(/7 days/)
  expect(missed({ catch_up: 'all' }, due, 0, instant(noon + 6 * 86_400_000))).toBeUndefined()
})

test('slots end with the schedule’s window, its end not included', async () => {
  await add({ startsAt: instant(noon + 20 * minute), endsAt: instant(noon + 40 * minute) })
  now += 24 * 60 * minute
  await materialise(db, world)
  const due = await db.all<{ due_at: string }>(sql`select due_at from slots order by due_at`)
  expect(due.map(row => row.due_at)).toEqual([instant(noon + 20 * minute), instant(noon + 30 * minute)])
})

test('what falls due in a pause is not caught up', async () => {
  await add()
  await setScheduleState(db, 'trial', 'paused', 'maker', 'a holiday')
  now += 35 * minute
  await materialise(db, world)
  await setScheduleState(db, 'trial', 'active', 'maker', 'back')
  now += 10 * minute
  await materialise(db, world)
  const due = await db.all<{ due_at: string }>(sql`select due_at from slots`)
  expect(due.map(row => row.due_at)).toEqual([instant(noon + 40 * minute)])
})

test('a slot is claimed once; when its worker is gone another has it, and the first can write nothing more', async () => {
  await add()
  now += 10 * minute
  await materialise(db, world)
  const first = (await db.tx(tx => claimSlot(tx)))!
  expect(await db.tx(tx => claimSlot(tx))).toBeUndefined()
  expect(await extendLease(db, first)).toBe(true)

  now += 61_000
  const second = (await db.tx(tx => claimSlot(tx)))!
  expect([second.id, second.fence]).toEqual([first.id, first.fence + 1n])
  expect(await extendLease(db, first)).toBe(false)
  expect(await db.tx(tx => endSlot(tx, first, 'done', 'late'))).toBe(false)
  expect(await db.tx(tx => endSlot(tx, second, 'done', 'in time'))).toBe(true)
})

test('a slot that fails is tried again after a minute, five times in all', async () => {
  await add()
  now += 10 * minute
  await materialise(db, world)
  for (let tried = 1; tried <= 5; tried++) {
    const slot = (await db.tx(tx => claimSlot(tx)))!
    await db.tx(tx => endSlot(tx, slot, 'failed', 'a surprise'))
    expect(await db.tx(tx => claimSlot(tx))).toBeUndefined()
    now += minute
  }
  expect(await states()).toEqual(['failed'])
})

test('other payers are the next version’s; a slot that was made before keeps its own', async () => {
  const roster = (name: string, amount: string) => ({
    roster: `name,tax_id,amount,description\n${name},012.345.678-90,${amount},rent\n`,
    ...{ countLow: 1, countHigh: 1, unitsLow: BigInt(amount) * 100n, unitsHigh: BigInt(amount) * 100n },
  })
  await add(roster('Ana', '10'))
  now += 10 * minute
  await materialise(db, world)
  expect(await changePayers(db, world, 'trial', roster('Ana', '10'), 'bia')).toBeUndefined()
  expect((await changePayers(db, world, 'trial', roster('Bia', '20'), 'bia'))!.version).toBe(2n)
  now += 10 * minute
  await materialise(db, world)

  // As the job does it for whatever is due: a slot that has its drafts keeps them.
  const schedule = await needSchedule(db, 'trial')
  const slots = await db.all<{ id: string; schedule_version: bigint }>(
    sql`select id, schedule_version from slots order by due_at`,
  )
  for (const { id } of slots)
    await db.tx(tx =>
      draftBatch(
        tx,
        world,
        batchTerms(schedule, id),
        () => planBatch(batchRule(schedule), world.random),
        inReaisAsSaid('starkbank'),
      ),
    )
  const asked = await db.all<{ payer_name: string; units: bigint; slot_id: string }>(
    asStored(sql`select payer_name, units, slot_id from invoices order by id`),
  )
  expect(asked).toEqual([
    { payer_name: 'Ana', units: 1000n, slot_id: slots[0]!.id },
    { payer_name: 'Bia', units: 2000n, slot_id: slots[1]!.id },
  ])
  expect(slots.map(slot => slot.schedule_version)).toEqual([1n, 2n])
  const act = await db.one<{ actor: string; act: string }>(
    sql`select actor, act from audit order by seq desc limit 1`,
  )
  expect(act).toEqual({ actor: 'bia', act: 'schedule payers changed' })
})

test('after a restore what fell due since the backup is not issued again unseen', async () => {
  await add()
  now += 30 * minute
  expect(await setAsideAfterRestore(db, world)).toEqual({ slots: 3, drafts: 0 })
  expect(await states()).toEqual(['missed', 'missed', 'missed'])
  expect((await needSchedule(db, 'trial')).next_at).toBe(instant(noon + 40 * minute))
})

test('after a restore from before the first payment request, addresses that were handed out since are passed over', async () => {
  await add()
  const next = async () =>
    (await db.all(sql`select next_index as next from chain_branches order by branch`)).map(row => row['next'])
  await setAsideAfterRestore(db, world)
  expect(await next()).toEqual([0n, 0n])
  await db.tx(tx => tx.run(sql`update schedules set rail = 'bitcoin'`))
  await setAsideAfterRestore(db, world)
  expect(await next()).toEqual([1_000n, 1_000n])
})

test('a backup restored twice hands out no address that was handed out between', async () => {
  const branches = (change: bigint, receive: bigint) =>
    db.tx(async tx => {
      await tx.run(
        sql`update chain_branches set next_index = case when branch = 'change' then ${change}
          else ${receive} end`,
      )
    })
  await branches(2n, 5n)
  await setAsideAfterRestore(db, world)
  const replaced = { ...(await nextNumbers(db)), receive: 1_030n }
  await branches(2n, 5n)
  await setAsideAfterRestore(db, world, replaced)
  expect(await nextNumbers(db)).toEqual({ change: 2_002n, receive: 2_030n })
})
