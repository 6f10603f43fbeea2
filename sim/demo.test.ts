/**
 * The demonstration tells the truth: its equations are added up again, and one batch runs to its end through
 * the commands a person has.
 */
import { existsSync, rmSync } from 'node:fs'
import { Writable } from 'node:stream'
import { describe, expect, test, vi } from 'vitest'
import { findBitcoind } from './bitcoind.ts'
import { equationLines, newsOf, picture, plainLines, progress, type Figures } from './demoFigures.ts'
import { disagreements, isSettled, judge } from './demoJudge.ts'
import { runDemo } from './demoRun.ts'

const amounts = <Name extends string>(units: Record<Name, string>) =>
  Object.fromEntries(
    Object.entries<string>(units).map(([name, cents]) => [name, { units: cents }]),
  ) as Record<Name, { units: string }>
const money = {
  credited: '60000',
  bankFees: '300',
  commission: '900',
  withheld: '0',
  paidOn: '48800',
  inTransit: '6000',
  reversed: '0',
  owed: '4000',
}
const asked = { asked: '100000', open: '30000', paid: '70000', lost: '0' }
const figures: Figures = {
  stopped: null,
  invoices: { ...amounts(asked), counts: { issued: 3, paid: 1, credited: 6 } },
  money: amounts(money),
  payouts: { paid: 4, sent: 1, owed: 1 },
  events: { done: 20 },
  needsPerson: [],
}
const withMoney = (changed: Partial<typeof money>): Figures => ({
  ...figures,
  money: amounts({ ...money, ...changed }),
})

test('both equations are shown in reais, and what was ordered but not settled is owed still', () => {
  expect(equationLines(figures)).toEqual([
    '✓ asked    R$ 1000.00 = open 300.00 + paid 700.00 + expired 0.00',
    '✓ credited R$ 600.00 = fees 12.00 (bank 3.00, commission 9.00) + paid out 488.00 + still owed 100.00',
  ])
})

test('a cent too few is seen, whatever the worker says of itself', () => {
  expect(equationLines(withMoney({ paidOn: '48799' }))[1]).toMatch(/^✗ does not add up: /)
  expect(
    equationLines({ ...figures, invoices: { ...figures.invoices, open: { units: '29999' } } })[0],
  ).toMatch(/^✗ does not add up: /)
})

test('an invoice that went further counts for each step before', () => {
  expect(progress(figures)).toEqual({ issued: 10, paid: 7, credited: 6, paidOn: 4 })
  expect(plainLines(figures)).toEqual([
    expect.stringMatching(/^Pix +issued 10 · paid 7 · credited 6 · paid on 4 · ✓ credited/),
  ])
  const odd = { ...figures, invoices: { ...figures.invoices, open: { units: '29999' } } }
  expect(plainLines(odd)[0]).toContain(' · ✗ does not add up: asked ')
})

test('the picture shows the bars, both equations, what needs a person, and the news', () => {
  const lines = picture({ ...figures, needsPerson: ['payout pay_1 is held'] }, ['12:00:00  payouts sent: 2'])
  expect(lines[1]).toBe(`  invoices issued  ${'█'.repeat(30)}   10`)
  expect(lines).toContain('  ! payout pay_1 is held')
  expect(lines.at(-1)).toBe('  12:00:00  payouts sent: 2')
})

