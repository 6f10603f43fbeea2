/**
 * What `payout` and `invoice list` say by which filter, and what `payout` says of one that is owed: why it
 * waits, whether anything is next, and when there is nothing to retry.
 */
import { because } from '../../base/reasons.ts'
import { beforeAll, expect, test } from 'vitest'
import { openTerminal } from '../../../test/testbed/terminal.ts'
import { trialAccountFlags } from '../../../test/testbed/trial.ts'
import { systemClock, systemRandom } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { draftBatch, inReaisAsSaid, planBatch } from '../../invoice/invoice.ts'
import { batchRule, batchTerms, needSchedule, runNow } from '../../schedule/schedule.ts'
import { bankWasRead, noteUnlisted, owe, waitForBank } from '../../payout/payout.ts'
import { openDb, sql } from '../../db/db.ts'
import { invoiceFilters, payoutFilters } from '../../queries/filters.ts'

const { env, repasse: say } = openTerminal()
const repasse = (...words: string[]) => say(words, { LOG_LEVEL: 'silent' })
const world = { clock: systemClock, random: systemRandom, log: silentLog, at: () => undefined }
const trial = [
  '--cron',
  '0 0 1 1 *',
  '--time-zone',
  'Etc/UTC',
  '--payers',
  'random',
  '--count',
  '1',
  '--amount',
  '20.00',
  '--due-in',
  '2d',
]
let payout: string
let invoice: string

beforeAll(async () => {
  await repasse('account', 'add', ...trialAccountFlags)
  await repasse('schedule', 'add', '--name', 'trial', ...trial, '--pay-to', 'main')
  const db = await openDb(env.DATABASE_URL, world)
  try {
    await db.tx(async tx => {
      const schedule = await needSchedule(tx, 'trial')
      const slot = await runNow(tx, world, schedule, 'maker')
      await draftBatch(
        tx,
        world,
        batchTerms(schedule, slot),
        () => planBatch(batchRule(schedule), world.random),
        inReaisAsSaid('starkbank'),
      )
      const row = (await tx.one<{ id: string; account_id: string }>(
        sql`select id, account_id from invoices`,
      ))!
      invoice = row.id
      const collected = {
        rail: 'starkbank',
        movement: 'invoice credited',
        invoiceId: row.id,
        accountId: row.account_id,
        paid: 2_000n,
        bankFee: 50n,
        commissionBp: 0n,
        minPayout: 0n,
      } as const
      const terms = { transferFeeBy: 'house', transferFeeUnits: 0n } as const
      payout = (await owe(tx, world, collected, terms, { why: because('credited') }))!
    })
  } finally {
    await db.close()
  }
})

type Told = { id: string; state: string; why: string | null; nextAt?: string }
const list = async (...flags: string[]) =>
  JSON.parse((await repasse('payout', 'list', '--json', ...flags)).out) as Told[]

test('one that is owed to an account nobody approved says that it waits for the approval, and nothing is next', async () => {
  expect((await repasse('payout', 'list')).out).toContain('waits for the approval of account main')
  const [told] = await list()
  expect([told!.state, told!.why, told!.nextAt]).toEqual([
    'owed',
    'waits for the approval of account main',
    undefined,
  ])
  const { out } = await repasse('payout', 'show', payout)
  expect(out).toContain('owed: waits for the approval of account main')
  expect(out).not.toContain('next look')
})

test('there is nothing to retry of one that is owed, and it says what it waits for', async () => {
  const { code, out, err } = await repasse('payout', 'retry', payout, '--why', 'hurry')
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain('is owed, so there is nothing to retry: it waits for the approval of account main')
})

test('payouts are listed by account and by invoice, and an unknown one is bad input', async () => {
  expect((await list('--account', 'main')).map(({ id }) => id)).toEqual([payout])
  expect((await list('--invoice', invoice)).map(({ id }) => id)).toEqual([payout])
  expect((await repasse('payout', 'list', '--account', 'other')).code).toBe(2)
  expect((await repasse('payout', 'list', '--invoice', 'inv_x')).code).toBe(2)
})

