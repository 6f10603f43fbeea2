/** The API's map: which method and path does what, and how it is answered. */
import type { Auth } from './auth.ts'
import type { BankRequest, BankResponse } from './exchange.ts'
import type { Events } from './events.ts'
import type { Invoice, Invoices } from './invoices.ts'
import type { Ledger } from './ledger.ts'
import type { Office } from './office.ts'
import { readFields } from './orders.ts'
import { pythonJson, stampOf } from './python.ts'
import { Refusal, refuse } from './refusal.ts'
import type { Row, Table } from './table.ts'
import type { Signer } from './signing.ts'
import type { Transfers } from './transfers.ts'
import type { Webhooks } from './webhooks.ts'

export interface Counters {
  office: Office
  auth: Auth
  signer: Signer
  ledger: Ledger
  invoices: Invoices
  transfers: Transfers
  events: Events
  webhooks: Webhooks
}

type Ask = { id: string; query: URLSearchParams; body: Buffer }
type Route = (ask: Ask) => object

const answer = (status: number, body: object): BankResponse => ({
  is: 'answer',
  status,
  headers: { 'Content-Type': 'application/json' },
  body: pythonJson(body),
})

/** Answers one request as the bank would with nothing in between. */
export function makeRoutes(counters: Counters): (request: BankRequest) => BankResponse {
  const routes = mapOf(counters)
  const { office, auth } = counters
  return ({ method, path, query, headers, body, ip }) => {
    const known = find(routes, method, path)
    if (!known)
      return answer(404, { errors: [{ code: 'routeNotFound', message: `There is no ${method} ${path}` }] })
    const named = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    )
    try {
      // The public key may be asked for by anyone: an SDK's PublicUser sends no Access-Id.
      const anonymous = path === '/v2/public-key' && named['access-id'] === undefined
      const { refuseAll } = office.settings
      if (refuseAll && !anonymous) refuse(refuseAll, 'as the settings say')
      if (!office.settings.skipAuth && !anonymous)
        auth.check(named, method === 'GET' || method === 'DELETE' ? Buffer.alloc(0) : body, ip)
      return answer(200, known.route({ id: known.id, query, body }))
    } catch (error) {
      if (error instanceof Refusal) return answer(400, { errors: error.complaints })
      throw error
    }
  }
}

/** `/v2/invoice/123` is `invoice/:id`, unless the whole path is on the map. */
function find(
  routes: Record<string, Route>,
  method: string,
  path: string,
): { route: Route; id: string } | undefined {
  if (!path.startsWith('/v2/')) return undefined
  const parts = path.slice(4).replace(/\/$/, '').split('/')
  for (let place = parts.length; place >= 0; place--) {
    const name = place === parts.length ? parts.join('/') : parts.with(place, ':id').join('/')
    const route = routes[`${method} ${name}`]
    if (route) return { route, id: parts[place] ?? '' }
  }
  return undefined
}

