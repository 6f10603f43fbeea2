/**
 * Two stores on one installation: what one owns is in no query, page or list of the other. Everything is made
 * in the one and then given to another, so that whoever still looks from the first has to find nothing of it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defaultStore, inStore, sql, type Db, type Reader } from '../src/db/db.ts'
import { approveAndDo, placeOrder, type App } from '../src/jobs/jobs.ts'
import { changeLimits, findAccount, listAccounts, receivables, showLimits } from '../src/payout/payout.ts'
import { listUsers } from '../src/people/people.ts'
import { tracesOf } from '../src/privacy/privacy.ts'
import { showAccount } from '../src/queries/accounts.ts'
import { judgeFilters } from '../src/queries/asked.ts'
import { attentionOf } from '../src/queries/attention.ts'
import { countInvoices, listInvoices, placeOfInvoice, showInvoice } from '../src/queries/invoices.ts'
import { handOvers } from '../src/queries/handOver.ts'
import { everything } from '../src/queries/lookup.ts'
import { namesOf } from '../src/queries/names.ts'
import { listOrders, placeOfOrder, showOrderRecord } from '../src/queries/orders.ts'
import { nextSlots, showOverview } from '../src/queries/overview.ts'
import { listPayouts, showPayout } from '../src/queries/payouts.ts'
import { keptProduct, keptProducts, priced, shownProduct, shownProducts } from '../src/queries/products.ts'
import { listProposals, placeOfProposal } from '../src/queries/proposals.ts'
import { listRuns, placeOfRun, showRun } from '../src/queries/runs.ts'
import { pageOfSchedules } from '../src/queries/schedules.ts'
import { checkBooks } from '../src/reconcile/reconcile.ts'
import { findSchedule, listSchedules } from '../src/schedule/schedule.ts'
import { findProposal } from '../src/ledger/ledger.ts'
import { invoiceFilters } from '../src/queries/filters.ts'
import { allProducts, findOrderByToken, shopRules } from '../src/shop/shop.ts'
import { consoleVisitor, visitorOf, type ConsoleVisitor } from './testbed/consoleVisitor.ts'
import { addTestPerson } from './testbed/testPerson.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { furnishShop } from './testbed/shopFloor.ts'
import { openTestInstallation } from './testbed/testInstallation.ts'
import { openTrialAccount } from './testbed/trial.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { accountAdd, scheduleAdd } from './testbed/terminal.ts'
import { until } from './testbed/until.ts'

const other = 'sto_other'
const owned = ['accounts', 'schedules', 'invoices', 'payouts', 'products', 'orders', 'proposals'] as const

/** Its ids by table, and what its rows are called. */
interface Theirs {
  ids: Record<(typeof owned)[number] | 'users' | 'runs', string[]>
  slug: string
  marks: string[]
}

const all = { query: {}, from: undefined, until: undefined, after: undefined }