test.each([
  [
    'a count',
    '{"level":30,"time":"2026-11-21T15:20:05.123Z","count":9,"msg":"invoices issued"}',
    '15:20:05  invoices issued: 9',
  ],
  [
    'an event',
    '{"time":"2026-11-21T15:20:05.123Z","kind":"invoice.credited","why":"credited","msg":"event done"}',
    '15:20:05  event invoice.credited',
  ],
  [
    'an event that changed nothing',
    '{"kind":"invoice.created","why":"created changes nothing here","msg":"event done"}',
    undefined,
  ],
  [
    'a coin that is too little',
    '{"time":"2026-11-21T15:20:05.123Z","kind":"coin.seen","why":"underpaid: 7 satoshis are missing","msg":"event done"}',
    '15:20:05  coin.seen: underpaid: 7 satoshis are missing',
  ],
  [
    'a coin that lies deeper',
    '{"kind":"coin.confirmed","why":"paid: 2 of 6 blocks deep","msg":"event done"}',
    undefined,
  ],
  [
    'a coin that is credited',
    '{"kind":"coin.confirmed","why":"credited: 6 blocks deep","msg":"event done"}',
    'coin.confirmed: credited: 6 blocks deep',
  ],
  ['a chain that moved', '{"kind":"coin.mined","msg":"the chain moved"}', undefined],
  ['what is no JSON', 'Error: not JSON at all', 'Error: not JSON at all'],
  ['an empty line', '', undefined],
])('the log tells of %s', (_, line, read) => expect(newsOf(line)).toBe(read))

const bankOf = (credited: number, sent: number, balance: bigint) => ({
  invoices: () => [{ id: '1', amount: credited }] as never,
  isCredited: () => true,
  transfers: () =>
    [
      { status: 'success', amount: sent },
      { status: 'failed', amount: 5 },
    ] as never,
  balanceUnits: () => balance,
})
const ended = withMoney({ paidOn: '58800', inTransit: '0', owed: '0' })

test('the bank’s own rows are what the books are held against', () => {
  expect(disagreements(ended, bankOf(60_000, 58_800, 900n))).toEqual([])
  expect(disagreements(ended, bankOf(60_001, 58_800, 900n))).toEqual([
    'the books have 60000 cents credited, the bank 60001',
  ])
  expect(disagreements(ended, bankOf(60_000, 58_799, 900n))).toEqual([
    'the books have 58800 cents paid out, the bank 58799',
  ])
  expect(disagreements(ended, bankOf(60_000, 58_800, 899n))).toEqual([
    'the bank holds 899 cents, the books leave 900',
  ])
  expect(disagreements(figures, bankOf(60_000, 48_800, 10_900n))).toEqual(['10000 cents are still owed'])
})

test('it is settled once the bank is quiet and everything credited there is paid on here', () => {
  const bank = {
    nextDueAt: () => 172_800_000 as number | undefined,
    invoices: () => Array(10).fill({ id: '1' }) as never,
    isCredited: () => true,
  }
  const done: Figures = {
    ...figures,
    invoices: { ...figures.invoices, counts: { credited: 10 } },
    payouts: { paid: 10 },
  }
  expect(isSettled(done, bank, 0)).toBe(true)
  expect(isSettled(done, { ...bank, nextDueAt: () => 5_000 }, 0)).toBe(false)
  expect(isSettled({ ...done, payouts: { paid: 9, sent: 1 } }, bank, 0)).toBe(false)
  expect(isSettled({ ...done, events: { waiting: 1 } }, bank, 0)).toBe(false)
})

const paper = (heard: (text: string) => void = () => undefined) => {
  let text = ''
  const out = new Writable({
    write: (chunk: Buffer, _, then) => ((text += chunk.toString()), heard(text), then()),
  })
  return { out, text: () => text }
}
const folderIn = (text: string) => /SQLite in (\S+)/.exec(text)![1]!

// A slow machine is no fault: the demonstration itself says when it took too long.
vi.setConfig({ testTimeout: 300_000 })

const settings = {
  payDelayMs: [100, 600] as [number, number],
  creditDelayMs: [100, 200] as [number, number],
  transferDelayMs: [50, 200] as [number, number],
}
const pace = { blockMs: 100, payDelayMs: [0, 1_000] as [number, number], dueIn: '6s' }
const goesOn = { once: true, signal: new AbortController().signal, settings, pace } as const

