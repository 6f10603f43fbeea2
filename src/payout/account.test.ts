/** Payout accounts: one by two people, approved as it was seen. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { seededRandom, systemClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { migrate } from '../db/migrate.ts'
import { openStore, sql, type Store } from '../db/db.ts'
import { closeAccount, digestOfAccount, findAccount, judgeAccount, openAccount, twinsOf, type NewDestination } from './payout.ts'

const world = { clock: systemClock, random: seededRandom(3), log: silentLog, at: () => undefined }
const bank = { holder: 'Ana', taxId: '1', bank: '20018183', branch: '0001', number: '12345-6', type: 'payment' } as const
const coins: NewDestination = { kind: 'bitcoin', holder: '', destination: 'bcrt1qexample' }
let store: Store
beforeEach(async () => {
  store = await openStore('sqlite::memory:', world)
  await migrate(store, systemClock)
})
afterEach(() => store.close())
const add = (name: string, to: NewDestination = bank, by = 'maria') => openAccount(store, world, name, to, by)
const digest = async (name: string) => digestOfAccount((await findAccount(store, name))!)

test('sent twice by one person it is one account; another person, holder or place finds the name taken', async () => {
  expect((await add('main')).is).toBe('added')
  expect((await add('main')).is).toBe('there')
  expect((await add('main', bank, 'bia')).is).toBe('taken')
  expect((await add('main', { ...bank, holder: 'Bia' })).is).toBe('taken')
  expect((await add('main', { ...bank, number: '12345-7' })).is).toBe('taken')
  expect((await add('main', coins)).is).toBe('taken')
  expect(await store.all(sql`select seq from audit`)).toHaveLength(1)
})

test('it is approved by somebody else, once, as it was seen', async () => {
  await add('main')
  const seen = await digest('main')
  expect((await judgeAccount(store, 'main', ' MARIA ', seen)).is).toBe('own')
  expect((await judgeAccount(store, 'main', 'chico', 'another digest')).is).toBe('changed')
  expect(await findAccount(store, 'main')).toMatchObject({ state: 'awaiting', approved_by: null })
  expect((await judgeAccount(store, 'main', 'chico', seen)).is).toBe('approved')
  expect((await judgeAccount(store, 'main', 'chico', seen)).is).toBe('already')
  expect((await judgeAccount(store, 'nowhere', 'chico', seen)).is).toBe('unknown')
  expect(await store.all(sql`select actor from audit where act = 'account approved'`)).toEqual([{ actor: 'chico' }])
})

test.each(['name', 'holder', 'tax_id', 'bank', 'branch', 'number', 'type', 'added_by', 'added_at'])(
  'whoever changes its %s behind the approver’s back has made another account of it',
  async column => {
    await add('main')
    const seen = await digest('main')
    const value = column === 'type' ? 'savings' : 'tampered'
    await store.tx(tx => tx.run(sql`update accounts set ${{ texts: [column], values: [] }} = ${value}`))
    expect(await digest(column === 'name' ? 'tampered' : 'main')).not.toBe(seen)
    expect((await judgeAccount(store, column === 'name' ? 'tampered' : 'main', 'chico', seen)).is).toBe('changed')
  },
)

test('the destination of a Bitcoin account is part of what is approved; the next number of it is not', async () => {
  await add('coins', coins)
  const seen = await digest('coins')
  await store.tx(tx => tx.run(sql`update accounts set next_index = 7`))
  expect(await digest('coins')).toBe(seen)
  await store.tx(tx => tx.run(sql`update accounts set destination = 'bcrt1qanother'`))
  expect(await digest('coins')).not.toBe(seen)
})

test('the same place written otherwise is known as a twin', async () => {
  await add('main')
  await add('coins', coins)
  const names = async (to: NewDestination) => (await twinsOf(store, to)).map(({ name }) => name)
  expect(await names({ ...bank, branch: '1', number: '0123456' })).toEqual(['main'])
  expect(await names({ ...bank, number: '12345-7' })).toEqual([])
  expect(await names(coins)).toEqual(['coins'])
})

test('an account that nothing names is closed, once; one that a schedule, the shop or an invoice names stays open', async () => {
  await add('mistyped')
  expect((await closeAccount(store, 'mistyped', 'maria', 'the wrong branch')).is).toBe('closed')
  expect((await closeAccount(store, 'mistyped', 'maria', 'again')).is).toBe('already')
  expect((await closeAccount(store, 'nowhere', 'maria', 'x')).is).toBe('unknown')
  expect(await store.all(sql`select actor, detail from audit where act = 'account closed'`)).toEqual([
    { actor: 'maria', detail: JSON.stringify({ name: 'mistyped', why: 'the wrong branch' }) },
  ])
  expect((await judgeAccount(store, 'mistyped', 'chico')).is).toBe('closed')

  await add('shop')
  const { id } = (await findAccount(store, 'shop'))!
  await store.tx(tx =>
    tx.run(sql`
      insert into store_rules (store_id, rail, account_id, commission_bp, min_payout_units, changed_by, changed_at)
      values ('sto_default', 'starkbank', ${id}, 0, 0, 'maria', '')`),
  )
  expect((await closeAccount(store, 'shop', 'maria', 'x')).is).toBe('in use')
  expect(await findAccount(store, 'shop')).toMatchObject({ state: 'awaiting' })
})
