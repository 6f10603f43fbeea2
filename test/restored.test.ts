/**
 * A database restored from before a payout: the bank has paid, the books do not know it, and nothing is paid
 * twice.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { runCli } from '../src/cli/cli.ts'
import { type App } from '../src/jobs/jobs.ts'
import { reconcile } from '../src/reconcile/reconcile.ts'
import { balances, checkLedger, openSuspense, owedFor } from '../src/ledger/ledger.ts'
import { payoutsStopped, sendPayouts } from '../src/payout/payout.ts'
import { invitationOf, sessionOf } from '../src/people/people.ts'
import { openSession } from '../src/people/session.ts'
import { openDb, sql, type Db } from '../src/db/db.ts'
import { status } from '../src/queries/status.ts'
import { makeInbox, pollEvents, readUnlisted, settleInbox } from '../src/webhooks/webhooks.ts'
import { orderByHand } from './testbed/strangers.ts'
import { railThatListsLittle } from './testbed/unlisted.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { addUser, approveAndDo, settlePaidElsewhere, proposeAccept } from './testbed/acts.ts'

const second = 1_000
let folder: string
let installation: TestInstallation
let restored: Db

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'repasse-restored-'))
  installation = await openTestInstallation()
})
afterEach(async () => {
  await installation.close()
  await restored.close()
  rmSync(folder, { recursive: true })
})

async function repasse(...words: string[]): Promise<void> {
  let said = ''
  const outlet = {
    out: async (text: string) => void (said += text),
    err: (text: string) => void (said += text),
    colours: false,
  }
  const code = await runCli(
    ['node', 'repasse', ...words],
    { DATABASE_URL: `sqlite:${join(folder, 'repasse.db')}` },
    outlet,
  )
  expect(code, said).toBe(0)
}

/** What is in the backup goes on in an installation of its own, at the same bank. */
async function restoreFrom(backup: string): Promise<App> {
  await repasse('restore', backup)
  await repasse('payout', 'go', '--why', 'nobody compared anything')
  restored = await openDb(`sqlite:${join(folder, 'repasse.db')}`, {
    ...installation.app.world,
    virtual: true,
  })
  return { ...installation.app, db: restored, inbox: makeInbox(restored, installation.app.world) }
}

/** What "repasse serve" does first. */
async function listen(app: App): Promise<void> {
  await pollEvents(app.db, app.rails.starkbank!, app.inbox, app.world)
  await settleInbox(app)
}

async function hearAndSend(app: App): Promise<{ state: string; why: string | null }[]> {
  await listen(app)
  await sendPayouts(app.db, app.rails.starkbank!, app.world)
  return app.db.all(sql`select state, why from payouts`)
}

test('a session or an invitation of the backup, which may have been ended since, lets nobody in', async () => {
  const { db, world } = installation.app
  const { token } = await addUser(db, world, { name: 'ana', role: 'maker', language: 'en' }, 'root')
  const { user } = await addUser(db, world, { name: 'bia', role: 'maker', language: 'en' }, 'root')
  await db.tx(tx =>
    tx.run(sql`update users set state = 'active', password = 'x', totp_secret = 'x' where name = 'bia'`),
  )
  const session = await db.tx(tx => openSession(tx, world, user.id, { address: '203.0.113.7', agent: '' }))
  const isIn = async (at: Db) =>
    [await sessionOf(at, world, session.token), await invitationOf(at, world, token)].map(Boolean)
  expect(await isIn(db)).toEqual([true, true])
  await db.backup(join(folder, 'backup.db'), {})
  expect(await isIn((await restoreFrom(join(folder, 'backup.db'))).db)).toEqual([false, false])
})

test('a payout that was ordered after the backup is held, for the bank shows it', async () => {
  const backup = join(folder, 'backup.db')
  await installation.db.backup(backup, {})
  installation.bank.pay(installation.atBank.id)
  installation.pass(5 * second)
  await installation.hear(installation.event('invoice.credited'))
  await installation.send()
  installation.pass(20 * second)

  const payouts = await hearAndSend(await restoreFrom(backup))
  expect(payouts).toMatchObject([
    {
      state: 'held',
      why: expect.stringMatching(
        /^the bank shows it as success under pay_\w+-1, ordered after the backup restored here$/,
      ),
    },
  ])
  expect(installation.transfers()).toHaveLength(1)

  // A person who has compared says which transfer it was, and then nothing is owed any more.
  const transfer = installation.transfers()[0]!.id
  const [{ id }] = (await restored.all<{ id: string }>(sql`select id from payouts`)) as [{ id: string }]
  const settle = (ref: string) =>
    settlePaidElsewhere(restored, installation.app.rails, installation.app.world, id, {
      by: 'checker',
      why: 'compared',
      ref,
    })
  await expect(settle('1234')).rejects.toThrow(`the bank has no such transfer for invoice ${installation.id}`)
  expect(await settle(transfer)).toMatchObject({ is: 'settled', payout: { state: 'paid' } })
  await expect(settle(transfer)).rejects.toThrow('is paid: this is for one that is held')
  expect((await owedFor(restored, installation.id)).units).toBe(0n)
  expect(await checkLedger(restored)).toEqual([])
})

