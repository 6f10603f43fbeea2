/**
 * `repasse payer` and `repasse order forget`: what is held on a person, handed out to them, and forgotten.
 */
import { some } from '../base/text.ts'
import { existsSync, writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import type { Base } from '../app.ts'
import type { Held, HeldWhy, InvoiceOutcome, OrderOutcome, PayerForgotten } from '../privacy/privacy.ts'
import { personFlag, textFlag } from './flags.ts'
import { example, json, sheet, table } from './print.ts'
import { done, inBase, operator } from './shell.ts'
import type { Shell } from './context.ts'

interface ForgetFlags {
  why: string
  by?: string
  keptElsewhere?: string
  json?: true
}

const keptElsewhereOption = [
  '--kept-elsewhere <words>',
  'where what the tax authority asks for five years is kept, such as "NF-e 1042"; then the name and the tax id of what was paid go too',
] as const

export function forgetOrderCommand(order: Command, shell: Shell): void {
  order
    .command('forget')
    .description(
      'blanks who bought: name, e-mail, tax id, letters; the order, its amounts and the ledger stay',
    )
    .argument('<order>', 'its id, or the eight characters it is called by')
    .requiredOption('--why <words>', 'the reason, for the audit log; name nobody in it', textFlag('--why'))
    .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by'))
    .option(...keptElsewhereOption)
    .option('--json', 'as JSON')
    .addHelpText('after', example('order forget 4P6R8S0T --why "asked for by e-mail on 3 May" --by ana'))
    .action((name: string, { why, by = operator(), keptElsewhere, json: asJson }: ForgetFlags) =>
      inBase(shell, async ({ db, world }) => {
        const { forgetOrder } = await import('../privacy/privacy.ts')
        const { outcome } = await done(await forgetOrder(db, world, name, { by, why, keptElsewhere }))
        if (outcome.forgotten === 'nothing')
          throw new BadInput(`order ${outcome.order.id} is kept as it is: ${heldWords(outcome)}`)
        await shell.out(asJson ? json(orderView(outcome)) : `${orderLine(outcome)}\n`)
      }),
    )
}

export function payerCommands(repasse: Command, shell: Shell): void {
  const payer = repasse
    .command('payer')
    .description('a person who pays or buys: what is held on them, and forgetting them')
    .addHelpText(
      'after',
      example(
        'payer export 012.345.678-90 --to ana.json',
        'payer forget 012.345.678-90 --why "asked for on 3 May"',
      ),
    )

  payer
    .command('export')
    .description('everything these books hold on a person, as JSON; a record of the audit log')
    .argument('<tax-id>', 'CPF or CNPJ, with or without punctuation')
    .option('--to <file>', 'into this file, which only you can read (default: standard output)')
    .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example('payer export 012.345.678-90 --to ana.json --by ana'))
    .action((taxId: string, { to: file, by = operator() }: { to?: string; by?: string }) =>
      inBase(shell, async ({ db, world }) => {
        if (file !== undefined && existsSync(file))
          throw new BadInput(`--to "${file}" exists already: name one that does not`)
        const { exportPayer } = await import('../privacy/privacy.ts')
        const answer = await done(await exportPayer(db, world, taxId, by))
        if (answer.is === 'unknown') throw new BadInput('nothing is held on a person of this tax id')
        const { found } = answer
        if (file === undefined) return shell.out(json(found))
        writeFileSync(file, json(found), { mode: 0o600, flag: 'wx' })
        const { orders, invoices, events, rosters } = found
        await shell.out(
          `${file}: ${some(orders.length, 'order')}, ${some(invoices.length, 'invoice')}, ${some(events.length, 'event')}, in ${some(rosters.length, 'roster')} of schedules\n`,
        )
      }),
    )

  payer
    .command('forget')
    .description('blanks a person wherever they may be forgotten, and says what is kept, why and until when')
    .argument('<tax-id>', 'CPF or CNPJ, with or without punctuation')
    .requiredOption('--why <words>', 'the reason, for the audit log; name nobody in it', textFlag('--why'))
    .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by'))
    .option(...keptElsewhereOption)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example('payer forget 012.345.678-90 --why "asked for by e-mail on 3 May" --by ana'),
    )
    .action((taxId: string, { why, by = operator(), keptElsewhere, json: asJson }: ForgetFlags) =>
      inBase(shell, async ({ db, world }) => {
        const { forgetPayer } = await import('../privacy/privacy.ts')
        const found = await done(await forgetPayer(db, world, taxId, { by, why, keptElsewhere }))
        if (found.is === 'unknown') throw new BadInput('nothing is held on a person of this tax id')
        if (found.is === 'in-roster') throw new BadInput(rosterRefusal(found))
        await shell.out(asJson ? json(payerView(found)) : payerText(found))
      }),
    )
}

