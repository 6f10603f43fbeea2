/**
 * Unsure invoices and their twins: what the bank shows under one tag decides which is issued, which is asked
 * for again, and which is taken back.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { done, refused, unsure, type Answer } from '../../base/answer.ts'
import { seededRandom } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { brl } from '../../base/money.ts'
import { instant, type Clock, type World } from '../../base/world.ts'
import { absenceMs, callMs, type ProviderInvoice, type Rail } from '../../rails/rail.ts'
import { migrate } from '../../db/migrate.ts'
import { openDb, sql, type Db } from '../../db/db.ts'
import { draftBatch } from '../draft.ts'
import { issueDrafts } from './issue.ts'
import { inReaisAsSaid } from '../priced.ts'
import { resolveUnsureInvoices } from './resolve.ts'
import { addAccount, addSchedule } from '../../../test/testbed/acts.ts'

let now: number
const clock: Clock = { now: () => now, sleep: () => Promise.resolve() }
const world = { clock, random: seededRandom(5), log: silentLog, at: () => undefined }
let db: Db
/** Two invoices of one slot, whose call got no answer. */
let ids: string[]
let canceled: string[]

beforeEach(async () => {
  now = Date.parse('2026-11-21T15:00:00.000Z')
  canceled = []
  db = await openDb('sqlite::memory:', world)
  await migrate(db, clock)
  await addAccount(
    db,
    world,
    'main',
    { holder: 'A', taxId: '1', bank: '20018183', branch: '1', number: '1', type: 'payment' },
    'maker',
  )
  const rule = {
    ...{
      name: 'trial',
      asset: 'BRL' as const,
      rail: 'starkbank' as const,
      cron: '0 0 * * *',
      timeZone: 'Etc/UTC',
      startsAt: undefined,
      endsAt: undefined,
    },
    ...{
      countLow: 1,
      countHigh: 1,
      unitsLow: 1n,
      unitsHigh: 1n,
      roster: undefined,
      dueInMs: 60_000,
      payTo: 'main',
    },
    ...{ commissionBp: 0n, minPayoutUnits: 0n, catchUp: 'all' as const },
  }
  const schedule = await addSchedule(db, world, rule, 'maker')
  await db.tx(async tx => {
    await tx.run(sql`
      insert into slots (id, schedule_id, schedule_version, due_at, cause, state, next_at, changed_at)
      values ('slo_1', ${schedule.id}, 1, ${instant(now)}, 'cron', 'running', '', '')`)
    const terms = {
      slotId: 'slo_1',
      storeId: 'sto_default',
      dueInMs: 60_000,
      accountId: schedule.account_id,
    }
    const draft = { name: 'Ana', taxId: '1', amount: brl(1000n), description: '' }
    await draftBatch(
      tx,
      world,
      { ...terms, commissionBp: 0n, minPayoutUnits: 0n },
      () => [draft, draft],
      inReaisAsSaid('starkbank'),
    )
    await tx.run(sql`update invoices set state = 'unsure'`)
  })
  ids = (await db.all<{ id: string }>(sql`select id from invoices order by ordinal`)).map(({ id }) => id)
})
afterEach(() => db.close())

const made = (
  providerId: string,
  tag: string,
  second: number,
  status: ProviderInvoice['status'] = 'created',
): ProviderInvoice => ({
  ...{
    providerId,
    tag,
    status,
    units: 1000n,
    nominalUnits: 1000n,
    feeUnits: 0n,
    brcode: `code ${providerId}`,
    link: '',
  },
  createdAt: instant(Date.parse('2026-11-21T15:00:00.000Z') + second * 1000),
})
async function resolve(...found: ProviderInvoice[]): Promise<number> {
  const rail = {
    name: 'starkbank',
    findInvoices: async () => done(found),
    cancelInvoice: async (id: string) => (canceled.push(id), done(found[0]!)),
  }
  return resolveUnsureInvoices(db, rail as unknown as Rail, world)
}
const stand = async () =>
  (
    await db.all<{ state: string; provider_id: string | null }>(
      sql`select state, provider_id from invoices order by ordinal`,
    )
  ).map(({ state, provider_id }) => [state, provider_id])

test('what the bank has is issued, and what it has not, asked twice with a call’s life between, is a draft again', async () => {
  expect(await resolve(made('11', ids[0]!, 1))).toBe(1)
  expect(await stand()).toEqual([
    ['issued', '11'],
    ['unsure', null],
  ])
  expect(await resolve(made('11', ids[0]!, 1))).toBe(0)
  now += absenceMs - 1
  expect(await resolve(made('11', ids[0]!, 1))).toBe(0)
  now += 1
  expect(await resolve(made('11', ids[0]!, 1))).toBe(1)
  expect((await stand())[1]).toEqual(['draft', null])
  expect(canceled).toEqual([])
})

test('a worker that stalls between its claim and its call does not call, and gives the claim back', async () => {
  await db.tx(tx => tx.run(sql`update invoices set state = 'draft', next_at = ${instant(now)}`))
  const asked: string[] = []
  const rail = {
    name: 'starkbank',
    issue: async (orders: { id: string }[]) => {
      asked.push(...orders.map(({ id }) => id))
      return unsure('no answer')
    },
  } as unknown as Rail
  const stalled: World = { ...world, at: point => void (point === 'invoices claimed' && (now += callMs)) }
  expect(await issueDrafts(db, rail, stalled)).toMatchObject({ issued: 0, later: 2 })
  expect(asked).toEqual([])
  expect(await stand()).toEqual([
    ['draft', null],
    ['draft', null],
  ])

  now += 30_000
  expect(await issueDrafts(db, rail, world)).toMatchObject({ unsure: 2 })
  expect(asked).toEqual(ids)
})