test('one batch at the bank runs to its end: every paid invoice is paid on, the books add up, and nothing is left behind', async () => {
  const { out, text } = paper()
  const odd: string[] = []
  const code = await runDemo({
    ...{ ...goesOn, bitcoin: 'none', out },
    async beforeJudging(settled) {
      // Somebody with a receipt for what the installation has never heard of would be noticed.
      const orders = settled.shoppers.orders()
      const one = { ...orders[0]!, number: 'NOTTHERE' }
      expect(
        await judge({ ...settled, shoppers: { ...settled.shoppers, orders: () => [...orders, one] } }, line =>
          odd.push(line),
        ),
      ).toBe(1)
    },
  })
  expect(odd).toEqual(
    expect.arrayContaining([
      '✗ 4 orders were placed, the installation has 3',
      '✗ order NOTTHERE has a receipt and is not paid',
      '✗ 3 orders are paid, 4 have a receipt',
    ]),
  )
  expect(text()).toContain('The books add up, and the bank agrees.')
  expect(text()).toMatch(/Shop: 3 orders, 3 paid, 0 of them with bitcoin; R\$ \d+\.\d\d/)
  expect(text()).toMatch(/ana, maker +http:\/\/127\.0\.0\.1:\d+\/console\/welcome\/\S{20,}/)
  expect(code, text()).toBe(0)
  expect(text()).toMatch(/✓ credited R\$ .* still owed 0\.00$/m)
  expect(existsSync(folderIn(text()))).toBe(false)
})

// Each kind of payer comes once at least, so `judge` finds them all where they belong.
const everyone =
  /paid \d at once, 1 in two parts, 1 taken back, 1 late, 1 by a better fee, 1 too little, 1 never, 2 at the shop/

test('one batch on each rail runs to its end on the simulated node, and coins taken from the installation behind its back are noticed', async () => {
  const { out, text } = paper()
  const before: string[] = []
  const code = await runDemo({
    ...{ ...goesOn, bitcoin: 'simulated', out },
    async beforeJudging(settled) {
      expect(await judge(settled, line => before.push(line))).toBe(0)
      const { rpc, payer, mine } = settled.actors!.chain
      await rpc('sendtoaddress', [payer, 0.00001], 'own')
      await mine()
    },
  })
  expect(before).toContain('The books add up, and the bank and the node agree.')
  expect(before.join('\n')).toMatch(everyone)
  expect(before.join('\n')).toMatch(/Shop: 5 orders, 5 paid, 2 of them with bitcoin/)
  expect(text()).toContain('the simulated node')
  expect(text()).toMatch(/✗ -0\.\d+ BTC moved that nobody asked for/)
  expect(code, text()).toBe(1)
  // What a person wants to look at is left, and said.
  const folder = folderIn(text())
  expect(text()).toContain(`Left behind: ${folder}`)
  expect(existsSync(folder)).toBe(true)
  rmSync(folder, { recursive: true })
})

describe.skipIf(findBitcoind() === undefined && process.env['REPASSE_REQUIRE_SERVERS'] !== '1')(
  'with a bitcoind',
  () => {
    test('one batch on each rail runs to its end on a real node, and the node is gone after it', async () => {
      const { out, text } = paper()
      let [url, cookieFile] = ['', '']
      const code = await runDemo({
        ...{ ...goesOn, out },
        beforeJudging: async ({ actors }) => void ({ url, cookieFile } = actors!.chain),
      })
      expect(text()).toContain('a real bitcoind')
      expect(text()).toMatch(everyone)
      expect(text()).toContain('The books add up, and the bank and the node agree.')
      expect(code, text()).toBe(0)
      expect([existsSync(folderIn(text())), existsSync(cookieFile)]).toEqual([false, false])
      await expect(fetch(url)).rejects.toThrow('fetch failed')
    })
  },
)

test('a stop in the middle ends well and leaves nothing behind', async () => {
  const over = new AbortController()
  const { out, text } = paper(said => /Bitcoin +requested [1-9]/.test(said) && over.abort())
  const code = await runDemo({ once: false, bitcoin: 'simulated', signal: over.signal, out })
  expect(code, text()).toBe(0)
  expect(text()).toContain('Stopped: everything it started is gone.')
  expect(existsSync(folderIn(text()))).toBe(false)
})
