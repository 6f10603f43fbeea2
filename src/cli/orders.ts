/** `repasse order`: what was ordered in the shop, and everything that happened to it. */
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import { maskTaxId } from '../base/brazil.ts'
import type { InvoiceRow } from '../invoice/invoice.ts'
import type { MailRow } from '../mail/mail.ts'
import type { OrderLineRow, OrderRow } from '../shop/shop.ts'
import { orderFilters, type FilterOf } from '../queries/filters.ts'
import { personFlag, textFlag } from './flags.ts'
import { chosenBy, listFlags, readFilters, sayMore, type ListFlags } from './listFlags.ts'
import {
  example,
  historyJson,
  historyTable,
  json,
  moneyOf,
  formatReais,
  sheet,
  table,
  formatMoney,
} from './print.ts'
import { forgetOrderCommand, noteShownHere, noteTaken } from './privacy.ts'
import { done, inBase, operator } from './shell.ts'
import type { Shell } from './context.ts'
import { orderJson } from '../queries/json/orders.ts'

type OrderFlags = ListFlags<FilterOf<typeof orderFilters>>

export function orderCommands(repasse: Command, shell: Shell): void {
  const order = repasse
    .command('order')
    .description('orders: what was bought in the shop')
    .addHelpText('after', example('order list'))

  listFlags(order.command('list').description('orders, newest first'), orderFilters, 'order')
    .addHelpText('after', example('order list --state awaiting --limit 20'))
    .action((flags: OrderFlags) =>
      inBase(shell, async ({ db, world }) => {
        const { listOrders, placeOfOrder } = await import('../queries/orders.ts')
        const asked = await readFilters(db, flags, orderFilters, async id => {
          const place = await placeOfOrder(db, id)
          if (!place) throw new BadInput(`--before "${id}" is not an order: "repasse order list" shows them`)
          return place
        })
        const { limit, json: asJson } = flags
        const rows = await listOrders(db, asked, limit)
        if (asJson) await noteTaken({ db, world }, 'orders', rows.length, chosenBy(flags))
        const line = (row: OrderRow) => [
          row.id,
          row.added_at,
          row.state,
          row.rail,
          formatReais(row.units),
          row.name,
          row.attention ?? '',
        ]
        await shell.out(
          asJson
            ? json(rows.map(orderJson))
            : table(
                ['ORDER', 'PLACED (UTC)', 'STATE', 'RAIL', '>TOTAL', 'NAME', 'NEEDS A PERSON'],
                rows.map(line),
              ),
        )
        sayMore(
          shell,
          flags,
          rows.map(({ id }) => id),
        )
      }),
    )

  order
    .command('show')
    .description('one order: its lines, its invoices, its letters and its history')
    .argument('<order>', 'its id, or the eight characters it is called by')
    .option('--json', 'as JSON')
    .addHelpText('after', example('order show 4P6R8S0T'))
    .action((name: string, { json: asJson }: { json?: true }) =>
      inBase(shell, async ({ db, config }) => {
        const { showOrderRecord } = await import('../queries/orders.ts')
        const { row, lines, invoices, mails, steps } = await done(await showOrderRecord(db, name))
        const page =
          config.PUBLIC_URL === undefined
            ? undefined
            : `${config.PUBLIC_URL.replace(/(?<!\/)\/+$/, '')}/orders/${row.token}`
        if (!asJson) return shell.out(text(row, page, lines, invoices, mails, historyTable(steps)))
        await noteShownHere({ db }, row.id, row.tax_id)
        await shell.out(
          json({
            ...orderJson(row),
            page: page ?? null,
            lines: lines.map(line => ({
              product: line.product_id,
              name: line.name,
              price: moneyOf(line.units),
              quantity: Number(line.quantity),
            })),
            invoices: invoices.map(({ id, state, rail, units, asset, due_at: dueAt }) => ({
              id,
              state,
              rail,
              ...moneyOf(units, asset),
              dueAt,
            })),
            mails: mails.map(({ id, kind, state, tries, why }) => ({
              id,
              kind,
              state,
              tries: Number(tries),
              why,
            })),
            history: historyJson(steps),
          }),
        )
      }),
    )

  order
    .command('attended')
    .description('says that what the order needed a person for is looked after')
    .argument('<order>', 'its id, or the eight characters it is called by')
    .requiredOption('--why <words>', 'what was done, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who did it (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example('order attended 4P6R8S0T --why "the second payment was sent back by hand"'))
    .action((name: string, { why, by = operator() }: { why: string; by?: string }) =>
      inBase(shell, async ({ db }) => {
        const { attended } = await import('../shop/shop.ts')
        const { order: row } = await done(await attended(db, name, { by, why }))
        await shell.out(`order ${row.id} needs nobody any more\n`)
      }),
    )

  order
    .command('end')
    .description(
      'ends an order that waits though its time is over, paid in part for one; its stock goes back',
    )
    .argument('<order>', 'its id, or the eight characters it is called by')
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who ends it (default: the user of this system)', personFlag('--by'))
    .addHelpText(
      'after',
      example('order end 4P6R8S0T --why "the rest is not coming, and the part was sent back"'),
    )
    .action((name: string, { why, by = operator() }: { why: string; by?: string }) =>
      inBase(shell, async ({ db }) => {
        const { endOrder } = await import('../shop/shop.ts')
        const { order: row } = await done(await endOrder(db, name, { by, why }))
        await shell.out(`order ${row.id} is over, and its stock is back\n`)
      }),
    )

  order
    .command('letters')
    .description('sends the mails of an order again that could not be sent')
    .argument('<order>', 'its id, or the eight characters it is called by')
    .option('--by <person>', 'who says so (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example('order letters 4P6R8S0T'))
    .action((name: string, { by = operator() }: { by?: string }) =>
      inBase(shell, async ({ db }) => {
        const { sendMailsAgain } = await import('../shop/shop.ts')
        const { order: row, letters } = await done(await sendMailsAgain(db, name, by))
        await shell.out(`${letters} of order ${row.id} will be tried again\n`)
      }),
    )

  forgetOrderCommand(order, shell)
}

function text(
  row: OrderRow,
  page: string | undefined,
  lines: OrderLineRow[],
  invoices: InvoiceRow[],
  mails: MailRow[],
  steps: string,
): string {
  const facts = sheet([
    ['order', row.id],
    ['state', row.paid_late === 1n ? `${row.state}, after it had expired` : row.state],
    ['needs a person', row.attention],
    ['total', `${formatReais(row.units)}, by ${row.rail}`],
    ['buyer', buyerOf(row)],
    ['page', page],
    ['paid by', row.paid_by],
    ...mails.map(({ kind, state, why }): [string, string] => [
      `letter "${kind}"`,
      why === null ? state : `${state}: ${why}`,
    ]),
  ])
  const goods = table(
    ['>HOW MANY', 'WHAT', '>EACH', '>IN ALL'],
    lines.map(({ quantity, name, units }) => [
      `${quantity}`,
      name,
      formatReais(units),
      formatReais(units * quantity),
    ]),
  )
  const asked = table(
    ['INVOICE', 'STATE', '>AMOUNT', 'DUE (UTC)'],
    invoices.map(({ id, state, units, asset, due_at: due }) => [id, state, formatMoney(units, asset), due]),
  )
  return `${facts}\n${goods}\n${asked}\n${steps}`
}

const buyerOf = ({ name, tax_id: taxId, email, forgotten_at: forgottenAt }: OrderRow): string =>
  forgottenAt === null
    ? [name, maskTaxId(taxId), email].filter(Boolean).join(', ')
    : `forgotten ${forgottenAt}`
