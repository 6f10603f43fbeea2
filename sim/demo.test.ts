/** The demonstration tells the truth: its equations are added up anew, and one batch runs to its end through the front door. */
import { existsSync } from 'node:fs'
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { disagreements, isSettled, runDemo } from './demoRun.ts'
import { equationLines, newsOf, oneLine, picture, progress, type Figures } from './demoFigures.ts'

const amounts = <Name extends string>(units: Record<Name, string>) =>
  Object.fromEntries(Object.entries<string>(units).map(([name, cents]) => [name, { units: cents }])) as Record<Name, { units: string }>
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
const withMoney = (changed: Partial<typeof money>): Figures => ({ ...figures, money: amounts({ ...money, ...changed }) })

test('both equations are shown in reais, and what was ordered but not settled is owed still', () => {
  expect(equationLines(figures)).toEqual([
    'asked    R$ 1000.00 = open 300.00 + paid 700.00 + expired 0.00  ✓',
    'credited R$ 600.00 = fees 12.00 (bank 3.00, commission 9.00) + paid out 488.00 + still owed 100.00  ✓',
  ])
})

test('a cent too few is seen, whatever the worker says of itself', () => {
  expect(equationLines(withMoney({ paidOn: '48799' }))[1]).toMatch(/✗ does not add up$/)
  expect(equationLines({ ...figures, invoices: { ...figures.invoices, open: { units: '29999' } } })[0]).toMatch(/✗ does not add up$/)
})

test('an invoice that went further counts for each step before', () => {
  expect(progress(figures)).toEqual({ issued: 10, paid: 7, credited: 6, paidOn: 4 })
  expect(oneLine(figures)).toMatch(/^issued 10 · paid 7 · credited 6 · paid on 4 · asked/)
})

test('the picture shows the bars, both equations, what needs a person, and the news', () => {
  const lines = picture({ ...figures, needsPerson: ['payout pay_1 is held'] }, ['12:00:00  payouts sent: 2'])
  expect(lines[0]).toBe(`  invoices issued  ${'█'.repeat(30)}   10`)
  expect(lines).toContain('  ! payout pay_1 is held')
  expect(lines.at(-1)).toBe('  12:00:00  payouts sent: 2')
})

test.each([
  ['{"level":30,"time":"2026-11-21T15:20:05.123Z","count":9,"msg":"invoices issued"}', '15:20:05  invoices issued: 9'],
  ['{"time":"2026-11-21T15:20:05.123Z","kind":"invoice.credited","why":"credited","msg":"event done"}', '15:20:05  event invoice.credited'],
  ['{"kind":"invoice.created","why":"created changes nothing here","msg":"event done"}', undefined],
  ['Error: not JSON at all', 'Error: not JSON at all'],
  ['', undefined],
])('a line of the log %j reads %j', (line, read) => expect(newsOf(line)).toBe(read))

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
  expect(disagreements(ended, bankOf(60_001, 58_800, 900n))).toEqual(['the books have 60000 cents credited, the bank 60001'])
  expect(disagreements(ended, bankOf(60_000, 58_799, 900n))).toEqual(['the books have 58800 cents paid out, the bank 58799'])
  expect(disagreements(ended, bankOf(60_000, 58_800, 899n))).toEqual(['the bank holds 899 cents, the books leave 900'])
  expect(disagreements(figures, bankOf(60_000, 48_800, 10_900n))).toEqual(['10000 cents are still owed'])
})

test('it is settled once the bank is quiet and everything credited there is paid on here', () => {
  const bank = {
    nextDueAt: () => 172_800_000 as number | undefined,
    invoices: () => Array(10).fill({ id: '1' }) as never,
    isCredited: () => true,
  }
  const done: Figures = { ...figures, invoices: { ...figures.invoices, counts: { credited: 10 } }, payouts: { paid: 10 } }
  expect(isSettled(done, bank, 0)).toBe(true)
  expect(isSettled(done, { ...bank, nextDueAt: () => 5_000 }, 0)).toBe(false)
  expect(isSettled({ ...done, payouts: { paid: 9, sent: 1 } }, bank, 0)).toBe(false)
  expect(isSettled({ ...done, events: { waiting: 1 } }, bank, 0)).toBe(false)
})

const paper = () => {
  let text = ''
  const out = new Writable({ write: (chunk: Buffer, _, then) => ((text += chunk.toString()), then()) })
  return { out, text: () => text }
}
const folderIn = (text: string) => /SQLite in (\S+)/.exec(text)![1]!

test('one batch runs to its end: every paid invoice is paid on, the books add up, and nothing is left behind', async () => {
  const { out, text } = paper()
  const settings = {
    payDelayMs: [100, 600] as [number, number],
    creditDelayMs: [100, 200] as [number, number],
    transferDelayMs: [50, 200] as [number, number],
  }
  const code = await runDemo({ once: true, signal: new AbortController().signal, out, settings })
  expect(text()).toContain('The books add up, and the bank agrees.')
  expect(code).toBe(0)
  expect(text()).toMatch(/still owed 0\.00 {2}✓/)
  expect(existsSync(folderIn(text()))).toBe(false)
})

test('a stop in the middle ends well and leaves nothing behind', async () => {
  const { out, text } = paper()
  expect(await runDemo({ once: false, signal: AbortSignal.timeout(2_500), out })).toBe(0)
  expect(text()).toContain('Stopped: the worker and the bank are gone.')
  expect(existsSync(folderIn(text()))).toBe(false)
})