test('a payout that was not ordered, or failed, is sent', async () => {
  const backup = join(folder, 'backup.db')
  await installation.db.backup(backup, {})
  installation.bank.setSettings({ transferFailRate: 1 })
  installation.bank.pay(installation.atBank.id)
  installation.pass(5 * second)
  await installation.hear(installation.event('invoice.credited'))
  await installation.send()
  installation.pass(20 * second)
  expect(installation.transfers()).toMatchObject([{ status: 'failed' }])

  const payouts = await hearAndSend(await restoreFrom(backup))
  expect(payouts).toMatchObject([{ state: 'sent' }])
  expect(installation.transfers()).toHaveLength(2)
})

test('while the bank does not answer, an old invoice’s payout waits', async () => {
  const backup = join(folder, 'backup.db')
  await installation.db.backup(backup, {})
  installation.bank.pay(installation.atBank.id)
  installation.pass(5 * second)
  const app = await restoreFrom(backup)
  const mute = {
    ...app.rails.starkbank!,
    findPayouts: async () => ({ is: 'unsure', why: 'no answer' }) as const,
  }
  const payouts = await hearAndSend({ ...app, rails: { starkbank: mute } })
  expect(payouts).toMatchObject([{ state: 'owed' }])
  expect(installation.transfers()).toHaveLength(0)
})