const rosterRefusal = ({ rosters }: PayerForgotten & { is: 'in-roster' }): string =>
  [
    'nothing was forgotten: rosters of schedules name this person, so they would be asked again.',
    ...rosters.map(
      ({ schedule, state, rows }) =>
        `  ${schedule} (${state}): ${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`,
    ),
    'Take them out first: "repasse schedule roster NAME > FILE", delete their rows, "repasse schedule payers NAME FILE"',
  ].join('\n')

export const heldReasons: Record<HeldWhy, string> = {
  open: 'it can still be paid',
  'under-way': 'money, a refund or a proposal about it is under way',
  attention: 'it needs a person first: "repasse order attended" says that it was looked after',
  payable: 'it may still be paid late',
  reversible: 'its Pix may be given back for 90 days',
  fiscal:
    'the tax authority may ask for what was paid for five years; --kept-elsewhere says that it is kept in another place',
}

const until = ({ until: end }: Held): string => (end === undefined ? '' : `, until ${end.slice(0, 10)}`)

const heldWords = ({ held, invoiceId }: Pick<OrderOutcome, 'held' | 'invoiceId'>): string =>
  held
    ? `${heldReasons[held.why]}${invoiceId === undefined ? '' : ` (invoice ${invoiceId})`}${until(held)}`
    : ''

const orderLine = (outcome: OrderOutcome): string => {
  const { order, forgotten, again } = outcome
  if (forgotten === 'nothing') return `order ${order.id} is kept as it is: ${heldWords(outcome)}`
  const before = again ? ' before' : ''
  if (forgotten === 'all') return `the buyer of order ${order.id} was forgotten${before}`
  return `the e-mail address of order ${order.id} was forgotten${before}; the name and the tax id stay: ${heldWords(outcome)}`
}

const heldView = ({ held }: { held?: Held }) => ({ keptFor: held?.why ?? null, until: held?.until ?? null })

const orderView = (outcome: OrderOutcome) => ({
  ...{ order: outcome.order.id, forgotten: outcome.forgotten, again: outcome.again },
  ...heldView(outcome),
})
const invoiceView = (outcome: InvoiceOutcome) => ({
  invoice: outcome.id,
  forgotten: outcome.forgotten,
  ...heldView(outcome),
})

const payerView = ({ payer, orders, invoices, lines, accounts }: PayerForgotten & { is: 'forgotten' }) => ({
  ...{ payer, orders: orders.map(orderView), invoices: invoices.map(invoiceView), statementLines: lines },
  payoutAccounts: accounts.map(({ name, state }) => ({ name, state })),
})

function payerText({
  payer,
  orders,
  invoices,
  lines,
  accounts,
}: PayerForgotten & { is: 'forgotten' }): string {
  const whole = orders.filter(({ forgotten }) => forgotten === 'all').length
  const facts = sheet([
    ['in the audit log as', payer],
    ['orders', `${whole} of ${orders.length} forgotten`],
    [
      'invoices',
      `${invoices.filter(({ forgotten }) => forgotten).length} of ${invoices.length} forgotten, beside those of orders`,
    ],
    ['statement lines', lines === 0 ? undefined : `${lines} blanked`],
    [
      'payout accounts',
      accounts.length === 0
        ? undefined
        : `kept: they are the holder of ${accounts.map(({ name }) => name).join(', ')}, where money is paid to`,
    ],
  ])
  const kept = [
    ...orders
      .filter(({ forgotten }) => forgotten !== 'all')
      .map(each => [each.order.id, partOf(each), heldReasons[each.held!.why], untilDay(each)]),
    ...invoices
      .filter(({ forgotten }) => !forgotten)
      .map(each => [each.id, 'name, tax id', heldReasons[each.held!.why], untilDay(each)]),
  ]
  return kept.length === 0 ? facts : `${facts}\n${table(['KEPT', 'WHAT', 'WHY', 'UNTIL'], kept)}`
}

const partOf = ({ forgotten }: OrderOutcome) => (forgotten === 'contact' ? 'name, tax id' : 'all of it')
const untilDay = ({ held }: { held?: Held }) => (held?.until === undefined ? '' : held.until.slice(0, 10))

/**
 * One invoice, order or event that is printed whole is a record of the audit log, by the system's user, where
 * it has a CPF.
 */
export async function noteShownHere({ db }: Pick<Base, 'db'>, of: string, ...texts: string[]): Promise<void> {
  const { noteShown } = await import('../privacy/privacy.ts')
  await noteShown({ db }, { of, by: operator(), texts })
}

/**
 * A list that has whole tax ids is a record of the audit log, by the system's user; an empty one has none.
 */
export async function noteTaken(
  { db, world }: Pick<Base, 'db' | 'world'>,
  of: string,
  rows: number,
  filter: Readonly<Record<string, string>> = {},
): Promise<void> {
  if (rows === 0) return
  const { noteExport } = await import('../privacy/privacy.ts')
  await noteExport({ db, world }, { of, by: operator(), filter, rows })
}
