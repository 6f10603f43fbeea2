/** A database restored from before a payout: the bank has paid, the books do not know it, and nothing is paid twice. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bodyOf } from '../sim/events.ts'
import { runCli } from '../src/cli/cli.ts'
import type { Desk } from '../src/jobs/jobs.ts'
import { checkLedger, owedFor } from '../src/ledger/ledger.ts'
import { sendPayouts, settlePaidElsewhere } from '../src/payout/payout.ts'
import { openStore, sql, type Store } from '../src/store/store.ts'
import { makeInbox, settleInbox } from '../src/webhooks/webhooks.ts'
import { openTown, type Town } from './testbed/town.ts'

const second = 1_000
let folder: string
let town: Town
let restored: Store

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'repasse-restored-'))
  town = await openTown()
})
afterEach(async () => {
  await town.close()
  await restored.close()
  rmSync(folder, { recursive: true })
})

async function repasse(...words: string[]): Promise<void> {
  let said = ''
  const outlet = { out: async (text: string) => void (said += text), err: (text: string) => void (said += text), colours: false }
  const code = await runCli(['node', 'repasse', ...words], { DATABASE_URL: `sqlite:${join(folder, 'house.db')}` }, outlet)
  expect(code, said).toBe(0)
}

/** What is in the backup goes on in a house of its own, at the same bank. */
async function restoreFrom(backup: string): Promise<Desk> {
  await repasse('restore', backup)
  await repasse('payout', 'go', '--why', 'nobody compared anything')
  restored = await openStore(`sqlite:${join(folder, 'house.db')}`, { ...town.desk.world, virtual: true })
  return { ...town.desk, store: restored, inbox: makeInbox(restored, town.desk.world) }
}

async function hearAndSend(desk: Desk): Promise<{ state: string; why: string | null }[]> {
  const credited = town.event('invoice.credited')
  await desk.inbox.keep({ rail: 'starkbank', eventId: credited.id, raw: bodyOf(credited), via: 'poll' })
  await settleInbox(desk)
  await sendPayouts(desk.store, desk.rails.starkbank!, desk.world)
  return desk.store.all(sql`select state, why from payouts`)
}

test('a payout that was ordered after the backup is held, for the bank shows it', async () => {
  const backup = join(folder, 'backup.db')
  await town.store.backup(backup, {})
  town.bank.pay(town.atBank.id)
  town.pass(5 * second)
  await town.hear(town.event('invoice.credited'))
  await town.send()
  town.pass(20 * second)

  const payouts = await hearAndSend(await restoreFrom(backup))
  expect(payouts).toMatchObject([
    { state: 'held', why: expect.stringMatching(/^the bank shows it as success under pay_\w+-1, ordered after the backup restored here$/) },
  ])
  expect(town.transfers()).toHaveLength(1)

  // A person who has compared says which transfer it was, and then nothing is owed any more.
  const transfer = town.transfers()[0]!.id
  const [{ id }] = (await restored.all<{ id: string }>(sql`select id from payouts`)) as [{ id: string }]
  const settle = (ref: string) =>
    settlePaidElsewhere(restored, town.desk.rails, town.desk.world, id, { by: 'checker', why: 'compared', ref })
  await expect(settle('1234')).rejects.toThrow(`the bank has no such transfer for invoice ${town.id}`)
  expect(await settle(transfer)).toMatchObject({ state: 'paid' })
  await expect(settle(transfer)).rejects.toThrow('is paid: this is for one that is held')
  expect((await owedFor(restored, town.id)).units).toBe(0n)
  expect(await checkLedger(restored)).toEqual([])
})

test('a payout that was not ordered, or failed, is sent', async () => {
  const backup = join(folder, 'backup.db')
  await town.store.backup(backup, {})
  town.bank.setSettings({ transferFailRate: 1 })
  town.bank.pay(town.atBank.id)
  town.pass(5 * second)
  await town.hear(town.event('invoice.credited'))
  await town.send()
  town.pass(20 * second)
  expect(town.transfers()).toMatchObject([{ status: 'failed' }])

  const payouts = await hearAndSend(await restoreFrom(backup))
  expect(payouts).toMatchObject([{ state: 'sent' }])
  expect(town.transfers()).toHaveLength(2)
})

test('while the bank does not answer, an old invoice’s payout waits', async () => {
  const backup = join(folder, 'backup.db')
  await town.store.backup(backup, {})
  town.bank.pay(town.atBank.id)
  town.pass(5 * second)
  const desk = await restoreFrom(backup)
  const mute = { ...desk.rails.starkbank!, findPayouts: async () => ({ is: 'unsure', why: 'no answer' }) as const }
  const payouts = await hearAndSend({ ...desk, rails: { starkbank: mute } })
  expect(payouts).toMatchObject([{ state: 'owed' }])
  expect(town.transfers()).toHaveLength(0)
})
