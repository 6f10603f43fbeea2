/**
 * Every page there is, by a name, with who sees it: what the tests of the pages visit and the screenshots
 * show.
 */
import type { Page } from 'playwright-core'
import { sql, type Sql } from '../../src/db/db.ts'
import { type SeededInstallation, type StatusName, statuses } from './seededInstallation.ts'

export interface Visited {
  /** Of its screenshot too: `console-invoice`. */
  name: string
  /** Whose session it takes; nobody's where left out. */
  as?: keyof SeededInstallation['people']
  /** Where it is; asked once the installation stands. */
  path(installation: SeededInstallation): string | Promise<string>
  /** What is done before it stands as its name says. */
  first?(page: Page): Promise<unknown>
  status?: number
}

const at = (name: string, path: string, more: Partial<Visited> = {}): Visited => ({
  name,
  path: () => path,
  ...more,
})

const intoBasket = async (page: Page) => {
  await page.goto('/products/caneca-esmaltada')
  await page.locator('form[action="/basket"] button').first().click()
}

const shop: Visited[] = [
  at('shop', '/'),
  at('shop-product', '/products/rede-de-algodao'),
  at('shop-sold-out', '/products/caderno-pautado'),
  at('shop-basket-empty', '/basket'),
  at('shop-basket', '/basket', { first: intoBasket }),
  at('shop-checkout', '/checkout', { first: intoBasket }),
  at('shop-not-found', '/products/nada', { status: 404 }),
  ...statuses.map((standing): Visited => ({
    name: `order-${kebab(standing)}`,
    path: ({ orders }) => `/orders/${orders[standing]}`,
  })),
]

type Listed = { id: string; state: string; rail: string }
type Kind = 'invoice' | 'payout'

/** The newest of a kind that is so. */
const one =
  (kind: Kind, rail: string, state: string) =>
  async (installation: SeededInstallation): Promise<string> => {
    const rows = await installation.ask<Listed[]>(kind, 'list', '--limit', '500')
    const found = rows.find(row => row.state === state && (row.rail === undefined || row.rail === rail))
    if (!found) throw new Error(`no ${kind} of ${rail} is ${state}`)
    return `/console/${kind}s/${found.id}`
  }

const event =
  (state: string, kind: RegExp, more = '') =>
  async (installation: SeededInstallation): Promise<string> => {
    const rows = await installation.ask<{ id: string; state: string; kind: string | null }[]>(
      'event',
      'list',
      '--limit',
      '500',
    )
    // What was pushed bears a signature; what was polled does not.
    const found = rows.find(
      row => row.state === state && kind.test(row.kind ?? '') && !row.id.startsWith('log-'),
    )
    if (!found) throw new Error(`no event of ${kind} is ${state}`)
    const [row] = await installation.running.app.db.all<{ id: bigint }>(
      sql`select id from inbox where event_id = ${found.id}`,
    )
    return `/console/events/${row!.id}${more}`
  }

const person = async ({ running: app }: SeededInstallation): Promise<string> =>
  `/console/people/${
    (await app.app.db.one<{ id: string }>(sql`select id from users
    where name = 'bruno'`))!.id
  }`

const routes: Visited[] = [
  at('console-sign-in', '/console/sign-in'),
  { name: 'console-welcome', path: ({ welcome }) => welcome },
  at('console-welcome-gone', `/console/welcome/${'A'.repeat(43)}`, { status: 410 }),
  at('console-step-up', '/console/step-up', { as: 'bruno' }),
  at('console-not-found', '/console/nada', { as: 'vera', status: 404 }),
  at('console-not-allowed', '/console/schedules/new', { as: 'vera', status: 403 }),
]

const schedules: Visited[] = [
  at('console-schedules', '/console/schedules', { as: 'ana' }),
  at('console-schedule', '/console/schedules/clube', { as: 'ana' }),
  at('console-schedule-paused', '/console/schedules/natal', { as: 'vera' }),
  at('console-schedule-new', '/console/schedules/new', { as: 'ana' }),
  at('console-schedule-edit', '/console/schedules/apoio/edit', { as: 'ana' }),
  at('console-schedule-dry-run', '/console/schedules/mensalidades/dry-run', { as: 'ana' }),
  at('console-schedule-run', '/console/schedules/mensalidades/run', { as: 'ana' }),
]

