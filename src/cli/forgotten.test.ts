/**
 * `invoice forgotten` lists some, and says how many more there are: `--looked-at` is said of all of them. And
 * `status` while they are being read.
 */
import { expect, test } from 'vitest'
import { openTerminal } from '../../test/testbed/terminal.ts'
import { systemClock, systemRandom } from '../base/clock.ts'
import { openDb, sql } from '../db/db.ts'

const { env, repasse: say } = openTerminal()
const forgotten = (...words: string[]) => say(['invoice', 'forgotten', ...words], { LOG_LEVEL: 'silent' })

test('what the list leaves out is counted', async () => {
  await say(['migrate'], { LOG_LEVEL: 'silent' })
  const db = await openDb(env.DATABASE_URL, { clock: systemClock, random: systemRandom })
  for (const id of ['1', '2', '3'])
    await db.tx(async tx =>
      tx.run(sql`
        insert into forgotten_invoices (rail, provider_id, store_id, invoice_tag, units, status, made_at,
          seen_at)
        values ('starkbank', ${id}, 'sto_default', ${`inv_${id}`}, 100, 'created', ${await tx.now()},
          ${await tx.now()})`),
    )
  await db.close()
  expect(await forgotten('--limit', '2')).toMatchObject({ code: 0, err: '1 more: --limit 3\n' })
  const { out, err } = await forgotten('--limit', '2', '--json')
  expect([JSON.parse(out), err]).toEqual([[expect.anything(), expect.anything()], '1 more: --limit 3\n'])
  expect((await forgotten()).err).toBe('')
  expect((await forgotten('--looked-at', '--why', 'canceled there')).out).toBe('3 were looked at\n')
  expect((await forgotten()).err).toBe('')
})

test('status ends with 1 while nothing is issued for want of them', async () => {
  const db = await openDb(env.DATABASE_URL, { clock: systemClock, random: systemRandom })
  const status = async () => {
    const { code, out } = await say(['status', '--json'], { LOG_LEVEL: 'silent' })
    return [code, (JSON.parse(out) as { issuingWaits: boolean }).issuingWaits]
  }
  expect(await status()).toEqual([0, false])
  await db.tx(async tx =>
    tx.run(sql`insert into settings (name, value) values ('bank invoices unread', ${await tx.now()})`),
  )
  expect(await status()).toEqual([1, true])
  await db.close()
})
