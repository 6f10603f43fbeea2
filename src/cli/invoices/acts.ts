/**
 * `repasse invoice refund`, `reversal`, `cancel` and `reissue`: what a person does about an invoice itself.
 * Of its duplicates: `duplicates.ts`.
 */
import type { Command } from 'commander'
import { BadInput } from '../../base/answer.ts'
import { isByHand } from '../../base/rails.ts'
import type { Canceling, CancelRefusal, RefundRow, Reissued, ReissueRefusal } from '../../invoice/invoice.ts'
import type { InvoiceActs } from '../../queries/invoiceActs.ts'
import { amountIn, personFlag, textFlag } from '../flags.ts'
import { example, json, moneyOf, formatReais, table } from '../print.ts'
import { forgottenCommand } from '../forgotten.ts'
import { done, inBase, onRails, operator } from '../shell.ts'
import type { Shell } from '../context.ts'

export type OwnRefundFlags = { amount?: bigint; by?: string; why?: string; json?: true }

const noSuch = (id: string) => `there is no invoice "${id}": "repasse invoice list" shows them`

/** Proposes that part or all of what was paid goes back; another person approves it. */
export function proposeOwnRefund(
  shell: Shell,
  id: string,
  { amount, by = operator(), why, json: asJson }: OwnRefundFlags,
): Promise<void> {
  if (why === undefined)
    throw new BadInput('--why is missing: another person has to know what the refund is for')
  return inBase(shell, async ({ db, world }) => {
    const [{ proposeRefund }, { payoutStateOf }] = await Promise.all([
      import('../../webhooks/webhooks.ts'),
      import('../../queries/payouts.ts'),
    ])
    const proposed = await proposeRefund(db, world, id, { units: amount, by, why })
    if (proposed.is === 'unknown') throw new BadInput(noSuch(id))
    if (proposed.is === 'impossible')
      return void (await done({ is: 'refund-refused', id, code: proposed.code }))
    if (proposed.is === 'another')
      throw new BadInput(
        `another refund of ${id} is proposed already: "repasse proposal show ${proposed.proposal.id}"; it is decided first`,
      )
    const { proposal, units } = await done(proposed)
    if (asJson)
      return shell.out(
        json({ proposal: proposal.id, state: proposal.state, invoice: id, ...moneyOf(units, 'BRL') }),
      )
    const payout = await payoutStateOf(db, id)
    const passedOn = payout !== undefined && ['sending', 'unsure', 'sent', 'paid'].includes(payout)
    await shell.out(
      `a refund of ${formatReais(units)} is proposed: somebody else approves it with "repasse proposal approve ${proposal.id}"\n` +
        (passedOn ? `its payout is ${payout}: what was passed on of it, the payee will owe\n` : ''),
    )
  })
}

const cancelRefusals: Record<CancelRefusal, (id: string, state: string) => string> = {
  'of-another-rail': id =>
    `${id} is a request on the chain, and an address cannot be taken back: it ends by itself when its time is over`,
  'not-known-yet': id => `it is not known yet whether the bank has ${id}: try again in some minutes`,
  paid: (id, state) => `${id} is ${state}: "repasse invoice refund ${id}" gives money back`,
  over: (id, state) => `${id} is ${state} already`,
}

const reissueRefusals: Record<ReissueRefusal, (id: string, state: string) => string> = {
  'of-another-rail': id =>
    `${id} is a request on the chain: run its schedule again, or let its buyer ask again`,
  'of-an-order': id => `${id} belongs to an order of the shop: its buyer asks again on the order's page`,
  'not-over': (id, state) =>
    `${id} is ${state} and may still be paid: this is for one that is refused, expired or canceled`,
  forgotten: id => `the payer of ${id} was forgotten, so nobody can be asked again`,
  reissued: id => `${id} was asked for again before`,
  'paid-there': id => `the bank shows that ${id} was paid: its event is still on its way here`,
  'asked-there': id =>
    `the bank has asked for invoices of the same slot, payer and amount as ${id} that these books have forgotten, as after a restore, and more than one here is like them: say which of them ${id} is with "repasse invoice reissue ${id} --as BANK_ID --why …", and nobody is asked twice`,
  'not-there': id =>
    `the bank has no such invoice of the slot, payer and amount of ${id} that these books do not know`,
  'not-known': id =>
    `the bank did not say whether ${id} was paid, so it is not asked for again: try again later`,
  unreadable: id =>
    `the payer of ${id} cannot be decrypted, so it is not asked for again: see "repasse keys status"`,
}