const money: Visited[] = [
  at('console-invoices', '/console/invoices', { as: 'ana' }),
  at('console-invoices-none', '/console/invoices?state=canceled', { as: 'vera' }),
  { name: 'console-invoice', as: 'ana', path: one('invoice', 'starkbank', 'credited') },
  { name: 'console-invoice-personal', as: 'carla', path: one('invoice', 'starkbank', 'credited') },
  { name: 'console-invoice-refused', as: 'ana', path: one('invoice', 'starkbank', 'refused') },
  { name: 'console-invoice-bitcoin', as: 'bruno', path: one('invoice', 'bitcoin', 'underpaid') },
  {
    name: 'console-invoice-duplicates',
    as: 'bruno',
    path: async installation =>
      `/console/invoices/${await row(
        installation,
        sql`select invoice_id as id from invoice_twins
        where state = 'credited'`,
      )}`,
  },
  at('console-payouts', '/console/payouts', { as: 'bruno' }),
  { name: 'console-payout', as: 'bruno', path: one('payout', 'starkbank', 'paid') },
  { name: 'console-payout-bitcoin', as: 'bruno', path: one('payout', 'bitcoin', 'sent') },
  at('console-proposals', '/console/proposals', { as: 'bruno' }),
  { name: 'console-proposal', as: 'bruno', path: proposal('open', 'ana') },
  { name: 'console-proposal-own', as: 'bruno', path: proposal('open', 'bruno') },
  { name: 'console-proposal-decided', as: 'vera', path: proposal('refused', 'ana') },
  {
    name: 'console-payout-limited',
    as: 'ana',
    path: async installation =>
      `/console/payouts/${await row(installation, sql`select payout_id as id from limit_waits`)}`,
  },
  at('console-reconciliation', '/console/reconciliation', { as: 'bruno' }),
  at('console-hand-over', '/console/payouts/hand-over', { as: 'bruno' }),
  at('console-limits', '/console/limits', { as: 'vera' }),
  at('console-limits-change', '/console/limits?of=installation+BRL', { as: 'ana' }),
  at('console-stop', '/console/stop', { as: 'bruno' }),
  at('console-events', '/console/events', { as: 'carla' }),
  { name: 'console-event', as: 'carla', path: event('done', /^invoice.credited/) },
  { name: 'console-event-chain', as: 'carla', path: event('done', /^coin.mined/) },
  { name: 'console-event-quarantined', as: 'carla', path: event('quarantined', /^/) },
  { name: 'console-event-replay', as: 'carla', path: event('quarantined', /^/, '/replay') },
  at('console-search', '/console/search?q=nada', { as: 'vera' }),
]

const row = async ({ running: app }: SeededInstallation, query: Sql): Promise<string> => {
  const found = await app.app.db.one<{ id: string }>(query)
  if (!found) throw new Error('the seeded installation lacks a row that a page is about')
  return found.id
}

function proposal(state: string, by: string) {
  return async (installation: SeededInstallation) =>
    `/console/proposals/${await row(
      installation,
      sql`select id from proposals where state = ${state}
      and made_by = ${by}`,
    )}`
}

const work: Visited[] = [
  at('console', '/console', { as: 'ana' }),
  at('console-accounts', '/console/accounts', { as: 'bruno' }),
  at('console-account', '/console/accounts/main', { as: 'ana' }),
  at('console-account-awaiting', '/console/accounts/reserva', { as: 'bruno' }),
  at('console-account-bitcoin', '/console/accounts/carteira', { as: 'vera' }),
  at('console-account-new', '/console/accounts/new', { as: 'ana' }),
  at('console-account-sign', '/console/accounts/sign', { as: 'bruno' }),
  at('console-account-banks', '/console/accounts/banks?q=stark', { as: 'ana' }),
  at('console-products', '/console/products', { as: 'ana' }),
  at('console-product-new', '/console/products/new', { as: 'ana' }),
  {
    name: 'console-product',
    as: 'ana',
    path: async installation =>
      `/console/products/${await row(
        installation,
        sql`select id from products
        where slug = 'caneca-esmaltada'`,
      )}`,
  },
  at('console-runs', '/console/runs', { as: 'carla' }),
  {
    name: 'console-run',
    as: 'carla',
    path: async installation =>
      `/console/runs/${await row(
        installation,
        sql`select id from runs where summary like '%refused%' order by id
        limit 1`,
      )}`,
  },
  at('console-bitcoin', '/console/bitcoin', { as: 'bruno' }),
  {
    name: 'console-bundle',
    as: 'bruno',
    path: async installation =>
      `/console/bitcoin/${await row(installation, sql`select id from bundles order by id limit 1`)}`,
  },
  {
    name: 'console-posting',
    as: 'vera',
    path: async installation =>
      `/console/postings/${await row(
        installation,
        sql`select id from ledger_transactions order by id
        limit 1`,
      )}`,
  },
]

const people: Visited[] = [
  at('console-people', '/console/people', { as: 'carla' }),
  { name: 'console-person', as: 'carla', path: person },
  at('console-me', '/console/me', { as: 'vera' }),
  at('console-keys', '/console/me/keys', { as: 'ana' }),
  at('console-audit', '/console/audit', { as: 'vera' }),
]

export const everyPage: readonly Visited[] = [...shop, ...routes, ...work, ...schedules, ...money, ...people]

function kebab(name: StatusName): string {
  return name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}
