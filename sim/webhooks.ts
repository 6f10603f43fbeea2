/** Where the workspace wants its events pushed. */
import type { Office } from './office.ts'
import { readFields } from './orders.ts'
import { refuse } from './refusal.ts'
import { makeTable, type Row, type Table } from './table.ts'

export interface Webhook extends Row {
  url: string
  subscriptions: string[]
}

/** Stark Bank docs, Webhook: what may be subscribed to. */
const subscriptions = [
  'transfer',
  'boleto',
  'boleto-payment',
  'utility-payment',
  'brcode-payment',
  'boleto-holmes',
  'deposit',
  'darf-payment',
  'payment-request',
  'invoice',
]

export interface Webhooks {
  table: Table<Webhook>
  create(body: Buffer): Webhook
  get(id: string): Webhook
  remove(id: string): Webhook
}

export function makeWebhooks(office: Office): Webhooks {
  const table = makeTable<Webhook>({})
  const get = (id: string) => table.get(id) ?? refuse('invalidWebhookId', `Webhook not found: ${id}`)
  return {
    table,
    get,
    create(body) {
      const { url, subscriptions: wanted } = readFields(body)
      // The real bank insists on https with a public certificate; a simulation lives on loopback.
      if (typeof url !== 'string' || !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
        refuse('invalidUrl', 'url must be an http or https address')
      const known =
        Array.isArray(wanted) && wanted.length > 0 && wanted.every(name => subscriptions.includes(name))
      if (!known) refuse('invalidSubscription', `subscriptions must be some of ${subscriptions.join(', ')}`)
      return table.add({
        id: office.id(),
        created: office.stamp(),
        url: url as string,
        subscriptions: wanted as string[],
      })
    },
    remove(id) {
      get(id)
      return table.remove(id)!
    },
  }
}