export function invoiceActCommands(invoice: Command, shell: Shell): void {
  reversalCommand(invoice, shell)
  forgottenCommand(invoice, shell)

  invoice
    .command('cancel')
    .description('takes back an invoice that nobody paid; what the bank says of it is what counts')
    .argument('<id>', 'our id')
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who cancels it (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example('invoice cancel inv_01k9zq3f5c8wxy2m7n4p6r8s0t --why "asked for the wrong month"'),
    )
    .action((id: string, { why, by = operator(), json: asJson }: { why: string; by?: string; json?: true }) =>
      onRails(shell, async ({ db, world }, { rails, bitcoin }) => {
        const { cancelAsked } = await import('../../jobs/jobs.ts')
        const parts = { db, world, rails, ...(bitcoin && { bitcoin }) }
        const canceling = await cancelAsked(parts, id, { by, why })
        if (canceling.is === 'not-here')
          throw new BadInput('the bank is not configured, and it must take the invoice back: set STARKBANK_*')
        await tellCancel(shell, id, canceling, asJson)
      }),
    )

  invoice
    .command('reissue')
    .description(
      'asks again for an invoice that was refused, expired or canceled: a new one that names the old, once',
    )
    .argument('<id>', 'our id of the old one')
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option(
      '--as <id>',
      'the bank’s id of one that it has already and these books have forgotten, as after a restore',
      textFlag('--as'),
    )
    .option('--by <person>', 'who asks again (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example('invoice reissue inv_01k9zq3f5c8wxy2m7n4p6r8s0t --why "the bank refused us, not the payer"'),
    )
    .action(
      (
        id: string,
        { why, as, by = operator(), json: asJson }: { why: string; as?: string; by?: string; json?: true },
      ) =>
        onRails(shell, async ({ db, world }, { rails: { starkbank: rail } }) => {
          const { reissueInvoice } = await import('../../webhooks/webhooks.ts')
          const {
            invoice: made,
            of,
            adopted,
          } = reissued(await reissueInvoice({ db, rail, world }, id, { by, why, as }), id)
          const how = adopted ? 'was asked for again before' : 'is asked for again'
          await shell.out(
            asJson
              ? json({
                  id: made.id,
                  state: made.state,
                  reissueOf: of.id,
                  ...moneyOf(made.units, 'BRL'),
                  dueAt: made.due_at,
                  adopted,
                })
              : `${of.id} ${how} as ${made.id}, ${formatReais(made.units)}, due ${made.due_at}\n`,
          )
        }),
    )
}

/** Proposes how a reversal ended of which the bank does not say so; another person approves it. */
function reversalCommand(invoice: Command, shell: Shell): void {
  invoice
    .command('reversal')
    .description(
      'proposes how money that has been going back to a payer ended, where the bank does not say; another person approves it',
    )
    .argument('<id>', 'our id')
    .requiredOption(
      '--returned <R$>',
      'what went back to the payer of this invoice in all; 0.00 where nothing did',
      amountIn('BRL')('--returned'),
    )
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who proposes it (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example(
        'invoice reversal inv_01k9zq3f5c8wxy2m7n4p6r8s0t --returned 0.00 --why "the bank wrote that it failed"',
      ),
    )
    .action((id: string, { returned, why, by = operator(), json: asJson }: ReversalFlags) =>
      inBase(shell, async ({ db, world }) => {
        const { proposeReversalEnd } = await import('../../webhooks/webhooks.ts')
        const proposed = await proposeReversalEnd(db, world, id, { returned, by, why })
        if (proposed.is === 'unknown') throw new BadInput(noSuch(id))
        if (proposed.is === 'impossible')
          return void (await done({ is: 'reversal-refused', id, code: proposed.code }))
        if (proposed.is === 'another')
          throw new BadInput(
            `another end of it is proposed already: "repasse proposal show ${proposed.proposal.id}"; it is decided first`,
          )
        const { proposal } = await done(proposed)
        await shell.out(
          asJson
            ? json({
                proposal: proposal.id,
                state: proposal.state,
                invoice: id,
                returned: moneyOf(returned, 'BRL'),
              })
            : `proposed: somebody else approves it with "repasse proposal approve ${proposal.id}"\n`,
        )
      }),
    )
}

