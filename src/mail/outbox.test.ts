/**
 * The outbox: each letter once, tried again with growing patience, given up, and never lost by a process that
 * dies over it.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { virtualClock, type VirtualClock } from '../../test/simulation/clock.ts'
import { done, refused, unsure, type Answer } from '../base/answer.ts'
import { seededRandom } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { migrate } from '../db/migrate.ts'
import { openDb, sql, type Db } from '../db/db.ts'
import { queueMail, sendMails, type Mail, type MailRow } from './mail.ts'

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]
let clock: VirtualClock
let db: Db
let sent: string[]
let answer: Answer<string>

const world = () => ({ clock, random: seededRandom(1), log: silentLog, at: () => undefined })
const mailer = {
  async send({ id }: Mail) {
    sent.push(id)
    return answer
  },
}
const send = () =>
  sendMails<MailRow>(db, mailer, world(), 'mails', async (_, { id, kind }) => ({
    id,
    to: 'ana@example.com',
    language: 'en',
    subject: kind,
    text: '',
    html: '',
  }))
const row = async () => (await db.one<MailRow>(sql`select * from mails`))!
const pass = (ms: number) => clock.moveTo(clock.now() + ms)

beforeEach(async () => {
  clock = virtualClock(Date.UTC(2026, 10, 21))
  db = await openDb('sqlite::memory:', { ...world(), virtual: true })
  await migrate(db, clock)
  await db.tx(async tx => {
    await tx.run(sql`insert into orders (id, store_id, token, basket_key, name, email, tax_id, language, rail,
      units, state, added_at, changed_at)
      values ('ord_1', 'sto_default', 't', 'k', 'Ana', 'ana@example.com', '1', 'en', 'starkbank', 1,
        'awaiting', '', '')`)
    await queueMail(tx, world(), 'ord_1', 'placed')
    await queueMail(tx, world(), 'ord_1', 'placed')
  })
  sent = []
  answer = done('taken')
})
afterEach(() => db.close())

test('a kind queued twice is one letter, and sent it is not sent again', async () => {
  expect(await send()).toEqual({ sent: 1, failed: 0, later: 0 })
  pass(day)
  expect(await send()).toEqual({ sent: 0, failed: 0, later: 0 })
  expect(await row()).toMatchObject({ state: 'sent', tries: 1n, why: null })
})

test('what was not taken is tried again under its own id, after a minute, two, four, and no more than an hour', async () => {
  answer = refused('the box is full', true)
  const waits: number[] = []
  for (let tries = 0; tries < 9; tries++) {
    expect(await send()).toEqual({ sent: 0, failed: 0, later: 1 })
    expect(await send()).toEqual({ sent: 0, failed: 0, later: 0 })
    const { next_at: nextAt, why } = await row()
    expect(why).toBe('the box is full')
    waits.push((Date.parse(nextAt) - clock.now()) / minute)
    clock.moveTo(Date.parse(nextAt))
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
  answer = done('taken')
  expect(await send()).toEqual({ sent: 1, failed: 0, later: 0 })
  expect(new Set(sent).size).toBe(1)
  expect(await row()).toMatchObject({ state: 'sent', why: null })
})

test('no answer is tried again: it would be the same letter', async () => {
  answer = unsure('the line went dead')
  expect(await send()).toEqual({ sent: 0, failed: 0, later: 1 })
  pass(hour)
  answer = done('taken')
  expect(await send()).toEqual({ sent: 1, failed: 0, later: 0 })
})

test('refused for good it has failed, with the server’s words', async () => {
  answer = refused('no such user')
  expect(await send()).toEqual({ sent: 0, failed: 1, later: 0 })
  pass(day)
  expect(await send()).toEqual({ sent: 0, failed: 0, later: 0 })
  expect(await row()).toMatchObject({ state: 'failed', why: 'no such user' })
})

test('after three days nobody waits for it any more', async () => {
  answer = refused('the box is full', true)
  await send()
  pass(3 * day + 1)
  expect(await send()).toEqual({ sent: 0, failed: 1, later: 0 })
})

test('who dies over a letter leaves it for later', async () => {
  const dies = { send: () => Promise.reject(new Error('the process ended')) }
  await expect(sendMails(db, dies, world(), 'mails', async () => ({}) as Mail)).rejects.toThrow(
    'the process ended',
  )
  expect(await send()).toEqual({ sent: 0, failed: 0, later: 0 })
  pass(minute)
  expect(await send()).toEqual({ sent: 1, failed: 0, later: 0 })
})
