/**
 * `repasse reconcile` against a simulated bank, and a node beside it: a difference that lasts stops payouts,
 * and agreement lets them go again.
 */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bitcoindAvailable, startBitcoind } from '../../test/testbed/bitcoind.ts'
import { orderByHand } from '../../test/testbed/strangers.ts'
import { openBankTerminal } from '../../test/testbed/terminal.ts'
import { until } from '../../test/testbed/until.ts'
import { wallet } from '../../test/testbed/wallet.ts'
import { systemClock, systemRandom } from '../base/clock.ts'
import { brl } from '../base/money.ts'
import { post, strangerMachine } from '../ledger/ledger.ts'
import { openDb, sql } from '../db/db.ts'
import { strangerStates } from './strangers.ts'

const terminal = await openBankTerminal({ startingBalance: 50_000, skipAuth: true, transferDelayMs: [1, 5] })
const { env } = terminal
/** Milliseconds that the commands' clock is ahead. */
const skips = join(mkdtempSync(join(tmpdir(), 'repasse-skips-')), 'skips')
const began = new Date().toISOString()
let ahead = 0
const pass = (ms: number) => writeFileSync(skips, `${(ahead += ms)}`)
pass(0)
const run = (words: string[], more: Record<string, string> = {}) =>
  terminal.repasse(words, { CLOCK: `1x since ${began}, skips in ${skips}`, ...more })

async function repasse<T>(words: string[]): Promise<{ code: number; told: T }> {
  const { code, out } = await run([...words, '--json'])
  return { code, told: JSON.parse(out) as T }
}
const stopped = async () => (await repasse<{ stopped: string | null }>(['status'])).told.stopped ?? null
const reconcile = () =>
  repasse<{ agrees: boolean; stopped: string | null; difference: { amount: string } }>(['reconcile'])

/** A movement of the books that no statement of the bank knows. */
async function bookAlone(movement: 'external in' | 'external out', source: string) {
  const world = { clock: systemClock, random: systemRandom }
  const db = await openDb(env.DATABASE_URL, world)
  await db.tx(tx => post(tx, world as never, { movement, source, amount: brl(777n), memo: 'made up' }))
  await db.close()
}

const minutes = (count: number) => count * 60_000

test('a difference that lasts stops payouts, as the job would have it, and agreement that lasts lets them go', async () => {
  expect(await reconcile()).toMatchObject({ code: 0, told: { agrees: true, stopped: null } })

  pass(minutes(5))
  await bookAlone('external in', 'x1')
  expect(await reconcile()).toMatchObject({
    code: 1,
    told: { agrees: false, stopped: null, difference: { amount: '-7.77' } },
  })
  expect(await stopped()).toBe(null)

  // A second look within a moment says nothing new.
  expect((await reconcile()).told.stopped).toBe(null)
  pass(minutes(5))
  const again = await reconcile()
  expect(again).toMatchObject({ code: 1, told: { agrees: false } })
  expect(again.told.stopped).toContain('the books say')
  expect(await stopped()).toContain('the books say')

  await bookAlone('external out', 'x2')
  expect((await reconcile()).told).toMatchObject({
    agrees: true,
    stopped: expect.stringContaining('the books say'),
  })
  pass(minutes(5))
  expect(await reconcile()).toMatchObject({ code: 0, told: { agrees: true, stopped: null } })
  expect(await stopped()).toBe(null)
})

test.skipIf(!bitcoindAvailable())(
  'with a node configured each rail is compared, and the bank’s keys stay where they were',
  async () => {
    const node = await startBitcoind()
    try {
      await node.mine(1)
      const bitcoin = {
        ...{
          BITCOIN_NETWORK: 'regtest',
          BITCOIN_DESCRIPTOR: wallet('tr', 'regtest', 5).account.text,
          BITCOIN_RPC_URL: node.url,
        },
        ...{ BITCOIN_RPC_COOKIE_FILE: node.cookieFile, RATE_FIXED: 'BTC-BRL 600000.00' },
      }
      const { code, out } = await run(['reconcile', '--json'], bitcoin)
      expect([code, JSON.parse(out)]).toMatchObject([
        0,
        { agrees: true, bank: { asset: 'BRL' }, bitcoin: { agrees: true, height: 1, trouble: null } },
      ])
      const text = (await run(['reconcile'], bitcoin)).out
      expect(text).toMatch(/the bank +R\$ 500\.00\n/)
      expect(text).toMatch(/the chain +0\.00000000 BTC\n/)
      await node.stop()
      // The bank is told of all the same.
      const gone = await run(['reconcile', '--json'], bitcoin)
      expect([gone.code, JSON.parse(gone.out)]).toMatchObject([
        1,
        { agrees: true, bitcoin: { agrees: null, why: expect.any(String) } },
      ])
    } finally {
      await node.stop()
    }
  },
  300_000,
)

