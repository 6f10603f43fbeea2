/** Payout accounts: one by two people, approved as it was seen. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { seededRandom, systemClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { migrate } from '../db/migrate.ts'
import { openDb, sql, type Db } from '../db/db.ts'
import {
  addAccount,
  approveAccount,
  approvingAccount,
  closeAccount,
  digestOfAccount,
  findAccount,
  twinsOf,
  type NewDestination,
} from './payout.ts'

const world = { clock: systemClock, random: seededRandom(3), log: silentLog, at: () => undefined }
const bank = {
  holder: 'Ana',
  taxId: '1',
  bank: '20018183',
  branch: '0001',
  number: '12345-6',
  type: 'payment',
} as const
const coins: NewDestination = { kind: 'bitcoin', holder: '', destination: 'bcrt1qexample' }
let db: Db
beforeEach(async () => {
  db = await openDb('sqlite::memory:', world)
  await migrate(db, systemClock)
})
afterEach(() => db.close())
const add = (name: string, to: NewDestination = bank, by = 'maria') => addAccount(db, world, name, to, by)
const digest = async (name: string) => digestOfAccount((await findAccount(db, name))!)

test('sent twice by one person it is one account; another person, holder or place finds the name taken', async () => {
  expect((await add('main')).is).toBe('added')
  expect((await add('main')).is).toBe('there')
  expect((await add('main', bank, 'bia')).is).toBe('account-name-taken')
  expect((await add('main', { ...bank, holder: 'Bia' })).is).toBe('account-name-taken')
  expect((await add('main', { ...bank, number: '12345-7' })).is).toBe('account-name-taken')
  expect((await add('main', coins)).is).toBe('account-name-taken')
  expect(await db.all(sql`select seq from audit`)).toHaveLength(1)
})

test('it is approved by somebody else, once, as it was seen', async () => {
  await add('main')
  const seen = await digest('main')
  expect((await approveAccount(db, 'main', { by: ' MARIA ', seen })).is).toBe('account-own')
  expect((await approveAccount(db, 'main', { by: 'chico', seen: 'another digest' })).is).toBe(
    'account-changed',
  )
  expect(await findAccount(db, 'main')).toMatchObject({ state: 'awaiting', approved_by: null })
  expect((await approveAccount(db, 'main', { by: 'chico', seen })).is).toBe('approved')
  expect((await approveAccount(db, 'main', { by: 'chico', seen })).is).toBe('account-approved-already')
  expect((await approveAccount(db, 'nowhere', { by: 'chico', seen })).is).toBe('account-unknown')
  expect(await db.all(sql`select actor from audit where act = 'account approved'`)).toEqual([
    { actor: 'chico' },
  ])
})

test.each(['name', 'holder', 'tax_id', 'bank', 'branch', 'number', 'type', 'added_by', 'added_at'])(
  'whoever changes its %s behind the approver’s back has made another account of it',
  async column => {
    await add('main')
    const seen = await digest('main')
    const value = column === 'type' ? 'savings' : 'tampered'
    await db.tx(tx => tx.run(sql`update accounts set ${{ texts: [column], values: [] }} = ${value}`))
    expect(await digest(column === 'name' ? 'tampered' : 'main')).not.toBe(seen)
    expect(
      (await approveAccount(db, column === 'name' ? 'tampered' : 'main', { by: 'chico', seen })).is,
    ).toBe('account-changed')
  },
)

test('what an approval states has the names that statements of before were signed under', async () => {
  await add('main')
  const account = (await findAccount(db, 'main'))!
  const { added_at: addedAt, id } = account
  expect(approvingAccount(account).content).toEqual({
    ...{ id, store: 'sto_default', name: 'main', kind: 'bank', addedBy: 'maria', addedAt },
    ...{ holder: 'Ana', taxId: '1', bank: '20018183', branch: '0001', number: '12345-6', type: 'payment' },
  })
})

test('the destination of a Bitcoin account is part of what is approved; the next number of it is not', async () => {
  await add('coins', coins)
  const seen = await digest('coins')
  await db.tx(tx => tx.run(sql`update accounts set next_index = 7`))
  expect(await digest('coins')).toBe(seen)
  await db.tx(tx => tx.run(sql`update accounts set destination = 'bcrt1qanother'`))
  expect(await digest('coins')).not.toBe(seen)
})

test('the same place written otherwise is known as a twin', async () => {
  await add('main')
  await add('coins', coins)
  const names = async (to: NewDestination) => (await twinsOf(db, to)).map(({ name }) => name)
  expect(await names({ ...bank, branch: '1', number: '0123456' })).toEqual(['main'])
  expect(await names({ ...bank, number: '12345-7' })).toEqual([])
  expect(await names(coins)).toEqual(['coins'])
})

test('an account that nothing names is closed, once; one that a schedule, the shop or an invoice names stays open', async () => {
  await add('mistyped')
  expect((await closeAccount(db, 'mistyped', 'maria', 'the wrong branch')).is).toBe('closed')
  expect((await closeAccount(db, 'mistyped', 'maria', 'again')).is).toBe('already')
  expect((await closeAccount(db, 'nowhere', 'maria', 'x')).is).toBe('unknown')
  expect(await db.all(sql`select actor, detail from audit where act = 'account closed'`)).toEqual([
    { actor: 'maria', detail: JSON.stringify({ name: 'mistyped', why: 'the wrong branch' }) },
  ])
  expect((await approveAccount(db, 'mistyped', { by: 'chico' })).is).toBe('account-closed')

  await add('shop')
  const { id } = (await findAccount(db, 'shop'))!
  await db.tx(tx =>
    tx.run(sql`
      insert into store_rules (store_id, rail, account_id, commission_bp, min_payout_units, changed_by,
        changed_at)
      values ('sto_default', 'starkbank', ${id}, 0, 0, 'maria', '')`),
  )
  expect((await closeAccount(db, 'shop', 'maria', 'x')).is).toBe('in use')
  expect(await findAccount(db, 'shop')).toMatchObject({ state: 'awaiting' })
})
