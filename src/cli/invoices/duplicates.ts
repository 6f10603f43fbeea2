/**
 * `repasse invoice refund`: of an invoice itself, and of its duplicates at the bank, about whose money a
 * person decides.
 */
import type { Command } from 'commander'
import { BadInput } from '../../base/answer.ts'
import type { Decided, Refusal, TwinRow, TwinState } from '../../invoice/invoice.ts'
import { amountIn, personFlag, textFlag } from '../flags.ts'
import { proposeOwnRefund } from './acts.ts'
import { example, json, formatReais, table } from '../print.ts'
import type { CoinRefundFlags } from '../bitcoin/refunds.ts'
import { done, inBase, onRails, operator } from '../shell.ts'
import type { Shell } from '../context.ts'
import { duplicateJson } from '../../queries/json/invoices.ts'

type RefundFlags = { twin: string; keep?: true; by?: string; why?: string; json?: true }
type AnyRefundFlags = Partial<RefundFlags> & Omit<CoinRefundFlags, 'amount'> & { amount?: string }

/** What became of a duplicate, for a person. */
export const duplicateStates: Record<TwinState, string> = {
  open: 'can still be paid; being canceled',
  canceled: 'canceled, nobody paid it',
  paid: 'paid, not credited yet',
  credited: 'paid: refund it, or keep it',
  approved: 'to be refunded',
  refunding: 'the bank is being asked to refund it',
  unsure: 'the bank has not said whether it refunds it; being looked up',
  sent: 'being refunded by the bank',
  refunded: 'refunded to the payer',
  kept: 'settled otherwise',
}

const refusals: Record<Refusal, (twin: string, invoice: string, state: string) => string> = {
  'not-found': (twin, invoice) =>
    `--twin "${twin}" is no duplicate of ${invoice}: "repasse invoice show ${invoice}" lists them`,
  'not-paid': twin => `duplicate ${twin} was not paid, so there is nothing to give back`,
  'not-credited': twin =>
    `duplicate ${twin} was paid and the bank has not credited it yet: try again in a minute`,
  decided: (twin, _, state) => `duplicate ${twin} was decided before: ${state}`,
}

export function refundCommand(invoice: Command, shell: Shell): void {
  invoice
    .command('refund')
    .description(
      'gives money back to its payer: of a paid invoice, which another person approves, of a duplicate of it at the bank, or in bitcoin',
    )
    .argument('<id>', 'the invoice: our id')
    .option(
      '--amount <amount>',
      'how much, e.g. 60.00, or with --to 20000sats (default: all there is to give back)',
      textFlag('--amount'),
    )
    .option('--twin <id>', 'its duplicate: the bank’s id, as "repasse status" names it', textFlag('--twin'))
    .option('--keep', 'of a duplicate: nothing is given back, it was settled otherwise, as --why says')
    .option(
      '--to <address>',
      'bitcoin: an address that the payer gives; a second person approves',
      textFlag('--to'),
    )
    .option(
      '--made <txid>',
      'bitcoin: it was given back by hand, in this transaction; a second person approves',
      textFlag('--made'),
    )
    .option(
      '--withdraw <payout>',
      'bitcoin: takes back a refund that was not ordered yet',
      textFlag('--withdraw'),
    )
    .option(
      '--why <words>',
      'the reason, for the audit log; needed but for a duplicate that is given back',
      textFlag('--why'),
    )
    .option('--by <person>', 'who decides (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example(
        'invoice refund inv_01k9zq3f5c8wxy2m7n4p6r8s0t --amount 60.00 --why "two of five boxes were returned"',
        'invoice refund inv_01k9zq3f5c8wxy2m7n4p6r8s0t --twin 5166945473134592 --why "paid twice"',
        'invoice refund inv_01k9zq3f5c8wxy2m7n4p6r8s0t --to bc1q… --why "paid a week late"',
      ),
    )
    .action(async (id: string, { amount: typed, ...given }: AnyRefundFlags) => {
      const which = (['twin', 'to', 'made', 'withdraw'] as const).filter(flag => given[flag] !== undefined)
      if (which.length > 1)
        throw new BadInput(`give one of --${which.join(' and --')}: what is to be given back, or was`)
      if (given.keep && given.twin === undefined)
        throw new BadInput('--keep is for a duplicate: name it with --twin')
      if (typed !== undefined && given.twin !== undefined)
        throw new BadInput('--amount is not for a duplicate: all of it is the payer’s')
      // What it is in depends on which way it goes.
      const isCoins = which.length === 1 && given.twin === undefined
      const amount = typed === undefined ? undefined : amountIn(isCoins ? 'BTC' : 'BRL')('--amount')(typed)
      const asked = { ...given, ...(amount !== undefined && { amount }) }
      if (isCoins) return (await import('../bitcoin/refunds.ts')).refundCoins(shell, id, asked)
      if (given.twin === undefined) return proposeOwnRefund(shell, id, asked)
      const flags = { ...given, twin: given.twin }
      if (flags.keep && flags.why === undefined)
        throw new BadInput('--why is missing: --keep needs how it was settled')
      await (flags.keep ? keep(shell, id, flags) : refund(shell, id, flags))
    })
}