describe('a payout that was owed when the backup was made', () => {
  let backup: string
  const keys = () =>
    installation
      .transfers()
      .map(({ externalId, status }) => `${externalId.replace(/^pay_\w+/, 'pay')} ${status}`)

  /** Its invoice is credited, and the copy is made before anything is ordered. */
  beforeEach(async () => {
    backup = join(folder, 'backup.db')
    installation.bank.pay(installation.atBank.id)
    installation.pass(5 * second)
    await installation.hear(installation.event('invoice.credited'))
    await installation.db.backup(backup, {})
  })

  /** Its first order finds no balance. */
  async function failOnce() {
    orderByHand(installation.bank, { units: 9_900, tags: [] })
    installation.pass(5 * second)
    await installation.send()
    installation.pass(5 * second)
    await installation.hear(installation.event('transfer.failed'))
    expect((await installation.payout())!.state).toBe('waiting')
  }
  async function payOnSecond() {
    installation.bank.deposit(20_000)
    installation.pass(3_600 * second)
    await installation.send()
    installation.pass(5 * second)
  }
  async function sendRestored(): Promise<App> {
    const app = await restoreFrom(backup)
    await listen(app)
    for (let count = 0; count < 3; count++) {
      await sendPayouts(app.db, app.rails.starkbank!, app.world)
      installation.pass(60 * second)
    }
    return app
  }
  const orders = () => restored.all(sql`select number, state from attempts order by number`)
  const agreed = async ({ db, rails, world }: App) => {
    const found = await reconcile(db, rails.starkbank!, world)
    if (typeof found === 'string') throw new Error(found)
    return found.bankUnits - found.bookUnits
  }

  test('its order that was paid after the backup is taken up as the one it is, and nothing is ordered again', async () => {
    await failOnce()
    await payOnSecond()
    expect(keys().slice(1)).toEqual(['pay-1 failed', 'pay-2 success'])

    const app = await sendRestored()
    expect(keys().slice(1)).toEqual(['pay-1 failed', 'pay-2 success'])
    expect(await restored.all(sql`select state, why from payouts`)).toEqual([{ state: 'paid', why: null }])
    expect(await orders()).toEqual([
      { number: 1n, state: 'failed' },
      { number: 2n, state: 'success' },
    ])
    expect(await agreed(app)).toBe(0n)
    expect(await checkLedger(restored)).toEqual([])
  })

  test('the same where the clock of the machine that restores is a day behind', async () => {
    await failOnce()
    await payOnSecond()
    vi.useFakeTimers({ toFake: ['Date'], now: installation.clock.now() - 24 * 3_600 * second })
    try {
      await sendRestored()
    } finally {
      vi.useRealTimers()
    }
    expect(keys().slice(1)).toEqual(['pay-1 failed', 'pay-2 success'])
  })

  test('the same where the statement was read before the order was taken up', async () => {
    await failOnce()
    await payOnSecond()
    const app = await restoreFrom(backup)
    expect(await agreed(app)).toBe(0n)
    expect((await balances(restored)).suspense).toBe(9_800n)
    // What emptied the account was by no order of ours, and stops payouts until two people have looked at it.
    expect(await payoutsStopped(restored)).toMatch(/^R\$ 99\.00 left the bank by no order of ours/)
    const [{ id }] = (await restored.all<{ id: string }>(
      sql`select id from strangers where state = 'open' and units < 0`,
    )) as [{ id: string }]
    const { proposal } = await proposeAccept(restored, app.world, id, { by: 'ana', why: 'paid by hand' })
    expect((await approveAndDo(app, proposal.id, { by: 'bruno' })).is).toBe('approved')
    await listen(app)
    await sendPayouts(app.db, app.rails.starkbank!, app.world)
    expect(await restored.all(sql`select state from payouts`)).toEqual([{ state: 'paid' }])
    expect([await agreed(app), (await balances(restored)).suspense, await openSuspense(restored)]).toEqual([
      0n,
      0n,
      [],
    ])
  })

  test('where all of its orders failed, the next one has a number that was never used', async () => {
    await failOnce()
    installation.bank.deposit(20_000)
    await sendRestored()
    expect(keys().slice(1)).toEqual(['pay-1 failed', 'pay-2 success'])
  })

  test.each([
    ['of another amount', { units: 9_700 }],
    ['to another account', { to: { accountNumber: '1111' } }],
  ])('an order of it %s holds it', async (_, change) => {
    const { id } = (await installation.payout())!
    installation.bank.deposit(20_000)
    orderByHand(installation.bank, {
      units: 9_800,
      tags: [`${id}-1`, installation.id],
      externalId: `${id}-1`,
      ...change,
    })
    installation.pass(20 * second)
    await sendRestored()
    expect(await restored.all(sql`select state, why from payouts`)).toEqual([
      {
        state: 'held',
        why: `the bank shows it as success under ${id}-1, ordered after the backup restored here`,
      },
    ])
    expect(installation.transfers()).toHaveLength(1)
  })

  test('what went back to its payer after the backup is heard of before anything is ordered, however soon payouts are let go', async () => {
    installation.bank.reverse(installation.atBank.id, 0)
    installation.pass(60 * second)
    const app = await restoreFrom(backup)
    const send = () => sendPayouts(app.db, app.rails.starkbank!, app.world)
    const state = async () => (await restored.one<{ state: string }>(sql`select state from payouts`))!.state
    await send()
    expect(await state()).toBe('owed')
    const { needsPerson } = await status(restored, { now: await restored.tx(tx => tx.now()) })
    expect(needsPerson).toContainEqual(
      expect.stringMatching(/^payouts wait until the bank's logs are read as far as they go/),
    )
    await listen(app)
    await send()
    expect([await state(), installation.transfers()]).toEqual(['canceled', []])
  })

  test('what went back to its payer after the backup, at a bank that does not list it, is read in the log of its invoice before it is ordered', async () => {
    installation.bank.reverse(installation.atBank.id, 0)
    installation.pass(60 * second)
    // All of it was told to the installation that is lost.
    for (const { id } of installation.bank.eventsCreated())
      await installation.app.rails.starkbank!.markDelivered(id)
    const rail = railThatListsLittle(installation)
    const app = { ...(await restoreFrom(backup)), rails: { starkbank: rail } }
    expect(await hearAndSend(app)).toMatchObject([{ state: 'owed' }])
    const { needsPerson } = await status(restored, { now: await restored.tx(tx => tx.now()) })
    expect(needsPerson).toContainEqual(
      expect.stringContaining('the bank refuses to list which payments went back meanwhile'),
    )
    await readUnlisted({ db: restored, rail, world: app.world })
    expect([await hearAndSend(app), installation.transfers()]).toMatchObject([[{ state: 'canceled' }], []])
  })

  test('two that are alive hold it, though one of them is as it would be ordered now', async () => {
    const { id } = (await installation.payout())!
    installation.bank.deposit(20_000)
    for (const [key, units] of [
      [`${id}-1`, 9_800],
      ['by-hand-9', 100],
    ] as const)
      orderByHand(installation.bank, { units, tags: [key, installation.id], externalId: key })
    installation.pass(20 * second)
    await sendRestored()
    expect(await restored.all(sql`select state, why from payouts`)).toEqual([
      {
        state: 'held',
        why: expect.stringMatching(/^the bank shows 2 transfers for its invoice that are alive or paid/),
      },
    ])
  })
})