/** What is read of a store, by what it is read for. */
const queries: Record<string, (db: Db, theirs: Theirs, app: App) => Promise<unknown>> = {
  accounts: db => listAccounts(db),
  'an account': async (db, { ids }) => {
    const row = await findAccount(db, ids.accounts[0]!)
    return row && showAccount(db, row)
  },
  names: async db => [await namesOf(db, 'accounts'), await namesOf(db, 'schedules')],
  schedules: async db => [await listSchedules(db), await pageOfSchedules(db, '', { limit: 20, bars: 5 })],
  'next slots': db => nextSlots(db),
  'a schedule': async db => [await findSchedule(db, 'aluguel')],
  overview: async (db, _, app) => ({ ...(await showOverview({ ...app, db })), next: [] }),
  invoices: db => listInvoices(db, all, 50),
  'how many invoices': async (db, { ids }) => ((await countInvoices(db, all)) > 0 ? ids.invoices : []),
  'where a list goes on': async (db, { ids }) => [
    await placeOfInvoice(db, ids.invoices[0]!, undefined),
    await placeOfOrder(db, ids.orders[0]!),
    await placeOfProposal(db, ids.proposals[0]!),
    await placeOfRun(db, ids.runs[0]!, undefined),
  ],
  'what filters may mean': db => judgeFilters(db, invoiceFilters, { account: 'reserv', schedule: 'aluguer' }),
  'an invoice': (db, { ids }) => showInvoice(db, ids.invoices[0]!, '2126-01-01T00:00:00.000Z'),
  payouts: db => listPayouts(db, all, 50),
  'a payout': (db, { ids }) => showPayout(db, ids.payouts[0]!),
  runs: db => listRuns(db, { ...all, query: { job: 'issue' } }, 50),
  'a run': (db, { ids }) => showRun(db, ids.runs[0]!, 'all'),
  products: async db => [await allProducts(db), await keptProducts(db), await shownProducts(db)],
  'a product': async (db, { ids, slug }) => [
    await shownProduct(db, slug),
    await keptProduct(db, ids.products[0]!),
    (await priced(db, [{ productId: ids.products[0]!, quantity: 1n }])).lines.map(({ product }) => product),
  ],
  'shop rules': db => shopRules(db),
  orders: db => listOrders(db, all, 50),
  'an order': async (db, { ids }) => {
    const shown = await showOrderRecord(db, ids.orders[0]!)
    return shown.is === 'shown' && shown
  },
  proposals: db => listProposals(db, all, 50),
  'a proposal': (db, { ids }) => findProposal(db, ids.proposals[0]!),
  'cash to hand over': db => handOvers(db),
  limits: db => showLimits(db, '2126-01-01T00:00:00.000Z'),
  people: db => listUsers(db),
  attention: db => attentionOf(db, '2126-01-01T00:00:00.000Z'),
  search: async (db, { marks }) => Promise.all(marks.map(mark => everything(db, mark))),
  'a payer': db => tracesOf(db, '012.345.678-90'),
  'what payees owe': db => receivables(db),
}
/** Of which this story has nothing. */
const empty = new Set(['what payees owe', 'cash to hand over'])