type ReversalFlags = { returned: bigint; why: string; by?: string; json?: true }

function tellCancel(shell: Shell, id: string, canceling: Canceling, asJson: true | undefined): Promise<void> {
  switch (canceling.is) {
    case 'unknown':
      throw new BadInput(noSuch(id))
    case 'impossible':
      throw new BadInput(cancelRefusals[canceling.code](id, canceling.invoice.state))
    case 'not-canceled':
      throw new BadInput(`the bank does not cancel ${id}: ${canceling.why}`)
    case 'paid':
      throw new BadInput(
        `${id} was paid before it could be canceled: its money comes as any other, and can be refunded then`,
      )
    case 'later':
      shell.err('the bank has not answered; it is asked again by itself until it has\n')
      break
    case 'canceled':
    case 'over':
      break
  }
  const { state } = canceling.invoice
  return shell.out(
    asJson ? json({ id, state, asked: canceling.is === 'later' }) : `invoice ${id} is ${state}\n`,
  )
}

function reissued(answer: Reissued, id: string): Extract<Reissued, { is: 'reissued' }> {
  if (answer.is === 'reissued') return answer
  if (answer.is === 'unknown') throw new BadInput(noSuch(id))
  const shown = (answer.there ?? []).map(({ providerId, status }) => `${providerId}, ${status}`)
  const there = shown.length === 0 ? '' : ` (at the bank: ${shown.join('; ')})`
  const as = answer.by === undefined ? there : `, as ${answer.by}`
  throw new BadInput(`${reissueRefusals[answer.code](id, answer.invoice.state)}${as}`)
}

/** What became of a refund, for a person. */
const refundStates: Record<RefundRow['state'], string> = {
  approved: 'to be made',
  refunding: 'the bank is being asked for it',
  unsure: 'the bank has not said whether it makes it; being looked up',
  sent: 'being made by the bank',
  refunded: 'made',
  failed: 'not made: it can be asked for again',
}

/** A table of an invoice's refunds; '' where it has none. */
export const refundsTable = (rows: readonly RefundRow[]): string =>
  rows.length === 0
    ? ''
    : table(
        ['REFUND', 'APPROVED (UTC)', '>AMOUNT', 'STATE', 'PROPOSED BY', 'APPROVED BY'],
        rows.map(row => [
          row.id,
          row.decided_at,
          formatReais(row.units),
          refundStates[row.state],
          row.made_by,
          row.decided_by,
        ]),
      )

/** What went back of an invoice, what it was asked for again as, and what of, as facts of its sheet. */
export function backFacts({
  row: { id, rail },
  returnedUnits,
  underWaySince,
  cancel,
  reissues,
}: InvoiceActs): [string, string | null][] {
  return [
    [isByHand(rail) ? 'taken back' : 'went back', returnedUnits > 0n ? formatReais(returnedUnits) : null],
    ['going back', underWaySince === null ? null : `since ${underWaySince}: its payout waits`],
    [
      'cancelation',
      cancel
        ? `asked for by ${cancel.asked_by}: ${cancel.asked_why}${cancel.why === null ? '' : `; the bank: ${cancel.why}`}`
        : null,
    ],
    ['asked again as', reissues.find(({ reissue_of: of }) => of === id)?.invoice_id ?? null],
    ['asked again of', reissues.find(({ invoice_id: of }) => of === id)?.reissue_of ?? null],
  ]
}
