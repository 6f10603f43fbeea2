/** `repasse ledger`: whether the books add up, what stands in them, and all of it as CSV. */
import type { Command } from 'commander'
import { formatUnits, type Asset, type Money } from '../../base/money.ts'
import type { Base } from '../../app.ts'
import type { ScanComparison } from '../../reconcile/reconcile.ts'
import type { Account } from '../../ledger/ledger.ts'
import { oneOf } from '../flags.ts'
import { csvCell, example, json, moneyOf, paint, table, formatMoney } from '../print.ts'
import { sayUnreadable } from '../keys.ts'
import { inBase } from '../shell.ts'
import type { Shell } from '../context.ts'

export function ledgerCommands(repasse: Command, shell: Shell): void {
  const ledger = repasse
    .command('ledger')
    .description('the books: every cent, twice')
    .addHelpText('after', example('ledger check'))

  ledger
    .command('check')
    .description(
      'proves that the books add up, and that our coins are the node’s to the satoshi; payouts stop when not, and go on when they do again',
    )
    .option(
      '--scan',
      'also has the node search its whole set of unspent outputs for our account, which takes minutes on a big chain',
    )
    .option('--json', 'as JSON')
    .addHelpText('after', example('ledger check', 'ledger check --scan'))
    .action((flags: { scan?: true; json?: true }) => inBase(shell, base => check(shell, base, flags)))

  ledger
    .command('balances')
    .description('what stands on each account of the books')
    .option('--json', 'as JSON')
    .addHelpText('after', example('ledger balances'))
    .action(({ json: asJson }: { json?: true }) =>
      inBase(shell, async ({ db }) => {
        const [{ accounts, balances }, { assetsBooked }] = await Promise.all([
          import('../../ledger/ledger.ts'),
          import('../../queries/postings.ts'),
        ])
        const rows = (await assetsBooked(db)).map(async asset => {
          const standing = await balances(db, asset)
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
            ? json(
                all.map(({ account, asset, units, says }) => ({ account, ...moneyOf(units, asset), says })),
              )
            : table(
                ['ACCOUNT', '>BALANCE', 'MEANING'],
                all.map(({ account, asset, units, says }) => [account, formatMoney(units, asset), says]),
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
      inBase(shell, async ({ db }) => {
        const { amountOf, entries } = await import('./postings.ts')
        await shell.out('transaction,time,movement,source,line,account,asset,amount,invoice,memo\n')
        for await (const page of entries(db)) {
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
          await shell.out(rows.map(row => `${row.map(field => csvCell(field)).join(',')}\n`).join(''))
        }
      }),
    )
}

async function check(
  shell: Shell,
  base: Base,
  { scan, json: asJson }: { scan?: true; json?: true },
): Promise<void> {
  const { db, world } = base
  const [{ checkBooks }, { sizeOfBooks }, { unreadableValues }] = await Promise.all([
    import('../../reconcile/reconcile.ts'),
    import('../../queries/postings.ts'),
    import('../../db/rotate.ts'),
  ])
  const inBooks = await checkBooks(db, world, undefined, base.anchoring?.file)
  const chain = await againstNode(base, scan)
  const [searched, unlike] = [chain?.searched, unlikeOf(chain?.searched)]
  const findings = [...inBooks, ...(chain?.finding === undefined ? [] : [chain.finding])]
  const counts = await sizeOfBooks(db)
  // A search that was asked for and could not be made has proved nothing.
  // A value that cannot be read is no fault of the books: payouts go on.
  const unreadable = (await unreadableValues(db, base.keys)).map(sayUnreadable)
  if (unreadable.length > 0) shell.exitCode = 1
  if (findings.length > 0 || unlike !== undefined || typeof searched === 'string') shell.exitCode = 1
  if (asJson)
    return shell.out(
      json({
        ok: findings.length === 0 && unlike === undefined && unreadable.length === 0,
        findings: [...findings, ...(unlike === undefined ? [] : [unlike])],
        movements: Number(counts.movements),
        invoices: Number(counts.invoices),
        payouts: Number(counts.payouts),
        acts: Number(counts.acts),
        ...(unreadable.length > 0 && { unreadable }),
        ...(chain && { chain: chain.compared ?? null, notCompared: chain.why ?? null }),
        ...(searched !== undefined && {
          scan: typeof searched === 'string' ? { notCompared: searched } : scanView(searched),
        }),
      }),
    )
  // Not compared is no fault of the books, and nothing that was proved.
  if (chain?.why !== undefined) shell.err(`the books were not compared with the node: ${chain.why}\n`)
  if (typeof searched === 'string') shell.err(`our account was not searched for: ${searched}\n`)
  for (const says of unreadable) await shell.out(`${paint(shell, 'red', 'UNREADABLE')}: ${says}\n`)
  if (unlike !== undefined) await shell.out(`${paint(shell, 'red', 'WRONG')}: ${unlike}\n`)
  if (findings.length > 0)
    return shell.out(
      `${findings.map(finding => `${paint(shell, 'red', 'WRONG')}: ${finding}\n`).join('')}payouts are stopped until this is mended\n`,
    )
  const coins = chain?.compared
    ? `; the node has our coins, ${formatUnits(chain.compared.units, 'BTC')} BTC at block ${chain.compared.height}`
    : ''
  await shell.out(
    `${paint(shell, 'green', 'OK')}: ${counts.movements} movements sum to zero; ${counts.invoices} credited invoices, ${counts.payouts} payouts and ${counts.acts} audited acts agree with them${coins}\n`,
  )
}

interface AgainstNode {
  compared?: Money & { height: number; unsettled: number }
  why?: string
  finding?: string | undefined
  /** What a search for our account found, or why there was none. */
  searched?: ScanComparison | string
}

/** Our coins against the node's set of unspent outputs; undefined where there is no chain. */
async function againstNode(base: Base, scan: true | undefined): Promise<AgainstNode | undefined> {
  if (base.config.BITCOIN_RPC_URL === undefined) {
    const { assetsBooked } = await import('../../queries/postings.ts')
    return (await assetsBooked(base.db)).includes('BTC')
      ? { why: 'BITCOIN_RPC_URL is not set here' }
      : undefined
  }
  const [{ openChain }, { compareScan, holdAgainstChain, reconcileChain }] = await Promise.all([
    import('../../app.ts'),
    import('../../reconcile/reconcile.ts'),
  ])
  const { rail } = (await openChain(base, { binds: false }))!
  try {
    const found = await reconcileChain(base.db, rail, base.world)
    const searched = scan && (await compareScan(base.db, rail))
    const also = searched === undefined ? {} : { searched }
    if (typeof found === 'string') return { why: found, ...also }
    const { height, chainUnits, unsettled } = found
    return {
      compared: { height, ...moneyOf(chainUnits, 'BTC'), unsettled },
      finding: await holdAgainstChain(base.db, found),
      ...also,
    }
  } finally {
    rail.close()
  }
}

/**
 * What a search found otherwise than we have it. No reason to stop payouts: what we know of is there, or the
 * comparison above says so.
 */
function unlikeOf(searched: ScanComparison | string | undefined): string | undefined {
  if (searched === undefined || typeof searched === 'string' || searched.agrees) return undefined
  const { scannedUnits, coinUnits, unknown, missing } = searched
  const some = (outpoints: readonly string[]) => outpoints.slice(0, 3).join(', ')
  return [
    `the node’s own search for our account finds ${formatMoney(scannedUnits, 'BTC')}, and our coins are ${formatMoney(coinUnits, 'BTC')}`,
    unknown.length > 0 &&
      `we do not know ${some(unknown)}: "repasse bitcoin scan --from HEIGHT" reads the blocks again`,
    missing.length > 0 && `the node did not find ${some(missing)}`,
  ]
    .filter(Boolean)
    .join('; ')
}

const scanView = ({ height, scannedUnits, coinUnits, unknown, missing, agrees }: ScanComparison) => ({
  ...{ agrees, height, unknown, missing },
  node: moneyOf(scannedUnits, 'BTC'),
  coins: moneyOf(coinUnits, 'BTC'),
})

const chainMeanings: Record<Asset, Partial<Record<Account, string>>> = {
  BRL: {},
  BTC: {
    bank: 'our coins on the chain',
    'transfer-fee': 'what the network cost us',
    external: 'movements on the chain that are not ours',
  },
}

const meanings: Record<Account, string> = {
  bank: 'our money at the bank',
  'cash-box': 'received over the counter and not handed over',
  payable: 'owed to payees (negative while owed)',
  'in-transit': 'ordered and not settled yet (negative meanwhile)',
  commission: 'our share (negative: income)',
  'transfer-fee': 'what transfers cost us, less what was withheld for them',
  pending: 'on the chain and not the payee’s yet (negative meanwhile)',
  'owed-to-payers': 'paid to duplicate invoices, to be given back (negative while owed)',
  receivable: 'what payees owe us, because payers got money back that had been passed on',
  'given-up': 'what of that two people forgave',
  'bank-fee': 'what the bank charged for duplicate invoices',
  external: 'movements at the bank that are not ours',
  suspense: 'at the bank under a tag of ours, and not known what for',
}