describe('an answer that comes after somebody else claimed the invoice', () => {
  const answers: [string, Answer<ProviderInvoice[]>][] = [
    ['refused for now', refused('too many requests', true)],
    ['refused for good', refused('invalidTaxId')],
    ['no answer', unsure('timeout')],
  ]
  test.each(answers)('%s: leaves the other claim alone', async (_, late) => {
    await db.tx(tx => tx.run(sql`update invoices set state = 'draft', next_at = ${instant(now)}`))
    const other = {
      name: 'starkbank',
      findInvoices: async () => done([]),
      issue: async (orders: { id: string }[]) => done(orders.map(({ id }, at) => made(`2${at}`, id, 9))),
    } as unknown as Rail
    const [claimed, mayCall] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slowly: World = {
      ...world,
      at: point => (point === 'invoices claimed' ? (claimed.resolve(), mayCall.promise) : undefined),
    }
    let others: Promise<unknown> | undefined
    const rail = {
      name: 'starkbank',
      issue: async () => {
        // This worker is stopped in its call: another finds nothing at the bank, twice, and claims what this
        // one had.
        for (let looks = 0; looks < 2; looks++) {
          now += absenceMs
          await resolveUnsureInvoices(db, other, world)
        }
        others = issueDrafts(db, other, slowly)
        await claimed.promise
        return late
      },
    } as unknown as Rail
    await issueDrafts(db, rail, world)
    expect(await stand()).toEqual([
      ['issuing', null],
      ['issuing', null],
    ])
    mayCall.resolve()
    await others
    expect(await stand()).toEqual([
      ['issued', '20'],
      ['issued', '21'],
    ])
  })
})

describe('two invoices of one tag', () => {
  test('the oldest is issued and the others are taken back', async () => {
    await resolve(made('12', ids[0]!, 2), made('11', ids[0]!, 1), made('13', ids[0]!, 3))
    expect((await stand())[0]).toEqual(['issued', '11'])
    expect(canceled).toEqual(['12', '13'])
  })

  test('the one our books know is kept, though it is not the oldest', async () => {
    // Its event came first and proved it; the older twin shows up later.
    await db.tx(tx =>
      tx.run(sql`update invoices set state = 'issued', provider_id = '12' where id = ${ids[0]!}`),
    )
    await resolve(made('11', ids[0]!, 1), made('12', ids[0]!, 2))
    expect((await stand())[0]).toEqual(['issued', '12'])
    expect(canceled).toEqual(['11'])
  })

  test('the one our books know is kept, though the bank does not list it yet', async () => {
    await db.tx(tx =>
      tx.run(sql`update invoices set state = 'issued', provider_id = '12' where id = ${ids[0]!}`),
    )
    await resolve(made('11', ids[0]!, 1))
    expect(canceled).toEqual(['11'])
  })

  test('one that was canceled before does not count: the next oldest is issued and kept', async () => {
    await resolve(made('11', ids[0]!, 1, 'canceled'), made('12', ids[0]!, 2))
    expect((await stand())[0]).toEqual(['issued', '12'])
    expect(canceled).toEqual([])
  })

  test('one that somebody paid is issued rather than an older one that nobody did', async () => {
    await resolve(made('11', ids[0]!, 1), made('12', ids[0]!, 2, 'paid'))
    expect((await stand())[0]).toEqual(['issued', '12'])
    expect(canceled).toEqual(['11'])
  })

  test('one that somebody paid is never taken back', async () => {
    await db.tx(tx =>
      tx.run(sql`update invoices set state = 'issued', provider_id = '11' where id = ${ids[0]!}`),
    )
    await resolve(made('11', ids[0]!, 1), made('12', ids[0]!, 2, 'paid'))
    expect(canceled).toEqual([])
  })

  test('twins of one invoice are not those of its neighbour', async () => {
    await resolve(made('11', ids[0]!, 1), made('21', ids[1]!, 1))
    expect(await stand()).toEqual([
      ['issued', '11'],
      ['issued', '21'],
    ])
    expect(canceled).toEqual([])
  })
})

test('an answer that comes when the books know another invoice of the tag has its own canceled at once', async () => {
  await db.tx(tx => tx.run(sql`update invoices set state = 'draft', next_at = ${instant(now)}`))
  const rail = {
    name: 'starkbank',
    issue: async (orders: { id: string }[]) => {
      // Meanwhile another worker asked for the first one again.
      await db.tx(tx =>
        tx.run(sql`update invoices set state = 'issued', provider_id = '12' where id = ${ids[0]!}`),
      )
      return done(orders.map(({ id }, at) => made(`2${at}`, id, 9)))
    },
    cancelInvoice: async (id: string) => (canceled.push(id), done(made(id, ids[0]!, 9, 'canceled'))),
  } as unknown as Rail
  await issueDrafts(db, rail, world)
  expect(await stand()).toEqual([
    ['issued', '12'],
    ['issued', '21'],
  ])
  expect(canceled).toEqual(['20'])
  expect(await db.all(sql`select provider_id, state from invoice_twins`)).toEqual([
    { provider_id: '20', state: 'canceled' },
  ])
})
