/** The audit chain walked in slices, from any record on. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { seededRandom, systemClock } from '../base/clock.ts'
import { migrate } from '../db/migrate.ts'
import { openDb, sql, type Db } from '../db/db.ts'
import { audit, auditChain, hashOf, walkAudit, type AuditRow } from './audit.ts'

let db: Db
beforeEach(async () => {
  db = await openDb('sqlite::memory:', { clock: systemClock, random: seededRandom(1) })
  await migrate(db, systemClock)
})
afterEach(() => db.close())

const write = (count: number) =>
  db.tx(async tx => {
    for (let number = 0; number < count; number++)
      await audit(tx, { actor: 'ana', act: `act ${number}`, subject: 'x', detail: {} })
  })
const tamper = async (statement: string) => {
  for (const name of ['audit_kept', 'audit_stay']) await db.script(`drop trigger if exists ${name}`)
  await db.script(statement)
}

test('an empty chain holds', async () => {
  expect(await walkAudit(db)).toEqual({ upTo: 0n })
})

test('a chain longer than a slice holds to its end, whole and in part', async () => {
  await write(2_345)
  expect(await walkAudit(db)).toEqual({ upTo: 2_345n })
  for (const after of [1n, 999n, 1_000n, 1_001n, 2_344n, 2_345n])
    expect(await walkAudit(db, after)).toEqual({ upTo: 2_345n })
  expect(await walkAudit(db, 2_346n)).toEqual({ upTo: 2_345n, broken: { seq: 2_346n, how: 'missing' } })
})

test.each([
  [`update audit set detail = '{"a":"b"}' where seq = 1500`, { seq: 1_500n, how: 'changed' }],
  [`update audit set seq = 9999 where seq = 1500`, { seq: 1_500n, how: 'missing' }],
  [`delete from audit where seq = 1000`, { seq: 1_000n, how: 'missing' }],
  [`delete from audit where seq = 1`, { seq: 1n, how: 'missing' }],
])('after "%s" it breaks there', async (statement, broken) => {
  await write(2_000)
  await tamper(statement)
  expect(await walkAudit(db)).toEqual({ upTo: broken.seq - 1n, broken })
  expect(await auditChain(db)).toEqual([
    `row ${broken.seq} of the audit log ${broken.how === 'missing' ? 'is missing' : 'was changed'}`,
  ])
})

test('a record that was written again with a hash that fits breaks the one after it [security 13]', async () => {
  await write(20)
  const row = (await db.one<AuditRow>(sql`select * from audit where seq = 10`))!
  await tamper(`update audit set actor = 'eve', hash = '${hashOf({ ...row, actor: 'eve' })}' where seq = 10`)
  expect(await walkAudit(db)).toEqual({ upTo: 10n, broken: { seq: 11n, how: 'changed' } })
})

test('who walks only the end does not see what broke before it [security 13]', async () => {
  await write(50)
  await tamper(`update audit set actor = 'eve' where seq = 10`)
  expect(await walkAudit(db, 20n)).toEqual({ upTo: 50n })
})