function mapOf({
  office,
  signer,
  ledger,
  invoices,
  transfers,
  events,
  webhooks,
}: Counters): Record<string, Route> {
  const list =
    <T extends Row>(name: string, table: Table<T>): Route =>
    ({ query }) => {
      const { rows, cursor } = table.page(query)
      return { cursor, [name]: rows.map(pick(query.get('fields'))) }
    }
  const log =
    (table: Table<Row>, code: string): Route =>
    ({ id }) => ({ log: table.get(id) ?? refuse(code, `Log not found: ${id}`) })
  const workspace = () => ({
    id: office.settings.workspaceId,
    username: 'simulated',
    name: 'Simulated workspace',
    allowedTaxIds: [],
    status: 'active',
  })

  return {
    'POST invoice': ({ body }) => ({
      message: 'Invoice(s) successfully created',
      invoices: invoices.create(body),
    }),
    'GET invoice': list('invoices', invoices.table),
    'GET invoice/:id': ({ id }) => ({ invoice: invoices.get(id) }),
    'PATCH invoice/:id': ({ id, body }) => ({
      message: 'Invoice successfully updated',
      invoice: invoices.patch(id, readFields(body)),
    }),
    'GET invoice/:id/payment': ({ id }) => ({ payment: paymentOf(invoices.get(id)) }),
    'GET invoice/log': list('logs', invoices.logs),
    'GET invoice/log/:id': log(invoices.logs, 'invalidInvoiceLog'),

    'POST transfer': ({ body }) => ({
      message: 'Transfer(s) successfully created',
      transfers: transfers.create(body),
    }),
    'GET transfer': list('transfers', transfers.table),
    'GET transfer/:id': ({ id }) => ({ transfer: transfers.get(id) }),
    'DELETE transfer/:id': ({ id }) => ({
      message: 'Transfer successfully canceled',
      transfer: transfers.cancel(id),
    }),
    'GET transfer/log': list('logs', transfers.logs),
    'GET transfer/log/:id': log(transfers.logs, 'invalidTransferLog'),

    'GET event': list('events', events.table),
    'GET event/:id': ({ id }) => ({ event: events.get(id) }),
    'PATCH event/:id': ({ id, body }) => ({
      message: 'Event successfully updated',
      event: events.setDelivered(id, readFields(body).isDelivered),
    }),
    'DELETE event/:id': ({ id }) => ({ message: 'Event successfully deleted', event: events.remove(id) }),
    'GET event/attempt': list('attempts', events.attempts),
    'GET event/attempt/:id': ({ id }) => ({
      attempt: events.attempts.get(id) ?? refuse('invalidEventAttempt', `Attempt not found: ${id}`),
    }),

    // The SDK repeats the body in the query here; only the body counts.
    'POST webhook': ({ body }) => ({
      message: 'Webhook successfully created',
      webhook: webhooks.create(body),
    }),
    'GET webhook': list('webhooks', webhooks.table),
    'GET webhook/:id': ({ id }) => ({ webhook: webhooks.get(id) }),
    'DELETE webhook/:id': ({ id }) => ({
      message: 'Webhook successfully deleted',
      webhook: webhooks.remove(id),
    }),

    'GET balance': () => ({
      cursor: null,
      balances: [
        {
          id: office.settings.workspaceId,
          amount: ledger.balance(),
          currency: 'BRL',
          updated: ledger.updated(),
        },
      ],
    }),
    'GET transaction': list('transactions', ledger.table),
    'GET transaction/:id': ({ id }) => ({
      transaction: ledger.table.get(id) ?? refuse('invalidTransaction', `Transaction not found: ${id}`),
    }),
    'GET public-key': ({ query }) => ({
      cursor: null,
      publicKeys: signer.publicKeys().slice(0, Number(query.get('limit') || 100)),
    }),
    'GET workspace': () => ({ cursor: null, workspaces: [workspace()] }),
    'GET workspace/:id': ({ id }) => ({
      workspace:
        id === office.settings.workspaceId
          ? workspace()
          : refuse('invalidWorkspace', `Workspace not found: ${id}`),
    }),
  }
}

/** The row, or only the fields that were asked for. */
function pick(fields: string | null): (row: object) => object {
  if (!fields) return row => row
  const wanted = new Set(fields.split(','))
  return row => Object.fromEntries(Object.entries(row).filter(([name]) => wanted.has(name)))
}

const paymentOf = (invoice: Invoice) =>
  invoice.status !== 'paid' && invoice.status !== 'voided'
    ? refuse('invalidInvoice', 'the invoice is not paid')
    : {
        amount: invoice.amount,
        name: invoice.name,
        taxId: invoice.taxId,
        bankCode: '34471744',
        branchCode: '0001',
        accountNumber: '10000-0',
        accountType: 'payment',
        endToEndId: invoice.tags.at(-1)?.toUpperCase() ?? stampOf(0),
        method: 'pix',
      }