test('every filter of the console’s list is a flag here, by the same name', async () => {
  const [{ addedAt }] = (await list()) as [Told & { addedAt: string }]
  const day = new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/Sao_Paulo' }).format(new Date(addedAt))
  const finding = [
    ...[payout, invoice, payout.toUpperCase(), '19,50', 'R$ 19,50'].map(q => ['--q', q]),
    ...[
      ['--rail', 'starkbank'],
      ['--state', 'owed'],
      ['--from', day],
      ['--to', day],
      ['--from', day, '--to', day, '--account', 'main'],
    ],
  ]
  for (const flags of finding)
    expect([flags, (await list(...flags)).map(({ id }) => id)]).toEqual([flags, [payout]])
  const missing = [
    ...[
      ['--q', '19,51'],
      ['--q', 'nothing of ours'],
      ['--rail', 'bitcoin'],
      ['--state', 'paid'],
    ],
    ...[
      ['--from', '2999-01-01'],
      ['--to', '2020-01-01'],
      ['--before', payout],
    ],
  ]
  for (const flags of missing) expect([flags, await list(...flags)]).toEqual([flags, []])
  for (const flags of [
    ['--from', '2026-02-30'],
    ['--to', 'today'],
    ['--rail', 'pigeon'],
    ['--before', 'pay_x'],
    ['--q', ''],
  ])
    expect([flags, (await repasse('payout', 'list', ...flags)).code]).toEqual([flags, 2])
  expect([...payoutFilters.names].filter(name => !finding.flat().includes(`--${name}`))).toEqual(['invoice'])
})

test('invoices are listed by every filter of the console too', async () => {
  const rows = async (...flags: string[]) =>
    JSON.parse((await repasse('invoice', 'list', '--json', ...flags)).out) as Told[]
  const [{ slot }] = (await rows()) as [Told & { slot: string }]
  const finding = [
    ...[
      ['--q', invoice],
      ['--q', '20,00'],
      ['--state', 'draft'],
      ['--rail', 'starkbank'],
      ['--account', 'main'],
    ],
    ...[
      ['--schedule', 'trial'],
      ['--slot', slot],
      ['--from', '2020-01-01', '--to', '2999-12-31', '--schedule', 'trial'],
    ],
  ]
  for (const flags of finding)
    expect([flags, (await rows(...flags)).map(({ id }) => id)]).toEqual([flags, [invoice]])
  const missing = [
    ...[
      ['--q', '20,01'],
      ['--state', 'paid'],
      ['--rail', 'bitcoin'],
    ],
    ...[
      ['--to', '2020-01-01'],
      ['--before', invoice],
      ['--before', invoice, '--schedule', 'trial'],
    ],
  ]
  for (const flags of missing) expect([flags, await rows(...flags)]).toEqual([flags, []])
  const refused = [
    ['--account', 'other'],
    ['--schedule', 'other'],
    ['--slot', 'slo_x'],
    ['--order', 'ord_x'],
    ['--before', 'inv_x'],
  ]
  for (const flags of refused)
    expect([flags, (await repasse('invoice', 'list', ...flags)).code]).toEqual([flags, 2])
  expect(
    [...invoiceFilters.names].filter(
      name => ![...finding, ...missing, ...refused].flat().includes(`--${name}`),
    ),
  ).toEqual([])
})

test('so are events, runs and bundles', async () => {
  const db = await openDb(env.DATABASE_URL, world)
  const [run, bundle] = ['run_01k9zq3f5c8wxy2m7n4p6r8s0t', 'bun_01k9zq3f5c8wxy2m7n4p6r8s0t']
  const at = '2026-11-21T12:00:00.000Z'
  try {
    await db.tx(async tx => {
      const slot = (await tx.one<{ id: string }>(sql`select id from slots`))!.id
      await tx.run(sql`
        insert into inbox (rail, event_id, raw, via, received_at, state, kind, next_at, changed_at)
        values ('starkbank', '5155165527080960', ${Buffer.from('{}')}, 'poll', ${at}, 'ignored',
          'invoice.created', ${at}, ${at})`)
      await tx.run(
        sql`insert into runs (id, job, slot_id, worker, started_at)
          values (${run}, 'issue', ${slot}, 'w1', ${at})`,
      )
      await tx.run(sql`
        insert into bundles (id, store_id, state, next_at, added_at, changed_at)
        values (${bundle}, 'sto_default', 'planned', ${at}, ${at}, ${at})`)
    })
  } finally {
    await db.close()
  }
  const ids = async (list: string[], flags: string[]) =>
    (JSON.parse((await repasse(...list, 'list', '--json', ...flags)).out) as Told[]).map(({ id }) => id)
  const day = ['--from', '2026-11-21', '--to', '2026-11-21']
  const event = [
    '--q',
    '5155165527080960',
    '--state',
    'ignored',
    '--rail',
    'starkbank',
    '--kind',
    'invoice.created',
    '--via',
    'poll',
  ]
  expect(await ids(['event'], [...event, ...day])).toEqual(['5155165527080960'])
  for (const flags of [
    ['--rail', 'bitcoin'],
    ['--kind', 'x'],
    ['--via', 'push'],
    ['--before', '5155165527080960'],
  ])
    expect([flags, await ids(['event'], flags)]).toEqual([flags, []])
  expect(await ids(['run'], ['--q', invoice, '--state', 'running', '--job', 'issue', ...day])).toEqual([run])
  expect(await ids(['run'], ['--schedule', 'trial'])).toEqual([run])
  for (const flags of [
    ['--state', 'done'],
    ['--before', run],
  ])
    expect([flags, await ids(['run'], flags)]).toEqual([flags, []])
  for (const flags of [
    ['--slot', 'slo_x'],
    ['--schedule', 'other'],
  ])
    expect([flags, (await repasse('run', 'list', ...flags)).code]).toEqual([flags, 2])
  expect(await ids(['bitcoin', 'bundle'], ['--state', 'planned', ...day])).toEqual([bundle])
  expect(await ids(['bitcoin', 'bundle'], ['--before', bundle])).toEqual([])
  for (const list of [['event'], ['run'], ['bitcoin', 'bundle']])
    expect((await repasse(...list, 'list', '--before', 'x')).code).toBe(2)
  expect((await repasse('run', 'list', '--job', 'other')).code).toBe(2)
})

