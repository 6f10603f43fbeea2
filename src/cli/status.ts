/** `repasse status`: two sums that must be wholly explained, and what needs a person. */
import { formatDuration } from '../base/duration.ts'
import { millis } from '../base/world.ts'
import { countsOf, json, moneyOf, paint, reais, sheet, tame } from './print.ts'
import { inBase, type Shell } from './shell.ts'

type Next = { name: string; next_at: string; time_zone: string }

export async function printStatus(shell: Shell, { json: asJson }: { json?: true }): Promise<void> {
  await inBase(shell, async ({ store, world }) => {
    const [{ status }, { sql }] = await Promise.all([import('../web/status.ts'), import('../store/store.ts')])
    const { now, next } = await store.tx(async tx => ({
      now: await status(tx),
      next: await tx.all<Next>(sql`
      select name, next_at, time_zone from schedules where state = 'active' and next_at is not null order by next_at, name limit 5`),
    }))
    const { invoices, money } = now
    if (asJson) {
      const { counts, ...sums } = invoices
      return shell.out(
        json({
          addsUp: now.addsUp,
          stopped: now.stopped ?? null,
          invoices: { ...moneyEach(sums), counts },
          money: moneyEach(money),
          payouts: now.payouts,
          events: now.inbox,
          nextSlots: next.map(row => ({ schedule: row.name, at: row.next_at })),
          needsPerson: now.needsPerson,
        }),
      )
    }

    const parts = [
      ['bank fees', money.bankFees],
      ['commission', money.commission],
      ['withheld for transfers', money.withheld],
      ['paid on', money.paidOn],
      ['in transit', money.inTransit],
      ['reversed', money.reversed],
      ['still owed', money.owed],
    ] as const
    const explained = parts
      .filter(([name, units]) => units !== 0n || name === 'paid on' || name === 'still owed')
      .map(([name, units]) => `${reais(units)} ${name}`)
    await shell.out(
      sheet([
        [
          'asked',
          `${reais(invoices.asked)} = ${reais(invoices.open)} open + ${reais(invoices.paid)} paid + ${reais(invoices.lost)} expired, canceled or refused`,
        ],
        ['credited', `${reais(money.credited)} = ${explained.join(' + ')}`],
        ['at the bank', `${reais(money.atBank)} by the books`],
        ['invoices', countsOf(invoices.counts)],
        ['payouts', countsOf(now.payouts)],
        ['events', countsOf(now.inbox)],
        [
          'next',
          next.map(row => `${row.name} at ${row.next_at} (${inTime(row.next_at, world.clock.now())})`).join('; ') ||
            'no schedule is active',
        ],
      ]),
    )
    await shell.out(
      now.addsUp
        ? `${paint(shell, 'green', 'all of it adds up')}\n`
        : `${paint(shell, 'red', 'it does NOT add up')}: run "repasse ledger check"\n`,
    )
    if (now.needsPerson.length > 0)
      await shell.out(`\n${paint(shell, 'yellow', 'needs a person')}\n${now.needsPerson.map(says => `  ${tame(says)}\n`).join('')}`)
  })
}

const inTime = (at: string, now: number) =>
  millis(at) <= now ? 'due now' : `in ${formatDuration(Math.ceil((millis(at) - now) / 1000) * 1000)}`

const moneyEach = (sums: Record<string, bigint>) => Object.fromEntries(Object.entries(sums).map(([name, units]) => [name, moneyOf(units)]))
