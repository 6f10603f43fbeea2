/** `repasse payout`: what is owed and was paid on, and what a person may do about it. */
import type { Command } from 'commander'
import { BadInput } from '../../base/answer.ts'
import type { Asset } from '../../base/money.ts'
import { listedPayouts, nextLookOf, payoutWaits, seePayout, whyOfPayout, type ListedPayout, type SeenOrder } from '../../payout/listed.ts'
import { lastOf } from '../../payout/bundle/transactions.ts'
import type { Reader } from '../../db/db.ts'
import { payoutFilters } from '../../queries/filters.ts'
import { countFlag, oneOf, personFlag, textFlag } from '../flags.ts'
import { stopCommands } from './hold.ts'
import { approveCommand } from '../limits.ts'
import { postingView, postingsTable } from '../ledger/postings.ts'
import { example, historyOf, historyTable, json, maybeMoney, moneyOf, reais, sheet, table, told } from '../print.ts'
import { proofFlags, prove } from '../prove.ts'
import type { ProofFlags } from '../acting.ts'
import { inBase, onRails, operator } from '../shell.ts'
import type { Shell } from '../context.ts'
import { tellProposed, verdictCommands } from './verdicts.ts'
import { transactionsTable, transactionView } from '../bitcoin/transactions.ts'

type ListFlags = { state?: string; account?: string; invoice?: string; limit: number; before?: string; json?: true }
type ActFlags = { why: string; by?: string; json?: true }

export function payoutCommands(repasse: Command, shell: Shell): void {
  const payout = repasse
    .command('payout')
    .description('payouts: what is owed and was paid on')
    .addHelpText('after', example('payout list --state held'))

  payout
    .command('list')
    .description('payouts, newest first')
    .option('--state <state>', `only these: ${payoutFilters.choices.state.join(', ')}`, oneOf(payoutFilters.choices.state)('--state'))
    .option('--account <name>', 'only those to this account')
    .option('--invoice <id>', 'only that of this invoice')
    .option('--limit <n>', 'how many at most', countFlag(10_000)('--limit'), 50)
    .option('--before <id>', 'older than this one, to read on')
    .option('--json', 'as JSON')
    .addHelpText('after', example('payout list --state held --json'))
    .action((flags: ListFlags) =>
      inBase(shell, async ({ db }) => {
        const rows = await newest(db, flags)
        const line = (row: ListedPayout) => [
          row.id,
          row.added_at,
          row.state,
          told(row.units, row.asset),
          row.account,
          row.invoice_id,
          whyOfPayout(row) ?? '',
        ]
        await shell.out(
          flags.json
            ? json(rows.map(viewOf))
            : table(['PAYOUT', 'ADDED (UTC)', 'STATE', '>AMOUNT', 'TO', 'INVOICE', 'WHY'], rows.map(line)),
        )
        if (!flags.json && rows.length === flags.limit) shell.err(`older ones: --before ${rows.at(-1)!.id}\n`)
      }),
    )

  payout
    .command('show')
    .description('one payout: its orders at the bank or its transactions, its history and its postings')
    .argument('<id>', 'the payout')
    .option('--json', 'as JSON')
    .addHelpText('after', example('payout show pay_01k9zq3f5c8wxy2m7n4p6r8s0t'))
    .action((id: string, { json: asJson }: { json?: true }) => inBase(shell, ({ db }) => show(shell, db, id, asJson)))

  const act = (verb: 'retry' | 'hold' | 'release', says: string) =>
    proofFlags(
      payout
        .command(verb)
        .description(says)
        .argument('<id>', 'the payout')
        .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
        .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by')),
    )
      .addHelpText('after', example(`payout ${verb} pay_01k9zq3f5c8wxy2m7n4p6r8s0t --why "spoke with the bank"`))
      .action((id: string, { why, ...flags }: ProofFlags & { why: string }) =>
        inBase(shell, async base => {
          const { db } = base
          const { by, proof } = await prove(base, flags, verb === 'hold' ? undefined : `payout.${verb}`)
          const { holdPayout, payoutsStopped, releasePayout, retryPayout, unreadFor, unreadSentence } =
            await import('../../payout/payout.ts')
          const row = await { retry: retryPayout, hold: holdPayout, release: releasePayout }[verb](db, id, { by, why, proof })
          await shell.out(`payout ${row.id} of ${told(row.units, row.asset)} is ${row.state}\n`)
          if (row.state === 'held') return
          const stopped = await payoutsStopped(db)
          const unread = await unreadFor(db, row, await db.tx(tx => tx.now()))
          if (stopped !== undefined) shell.err(`payouts are stopped, so it is not sent yet: ${stopped}\n`)
          else if (unread !== undefined) shell.err(`${unreadSentence(unread)}; it goes on by itself then\n`)
        }),
      )
  act('retry', 'tries again one that waits or came back')
  act('hold', 'keeps one from being sent')
  act('release', 'lets a held one go')
  approveCommand(payout, shell)
  settleCommand(payout, shell)
  verdictCommands(payout, shell)
  stopCommands(payout, shell)
}