test('a program that read an invoice before the redesign still finds every key', async () => {
  const keys = [
    ...[
      'id',
      'slot',
      'order',
      'state',
      'rail',
      'amount',
      'units',
      'asset',
      'paid',
      'bankFee',
      'payer',
      'payerTaxId',
      'description',
      'dueAt',
    ],
    ...[
      'fineBasisPoints',
      'interestBasisPoints',
      'discounts',
      'expiresIn',
      'providerId',
      'link',
      'addedAt',
      'changedAt',
    ],
  ]
  const [listed] = JSON.parse((await repasse('invoice', 'list', '--json')).out) as [object]
  expect(Object.keys(listed)).toEqual(expect.arrayContaining(keys))
  const shown = JSON.parse((await repasse('invoice', 'show', invoice, '--json')).out) as object
  const more = [
    'brcode',
    'history',
    'postings',
    'payout',
    'duplicates',
    'refunds',
    'returned',
    'goingBackSince',
    'reissuedAs',
    'reissueOf',
  ]
  expect(Object.keys(shown)).toEqual(expect.arrayContaining([...keys, ...more]))
  expect(shown).toMatchObject({
    ...listed,
    payout: { id: payout, state: 'owed', units: '1950', asset: 'BRL' },
    duplicates: [],
  })
})

test('a program that read a payout before the redesign still finds every key', async () => {
  const keys = [
    'id',
    'invoice',
    'account',
    'state',
    'why',
    'amount',
    'units',
    'asset',
    'withheld',
    'tries',
    'addedAt',
    'changedAt',
  ]
  const [listed] = (await list()) as [object]
  expect(Object.keys(listed)).toEqual(expect.arrayContaining(keys))
  const shown = JSON.parse((await repasse('payout', 'show', payout, '--json')).out) as { history: object[] }
  expect(Object.keys(shown)).toEqual(expect.arrayContaining([...keys, 'attempts', 'history', 'postings']))
  expect(shown).toMatchObject({
    ...listed,
    attempts: [],
    postings: [],
    history: [{ from: null, to: 'owed', why: 'credited', ref: null }],
  })
})

test('once approved it has its next look and no reason; held by a person it has a reason and nothing next', async () => {
  await repasse('account', 'approve', 'main', '--by', 'checker')
  const [approved] = await list()
  expect([approved!.why, typeof approved!.nextAt]).toEqual([null, 'string'])
  expect((await repasse('payout', 'retry', payout, '--why', 'hurry')).err).toContain('is sent by itself')

  expect((await repasse('payout', 'hold', payout, '--why', 'the bank called')).code).toBe(0)
  const [held] = await list()
  expect([held!.why, held!.nextAt]).toEqual(['the bank called', undefined])
})

test('released or retried after a restore it says what it waits for, the bank or the log of its own invoice', async () => {
  const db = await openDb(env.DATABASE_URL, world)
  try {
    await db.tx(waitForBank)
    const released = await repasse('payout', 'release', payout, '--why', 'all is well')
    expect(released.err).toMatch(
      /^payouts wait until the bank's logs are read as far as they go, .*; it goes on by itself then$/m,
    )
    await db.tx(noteUnlisted)
    await db.tx(async tx => bankWasRead(tx, await tx.now()))
    await db.tx(tx => tx.run(sql`update payouts set state = 'waiting' where id = ${payout}`))
    const retried = await repasse('payout', 'retry', payout, '--why', 'all is well')
    expect(retried.err).toMatch(
      /^a payout waits until the bank's log of each one's invoice is read, .*; it goes on by itself then$/m,
    )
  } finally {
    await db.close()
  }
})
