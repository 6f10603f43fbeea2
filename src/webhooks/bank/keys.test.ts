/**
 * The bank's keys as they are kept, on both databases: which are published, which are missing since when, and
 * which a person retired.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openMigrated } from '../../../test/testbed/migrated.ts'
import { postgresAvailable, startPostgres, type Postgres } from '../../../test/testbed/postgres.ts'
import { virtualClock } from '../../../test/simulation/clock.ts'
import { systemRandom } from '../../base/clock.ts'
import { sql, type Db } from '../../db/db.ts'
import { bankKeys, keepPublished, retireBankKey } from './keys.ts'

const retire = { pem: 'old', keyId: '0123456789abcdef', by: 'ana' }

describe.each([
  { engine: 'sqlite', there: true },
  { engine: 'postgres', there: postgresAvailable() },
])('on $engine', ({ engine, there }) => {
  describe.skipIf(!there)('the bank’s keys', () => {
    const clock = virtualClock(Date.parse('2026-11-29T12:00:00Z'))
    let postgres: Postgres | undefined
    let db: Db
    beforeAll(async () => {
      if (engine === 'postgres') postgres = await startPostgres({ durable: false })
      const url = postgres ? await postgres.migratedDatabase() : 'sqlite::memory:'
      db = await openMigrated(url, { clock, random: systemRandom, virtual: true }, clock)
    })
    afterAll(async () => {
      await db?.close()
      await postgres?.stop()
    })
    const kept = async () =>
      Object.fromEntries((await bankKeys(db, 'sandbox')).map(({ pem, ...rest }) => [pem, rest]))

    test('one that is no longer published keeps the time it was first missing', async () => {
      await keepPublished(db, 'sandbox', ['old'], { clock })
      await keepPublished(db, 'elsewhere', ['other'], { clock })
      const since = clock.now()
      await keepPublished(db, 'sandbox', ['new'], { clock })
      clock.moveTo(since + 1_000)
      await keepPublished(db, 'sandbox', ['new'], { clock })
      expect(await kept()).toEqual({
        old: { missingSince: since, isRetired: false },
        new: { missingSince: undefined, isRetired: false },
      })
      expect(await bankKeys(db, 'elsewhere')).toMatchObject([{ pem: 'other', missingSince: undefined }])
    })

    test('one that is published cannot be retired; one that is not can, once, and it is audited', async () => {
      expect(await retireBankKey(db, 'sandbox', { ...retire, isPublished: true })).toBe('published')
      expect(await retireBankKey(db, 'sandbox', { ...retire, isPublished: false })).toBe('retired')
      expect((await kept())['old']).toMatchObject({ isRetired: true })
      expect(await retireBankKey(db, 'sandbox', { ...retire, isPublished: false })).toBe('already')
      expect(await db.all(sql`select actor, act, subject from audit`)).toEqual([
        { actor: 'ana', act: 'bank key retired', subject: retire.keyId },
      ])
    })

    test('one that the bank publishes again is as good as ever', async () => {
      await keepPublished(db, 'sandbox', ['new', 'old'], { clock })
      expect(await kept()).toMatchObject({ old: { missingSince: undefined, isRetired: false } })
    })
  })
})