/** What these books did not order and was paid all the same, as after a restore. */
function settleCommand(payout: Command, shell: Shell): void {
  payout
    .command('settle')
    .description(
      'says that a held or returned one was paid by what these books did not order: by hand, or after a restore; of a transfer that bears no tag of ours it is a proposal, which a second person approves',
    )
    .argument('<id>', 'the payout')
    .requiredOption('--ref <id>', 'the transaction on the chain, or the bank’s transfer', textFlag('--ref'))
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example('payout settle pay_01k9zq3f5c8wxy2m7n4p6r8s0t --ref 6341320293482496 --why "sent after the backup"'))
    .action((id: string, { ref, why, by = operator() }: ActFlags & { ref: string }) =>
      onRails(shell, async ({ db, world }, { rails }) => {
        const { settlePaidElsewhere } = await import('../../payout/payout.ts')
        const settled = await settlePaidElsewhere(db, rails, world, id, { by, why, ref })
        if (settled.is !== 'settled') return tellProposed(shell, settled)
        const row = settled.payout
        await shell.out(`payout ${row.id} of ${told(row.units, row.asset)} is ${row.state}, by ${ref}\n`)
      }),
    )
}

async function newest(db: Reader, { state, account, invoice, limit, before }: ListFlags): Promise<ListedPayout[]> {
  const { sql } = await import('../../db/db.ts')
  const ofState = state === undefined ? sql`` : sql`and p.state = ${state}`
  const toAccount = account === undefined ? sql`` : sql`and p.account_id = ${(await needAccount(db, account)).id}`
  const ofInvoice = invoice === undefined ? sql`` : sql`and p.invoice_id = ${(await needInvoice(db, invoice)).id}`
  const older = before === undefined ? sql`` : sql`and p.id < ${before}`
  return db.all<ListedPayout>(sql`
    ${listedPayouts} where 1 = 1 ${ofState} ${toAccount} ${ofInvoice} ${older} order by p.id desc limit ${limit}`)
}

async function needAccount(db: Reader, name: string): Promise<{ id: string }> {
  const { findAccount } = await import('../../payout/payout.ts')
  const row = await findAccount(db, name)
  if (!row) throw new BadInput(`--account "${name}" is not an account: "repasse account list" shows them`)
  return row
}

async function needInvoice(db: Reader, id: string): Promise<{ id: string }> {
  const { sql } = await import('../../db/db.ts')
  const row = await db.one<{ id: string }>(sql`select id from invoices where id = ${id} or provider_id = ${id}`)
  if (!row) throw new BadInput(`--invoice "${id}" is not an invoice: "repasse invoice list" shows them`)
  return row
}

async function show(shell: Shell, db: Reader, id: string, asJson: true | undefined): Promise<void> {
  const seen = await seePayout(db, id)
  if (!seen) throw new BadInput(`there is no payout "${id}": "repasse payout list" shows them`)
  const { row, orders: attempts, steps } = seen
  const postings = seen.postings.map(postingView)
  if (asJson) {
    const orders = attempts.map(order => ({ ...orderOf(order, row.asset), history: historyOf(order.steps) }))
    return shell.out(json({ ...viewOf(row), attempts: orders, history: historyOf(steps), postings }))
  }
  const last = lastOf(attempts.at(-1)?.transactions ?? [])
  const facts = sheet([
    ['payout', row.id],
    ['state', [row.state, row.why, payoutWaits(row)].filter(Boolean).join(': ')],
    ['amount', told(row.units, row.asset)],
    ['withheld', row.asset === 'BRL' ? `${reais(row.withheld_units)} for the transfer’s fee` : undefined],
    ['network fee', last && `${told(last.share_units, 'BTC')}, so ${told(last.units, 'BTC')} reach the payee`],
    ['to', last ? `${row.account}, at ${last.address}` : row.account],
    ['for', row.invoice_id],
    ['next look', nextLookOf(row)],
  ])
  const orders = attempts.map(
    order => `\n${order.attempt.bundle_id === null ? bankOrder(order) : bundleOrder(order)}${historyTable(order.steps)}`,
  )
  await shell.out(`${facts}\n${historyTable(steps)}${orders.join('')}${postings.length > 0 ? `\n${postingsTable(postings)}` : ''}`)
}

function bankOrder({ attempt }: SeenOrder): string {
  const fee = attempt.fee_units === null ? '' : `, fee ${reais(attempt.fee_units)}`
  return `order ${attempt.external_id} is ${attempt.state}${attempt.why ? `: ${attempt.why}` : ''} (at the bank: ${attempt.provider_id ?? 'unknown'}${fee})\n`
}

const bundleOrder = ({ attempt, transactions, bundle }: SeenOrder): string =>
  `order ${attempt.external_id} is ${attempt.state} in bundle ${attempt.bundle_id}, which is ${bundle?.state}${bundle?.why ? `: ${bundle.why}` : ''}\n${transactionsTable(transactions)}`

const viewOf = (row: ListedPayout) => ({
  id: row.id,
  invoice: row.invoice_id,
  account: row.account,
  state: row.state,
  why: whyOfPayout(row),
  ...moneyOf(row.units, row.asset),
  withheld: moneyOf(row.withheld_units, row.asset),
  tries: Number(row.tries),
  nextAt: nextLookOf(row),
  addedAt: row.added_at,
  changedAt: row.changed_at,
})

const orderOf = ({ attempt, transactions, bundle }: SeenOrder, asset: Asset) => ({
  id: attempt.id,
  number: Number(attempt.number),
  externalId: attempt.external_id,
  state: attempt.state,
  why: attempt.why,
  ...moneyOf(attempt.units, asset),
  fee: maybeMoney(attempt.fee_units, asset),
  providerId: attempt.provider_id,
  askedAt: attempt.asked_at,
  ...(bundle && { bundle: { id: bundle.id, state: bundle.state, why: bundle.why }, transactions: transactions.map(transactionView) }),
})
