/** A poll keeps whatever the bank lists, and tells as missed only what no other event told of. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { done } from '../base/answer.ts'
import { seededRandom } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { instant } from '../base/world.ts'
import type { Rail } from '../rails/rail.ts'
import { readEvent } from '../rails/starkbank/read.ts'
import { migrate } from '../store/migrate.ts'
import { openStore, sql, type Store } from '../store/store.ts'
import { makeInbox, pollEvents, type Inbox } from './webhooks.ts'

const clock = { now: () => Date.parse('2026-11-21T15:00:00.000Z'), sleep: () => Promise.resolve() }
const world = { clock, random: seededRandom(3), log: silentLog, at: () => undefined }
let store: Store
let inbox: Inbox

beforeEach(async () => {
  store = await openStore('sqlite::memory:', world)
  await migrate(store, clock)
  inbox = makeInbox(store, world)
})
afterEach(() => store.close())

const transfer = {
  ...{ id: '9', amount: 100, name: 'A', taxId: '1', bankCode: '1', branchCode: '1', accountNumber: '1', accountType: 'payment' },
  ...{ externalId: 'x', fee: 0, status: 'success', tags: [], description: '', transactionIds: [], scheduled: null, rules: [] },
  ...{ created: '2026-11-21T14:00:00.000000+00:00', updated: '2026-11-21T14:00:00.000000+00:00' },
}
const event = (eventId: string, logId: string) => ({
  eventId,
  raw: Buffer.from(
    JSON.stringify({
      event: {
        ...{ id: eventId, created: instant(clock.now() - 60_000), subscription: 'transfer', workspaceId: '1' },
        log: { id: logId, type: 'success', created: transfer.created, errors: [], transfer },
      },
    }),
  ),
})
type Polled = ReturnType<typeof event>
const push = (...events: Polled[]) => Promise.all(events.map(each => inbox.keep({ rail: 'starkbank', via: 'push', ...each })))
const poll = (undelivered: Polled[], logs: Polled[]) =>
  pollEvents(
    store,
    {
      name: 'starkbank',
      read: readEvent,
      undelivered: async () => done(undelivered),
      markDelivered: async () => done(undefined),
      missedLogs: async () => done(logs),
    } as Partial<Rail> as Rail,
    inbox,
    world,
  )
const kept = async () => (await store.all(sql`select id from inbox`)).length

test('logs of events that were pushed are kept and are no news', async () => {
  await push(event('1', '101'), event('2', '102'))
  expect(await poll([], [event('log-101', '101'), event('log-102', '102')])).toBe(0)
  expect(await kept()).toBe(4)
})

test('a log that no event told of is news, once', async () => {
  await push(event('1', '101'))
  const logs = [event('log-101', '101'), event('log-102', '102')]
  expect([await poll([], logs), await poll([], logs)]).toEqual([1, 0])
})

test('an undelivered event and its log are one piece of news', async () => {
  expect(await poll([event('1', '101')], [event('log-101', '101')])).toBe(1)
})

test('an undelivered event whose log was found before is no news', async () => {
  expect(await poll([], [event('log-101', '101')])).toBe(1)
  expect(await poll([event('1', '101')], [event('log-101', '101')])).toBe(0)
})

test('what cannot be read is news too', async () => {
  expect(await poll([{ eventId: '1', raw: Buffer.from('{"event": {}}') }], [])).toBe(1)
})

test('a push among more than a page of others is found', async () => {
  await push(event('1', '101'))
  await push(...Array.from({ length: 1_200 }, (_, place) => event(`${place + 1_000}`, `${place + 5_000}`)))
  expect(await poll([], [event('log-101', '101')])).toBe(0)
})