test('what left by no order of ours is listed, accepted by two people, and covered by a rule from then on', async () => {
  const { bank } = terminal
  orderByHand(bank, { units: 4_990, tags: [] })
  await until(
    () => (bank.advance(), bank.transactions().some(({ amount }) => amount === -4_990)),
    'the transfer has left',
  )
  pass(minutes(5))
  expect((await reconcile()).told.stopped).toContain('left the bank by no order of ours')
  const [line] = (
    await repasse<{ id: string; state: string; source: string }[]>(['reconcile', 'lines', '--state', 'open'])
  ).told
  expect(line!.source).toMatch(/^transfer\//)

  const accept = await run(['reconcile', 'accept', line!.id, '--why', 'looked at', '--by', 'ana'])
  expect(accept.out).toMatch(/^proposal pro_\w+ awaits a second person/)
  const proposal = /pro_\w+/.exec(accept.out)![0]
  expect(await run(['proposal', 'approve', proposal, '--by', 'ana'])).toMatchObject({ code: 2 })
  expect(await stopped()).toContain('left the bank')
  expect(await run(['proposal', 'approve', proposal, '--by', 'bruno'])).toMatchObject({ code: 0 })
  expect(await stopped()).toBe(null)

  const words = [
    '--out',
    '--description-starts',
    'Transfer',
    '--most',
    '60',
    '--a-month',
    '60,00',
    '--why',
    'a fee',
    '--by',
    'ana',
  ]
  const made = await run(['reconcile', 'rule', 'add', 'fee', ...words])
  await run(['proposal', 'approve', /pro_\w+/.exec(made.out)![0], '--by', 'bruno'])
  expect((await run(['reconcile', 'rule', 'list'])).out).toMatch(
    /fee +active +out +description starts "Transfer" +R\$ 60\.00 /,
  )
  orderByHand(bank, { units: 5_000, tags: [] })
  await until(
    () => (bank.advance(), bank.transactions().some(({ amount }) => amount === -5_000)),
    'the transfer has left',
  )
  pass(minutes(5))
  expect((await reconcile()).told.stopped).toBe(null)
  expect(await run(['reconcile', 'rule', 'close', 'fee', '--why', 'no more', '--by', 'ana'])).toMatchObject({
    code: 0,
  })
  expect((await repasse<{ state: string }[]>(['reconcile', 'rule', 'list'])).told).toMatchObject([
    { name: 'fee', state: 'closed' },
  ])
})

test('status ends with 1 while the bank does not answer, and with 0 again once it does', async () => {
  const heard = async (failingSince: string | null) => {
    const world = { clock: systemClock, random: systemRandom }
    const db = await openDb(env.DATABASE_URL, world)
    await db.tx(tx =>
      tx.run(sql`
        insert into rails_heard (rail, answered_at, failing_since, why)
          values ('starkbank', ${began}, ${failingSince}, 'no route')
        on conflict (rail) do update set failing_since = excluded.failing_since, why = excluded.why`),
    )
    await db.close()
  }
  const look = () => repasse<{ silent: { rail: string; why: string }[] }>(['status'])
  // The node of the test before is configured no more, so nobody misses it.
  await reconcile()
  await heard(began)
  pass(minutes(6))
  expect(await look()).toMatchObject({ code: 1, told: { silent: [{ rail: 'starkbank', why: 'no route' }] } })
  const { code, out } = await run(['status'])
  expect([code, out]).toEqual([1, expect.stringMatching(/starkbank has not answered since .*: no route/)])
  expect((await run(['status'], { RAIL_SILENT_MINUTES: '1440' })).code).toBe(0)
  await heard(null)
  expect(await look()).toMatchObject({ code: 0, told: { silent: [] } })
})

test.each([
  [['--out', '--in', '--description', 'x', '--most', '1', '--a-day', '1'], '--out or --in'],
  [['--out', '--most', '1', '--a-day', '1'], '--description, --description-starts'],
  [
    ['--out', '--source', 'a', '--source-starts', 'b', '--most', '1', '--a-day', '1'],
    '--description, --description-starts',
  ],
  [['--out', '--source', 'a', '--most', '1', '--a-day', '1', '--a-month', '1'], '--a-month or --a-day'],
  [['--out', '--source', 'a', '--most', '2', '--a-day', '1'], 'not below it'],
])('a rule is refused that says too little or too much', async (flags, says) => {
  const { code, err } = await run(['reconcile', 'rule', 'add', 'odd', ...flags, '--why', 'x'])
  expect([code, err]).toEqual([2, expect.stringContaining(says)])
})

test('the states of the list of lines are the machine’s', () => {
  expect([...strangerStates]).toEqual(Object.keys(strangerMachine))
})