const decisionOf = (invoiceId: string, { twin, by = operator(), why = '' }: RefundFlags) => ({
  invoiceId,
  providerId: twin,
  by,
  why,
})

function keep(shell: Shell, id: string, flags: RefundFlags): Promise<void> {
  return inBase(shell, async ({ db, world }) => {
    const { keepTwin } = await import('../../invoice/invoice.ts')
    const twin = await accepted(await keepTwin(db, world, decisionOf(id, flags)), id, flags.twin)
    await tell(shell, twin, flags)
  })
}

function refund(shell: Shell, id: string, flags: RefundFlags): Promise<void> {
  return onRails(shell, async ({ db, world }, { rails: { starkbank: rail } }) => {
    if (!rail)
      throw new BadInput('the bank is not configured, and it must give the money back: set STARKBANK_*')
    const { approveRefund, findTwin, sendRefund } = await import('../../invoice/invoice.ts')
    const { payoutsStopped } = await import('../../payout/payout.ts')
    const twin = await accepted(await approveRefund(db, rail.name, decisionOf(id, flags)), id, flags.twin)
    await sendRefund({ db, rail, world, stopped: payoutsStopped }, twin)
    const now = (await findTwin(db, rail.name, twin.provider_id))!
    await tell(shell, now, flags)
    const stopped = now.state === 'approved' ? await payoutsStopped(db) : undefined
    if (stopped !== undefined) shell.err(`payouts are stopped, so it is not refunded yet: ${stopped}\n`)
    // The bank said no: a person has to decide again.
    if (now.state === 'credited') shell.exitCode = 1
  })
}

async function accepted(answer: Decided, invoice: string, twin: string): Promise<TwinRow> {
  if (answer.is === 'refused')
    throw new BadInput(
      refusals[answer.code](twin, invoice, answer.twin ? duplicateStates[answer.twin.state] : ''),
    )
  return (await done(answer)).twin
}

const tell = (shell: Shell, twin: TwinRow, flags: RefundFlags) =>
  shell.out(
    flags.json
      ? json(duplicateJson(twin))
      : `duplicate ${twin.provider_id} of ${twin.invoice_id}, ${formatReais((twin.paid_units ?? twin.units) - (twin.state === 'refunded' ? 0n : twin.returned_units))}: ${duplicateStates[twin.state]}\n`,
  )

/** A table of an invoice's duplicates; '' where it has none. */
export const duplicatesTable = (twins: readonly TwinRow[]): string =>
  twins.length === 0
    ? ''
    : table(
        ['DUPLICATE', 'FOUND (UTC)', '>PAID', 'STATE', 'DECIDED BY'],
        twins.map(twin => [
          twin.provider_id,
          twin.added_at,
          twin.paid_units === null ? '' : formatReais(twin.paid_units),
          duplicateStates[twin.state],
          twin.decided_by ?? '',
        ]),
      )