const textOf = (value: unknown) =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? `${each}` : each)) ?? ''

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  const there = engine === 'SQLite' || postgresAvailable()
  describe.skipIf(!there)(there ? 'a second store' : 'no PostgreSQL is to be had, so a second store', () => {
    let server: Postgres | undefined
    let installation: PageInstallation
    let ada: ConsoleVisitor
    let bruno: ConsoleVisitor
    let served: App
    let db: Db
    let theirs: Theirs
    let token: string

    beforeAll(async () => {
      server = engine === 'PostgreSQL' ? await startPostgres({ durable: false }) : undefined
      installation = await openPageInstallation(
        server && { env: { DATABASE_URL: await server.migratedDatabase() } },
      )
      ada = await consoleVisitor(installation, 'ada', 'admin')
      bruno = await visitorOf(installation, await addTestPerson(installation, 'bruno', 'checker'))
      const { app } = installation.running
      db = app.db
      await openTrialAccount(db, app.world)
      await installation.repasse(...accountAdd({ name: 'reserva', number: '1234567890123456' }))
      await installation.repasse(...scheduleAdd({ name: 'aluguel', count: '1..1' }))
      await installation.repasse('schedule', 'run', 'aluguel', '--by', 'root')
      const invoice = await until(
        () => db.one<{ id: string }>(sql`select id from invoices where state = 'issued'`),
        'an invoice that is issued',
      )
      await installation.pay(invoice.id)
      const payout = await until(
        () => db.one<{ id: string }>(sql`select id from payouts where state = 'paid'`),
        'its payout to be paid',
      )
      const floor = await furnishShop(db, app.world, ['starkbank'])
      const placed = await placeOrder(app, floor.placing())
      if (placed.is !== 'placed') throw new Error('the order was not placed')
      token = placed.order.token
      await installation.repasse(
        ...[
          'limits',
          'set',
          '--account',
          'main',
          '--per-day',
          '1000.00',
          '--why',
          'as agreed',
          '--by',
          'root',
        ],
      )
      await installation.repasse('account', 'object', 'reserva', '--why', 'not ours', '--by', 'root')
      await installation.repasse('account', 'clear', 'reserva', '--why', 'it is', '--by', 'rosa')
      expect(payout).toBeDefined()
      // A worker would find that rows were edited past the program, and say so to everybody.
      ;({ app: served } = await installation.serveAlone())
      ;({ db } = served)
      theirs = await give()
    })
    afterAll(async () => {
      await installation?.close()
      await server?.stop()
    })

    /** Gives all there is but `ada` to the other store, and answers what that is. */
    async function give(): Promise<Theirs> {
      await db.tx(async tx => {
        await tx.run(sql`insert into stores (id, name) values (${other}, 'another')`)
        for (const table of [...owned, 'store_rules', 'limits'])
          await tx.run({ ...sql`update `, texts: [`update ${table} set store_id = '${other}'`], values: [] })
        await tx.run(sql`update users set store_id = ${other} where name <> 'ada'`)
        await tx.run(sql`
          insert into runs (id, job, slot_id, worker, started_at, ended_at, outcome, summary)
            select 'run_0000000000000000000000fa11', 'issue', id, 'w', changed_at, changed_at, 'failed',
              'of aluguel'
            from slots limit 1`)
      })
      const idsOf = async (table: string) =>
        (await db.all<{ id: string }>({ texts: [`select id from ${table} order by id`], values: [] })).map(
          ({ id }) => id,
        )
      const ids = Object.fromEntries(
        await Promise.all(owned.map(async table => [table, await idsOf(table)] as const)),
      ) as Theirs['ids']
      ids.users = (await db.all<{ id: string }>(sql`select id from users where name = 'bruno'`)).map(
        ({ id }) => id,
      )
      ids.runs = (await db.all<{ id: string }>(sql`select id from runs where slot_id is not null`)).map(
        ({ id }) => id,
      )
      for (const [table, some] of Object.entries(ids)) expect([table, some.length > 0]).toEqual([table, true])
      const { slug } = (await db.one<{ slug: string }>(sql`select slug from products order by id`))!
      return {
        ...{ ids, slug },
        marks: [...Object.values(ids).flat(), 'reserva', 'aluguel', 'Xícara', 'bruno', 'ana@example.com'],
      }
    }
    const foundIn = (text: string) => theirs.marks.filter(mark => text.includes(mark))

    test.each(Object.keys(queries))('%s: each store reads its own', async name => {
      const query = queries[name]!
      const seen = foundIn(textOf(await query(inStore(db, other), theirs, served)))
      if (!empty.has(name)) expect(seen).not.toEqual([])
      expect(foundIn(textOf(await query(db, theirs, served)))).toEqual([])
    })

    test('no page of the console shows it, and none of its things has a page there', async () => {
      const lists = [
        ...['', '/invoices', '/invoices.csv', '/payouts', '/payouts.csv', '/schedules', '/accounts'],
        ...['/proposals', '/products', '/limits', '/people', '/runs?job=issue', '/runs.csv?job=issue'],
        ...theirs.ids.invoices.map(id => `/invoices?q=${id}`),
      ]
      for (const path of lists) {
        const { status, text } = await ada.get(`/console${path}`)
        // What was asked for is in the box of its filter.
        const shown = text.replaceAll(/value="[^"]*"/g, '')
        expect([path, status, foundIn(shown)]).toEqual([path, 200, []])
      }
      const { accounts, schedules, invoices, payouts, products, proposals, users } = theirs.ids
      const pages = {
        ...{ accounts, schedules, invoices, payouts, proposals, people: users },
        'products/edit': products,
      }
      for (const [noun, ids] of Object.entries(pages))
        for (const id of ids)
          expect([noun, (await ada.get(`/console/${noun}/${id}`)).status]).toEqual([noun, 404])
    })

    test('no link of the console leads to it', async () => {
      // The books, the log, the inbox and what jobs log are the installation's.
      const common = /^\/console\/(?:audit|events|postings|reconciliation|sign-out|runs\/run_)/
      const seen = new Set(['/console'])
      for (const path of seen) {
        const { text, to, type } = await ada.get(path)
        const shown = text.replaceAll(/value="[^"]*"/g, '')
        expect([path, foundIn(shown)]).toEqual([path, []])
        const links = type.startsWith('text/html')
          ? [...text.matchAll(/href="(\/console[^"#]*)"/g)].map(([, href]) => href!.replaceAll('&amp;', '&'))
          : []
        for (const href of [to, ...links])
          if (href.startsWith('/console') && !common.test(href)) seen.add(href)
      }
      expect(seen.size).toBeGreaterThan(12)
    })

    test('its people are nobody here', async () => {
      expect(await bruno.get('/console/invoices')).toMatchObject({
        status: 302,
        to: expect.stringContaining('sign-in') as string,
      })
      expect((await ada.get('/console/invoices')).status).toBe(200)
    })

    test('the shop sells nothing of it, and has no page for its order', async () => {
      const shop = await fetch(`${installation.origin}/`)
      expect(foundIn(await shop.text())).toEqual([])
      expect((await fetch(`${installation.origin}/orders/${token}`)).status).toBe(404)
      expect(await findOrderByToken(inStore(db, other), token)).toBeDefined()
    })

    test('no list of the command line has it, and no act finds it', async () => {
      const lists = ['account', 'schedule', 'invoice', 'payout', 'proposal', 'product', 'order', 'user']
      for (const noun of lists) {
        const words = [noun, 'list', ...(noun === 'user' ? [] : ['--json'])]
        expect([noun, foundIn(await installation.repasse(...words))]).toEqual([noun, []])
      }
      for (const words of [
        ['run', 'list', '--job', 'issue'],
        ['limits', 'show'],
        ['shop', 'show'],
        ['status'],
      ])
        expect([words, foundIn(await installation.repasse(...words))]).toEqual([words, []])
      const { accounts, schedules, invoices, payouts, orders } = theirs.ids
      const acts = [
        ['account', 'close', accounts[0]!, '--why', 'x'],
        ['schedule', 'pause', schedules[0]!, '--why', 'x'],
        ['payout', 'hold', payouts[0]!, '--why', 'x'],
        ['payout', 'show', payouts[0]!],
        ['invoice', 'show', invoices[0]!],
        ['invoice', 'cancel', invoices[0]!, '--why', 'x'],
        ['invoice', 'receive', invoices[0]!, '--amount', '10.00'],
        ['payout', 'hand-over', payouts[0]!],
        ['payout', 'handed', payouts[0]!, '--why', 'x'],
        ['order', 'show', orders[0]!],
      ]
      for (const words of acts)
        await expect(installation.repasse(...words)).rejects.toThrow(
          /there is no (?:account|schedule|payout|invoice|order)/,
        )
    })

    test('a worker of the first issues, settles and pays what the other’s schedules ask for', async () => {
      const worked = await openTestInstallation({
        store: other,
        databaseUrl: await server?.migratedDatabase(),
      })
      try {
        // A limit that is in the way, and that two people of that store have raised.
        const theirDb = inStore(worked.db, other)
        const { id: accountId } = (await listAccounts(theirDb))[0]!
        const limit = (units: bigint) =>
          theirDb.tx(tx =>
            changeLimits(tx, worked.app.world, {
              ...{ asset: 'BRL', accountId, wanted: { payout: units }, by: 'ana', why: 'agreed' },
            }),
          )
        expect((await limit(5_000n)).is).toBe('lowered')
        const raised = await limit(50_000n)
        if (raised.is !== 'proposed') throw new Error('the limit was not to be raised by two')
        const approved = await approveAndDo({ ...worked.app, db: theirDb }, raised.proposal.id, {
          by: 'bruno',
        })
        expect(approved.is).toBe('approved')
        worked.bank.pay(worked.atBank.id)
        worked.pass(60_000)
        await worked.hear(worked.event('invoice.credited'))
        await worked.send()
        worked.pass(60_000)
        await worked.hear(worked.event('transfer.success'))
        const payouts = await worked.db.all(sql`select store_id, state from payouts`)
        expect(payouts).toEqual([{ store_id: other, state: 'paid' }])
        expect(await checkBooks(worked.db, worked.app.world)).toEqual([])
        expect(await worked.audit()).toEqual([])
      } finally {
        await worked.close()
      }
    })

    test('what is made is of the store that its maker looks from', async () => {
      const reader: Reader = inStore(db, other)
      expect([db.store, reader.store]).toEqual([defaultStore, other])
      await installation.repasse(...accountAdd({ name: 'reserva', number: '1234567890123456' }))
      const stores = await db.all<{ store_id: string }>(
        sql`select store_id from accounts where name = 'reserva' order by store_id`,
      )
      expect(stores.map(({ store_id: store }) => store)).toEqual([defaultStore, other])
    })
  })
})
