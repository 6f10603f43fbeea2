/** `repasse ledger`: whether the books add up, what stands in them, and all of it as CSV. */
import type { Command } from 'commander'
import type { Asset } from '../base/money.ts'
import type { Account } from '../ledger/ledger.ts'
import type { Reader } from '../store/store.ts'
import { oneOf } from './flags.ts'
import { csvCell, example, json, moneyOf, paint, table, told } from './print.ts'
import { inBase, type Shell } from './shell.ts'

export function ledgerCommands(repasse: Command, shell: Shell): void {
  const ledger = repasse.command('ledger').description('the books: every cent, twice').addHelpText('after', example('ledger check'))

  ledger
    .command('check')
    .description('proves that the books add up; payouts stop when they do not, and go on when they do again')
    .option('--json', 'as JSON')
    .addHelpText('after', example('ledger check'))
    .action(({ json: asJson }: { json?: true }) =>
      inBase(shell, async ({ store, world }) => {
        const [{ checkBooks }, { sql }] = await Promise.all([import('../jobs/jobs.ts'), import('../store/store.ts')])
        const findings = await checkBooks(store, world)
        const counts = (await store.one<{ movements: bigint; invoices: bigint; payouts: bigint; acts: bigint }>(sql`
          select (select count(*) from ledger_transactions) as movements, (select count(*) from invoices where state in ('credited', 'reversed')) as invoices,
            (select count(*) from payouts) as payouts, (select count(*) from audit) as acts`))!
        if (findings.length > 0) shell.exitCode = 1
        if (asJson)
          return shell.out(
            json({
              ok: findings.length === 0,
              findings,
              movements: Number(counts.movements),
              invoices: Number(counts.invoices),
              payouts: Number(counts.payouts),
              acts: Number(counts.acts),
            }),
          )
        if (findings.length === 0)
          return shell.out(
            `${paint(shell, 'green', 'OK')}: ${counts.movements} movements sum to zero; ${counts.invoices} credited invoices, ${counts.payouts} payouts and ${counts.acts} audited acts agree with them\n`,
          )
        await shell.out(
          `${findings.map(finding => `${paint(shell, 'red', 'WRONG')}: ${finding}\n`).join('')}payouts are stopped until this is mended\n`,
        )
      }),
    )

  ledger
    .command('balances')
    .description('what stands on each account of the books')
    .option('--json', 'as JSON')
    .addHelpText('after', example('ledger balances'))
    .action(({ json: asJson }: { json?: true }) =>
      inBase(shell, async ({ store }) => {
        const { accounts, balances } = await import('../ledger/ledger.ts')
        const rows = (await assetsOf(store)).map(async asset => {
          const standing = await balances(store, asset)
          return accounts.map(account => ({
            account,
            asset,
            units: standing[account],
            says: chainMeanings[asset][account] ?? meanings[account],
          }))
        })
        const all = (await Promise.all(rows)).flat()
        await shell.out(
          asJson
            ? json(all.map(({ account, asset, units, says }) => ({ account, ...moneyOf(units, asset), says })))
            : table(
                ['ACCOUNT', '>BALANCE', 'MEANING'],
                all.map(({ account, asset, units, says }) => [account, told(units, asset), says]),
              ),
        )
      }),
    )

  ledger
    .command('export')
    .description('every posting, oldest first, on standard output')
    .requiredOption('--format <format>', 'csv', oneOf(['csv'] as const)('--format'))
    .addHelpText('after', example('ledger export --format csv > postings.csv'))
    .action(() =>
      inBase(shell, async ({ store }) => {
        const { amountOf, entries } = await import('./postings.ts')
        await shell.out('transaction,time,movement,source,line,account,asset,amount,invoice,memo\n')
        for await (const page of entries(store)) {
          const rows = page.map(row => [
            row.id,
            row.at,
            row.movement,
            row.source,
            `${row.line}`,
            row.account,
            row.asset,
            amountOf(row),
            row.invoice_id ?? '',
            row.memo,
          ])
          await shell.out(rows.map(row => `${row.map(csvCell).join(',')}\n`).join(''))
        }
      }),
    )
}

/** Reais always, and bitcoin once something was booked in it. */
async function assetsOf(store: Reader): Promise<Asset[]> {
  const { sql } = await import('../store/store.ts')
  const coins = await store.one(sql`select 1 as yes from ledger_entries where asset = 'BTC' limit 1`)
  return coins ? ['BRL', 'BTC'] : ['BRL']
}

const chainMeanings: Record<Asset, Partial<Record<Account, string>>> = {
  BRL: {},
  BTC: {
    bank: 'our coins on the chain',
    'transfer-fee': 'what the network cost the house',
    external: 'movements on the chain that are not ours',
  },
}

const meanings: Record<Account, string> = {
  bank: 'our money at the bank',
  payable: 'owed to payees (negative while owed)',
  'in-transit': 'ordered and not settled yet (negative meanwhile)',
  commission: 'the house’s share (negative: income)',
  'transfer-fee': 'what transfers cost the house, less what was withheld for them',
  pending: 'on the chain and not the payee’s yet (negative meanwhile)',
  external: 'movements at the bank that are not ours',
}
