/**
 * Text that a person or a provider supplies stays text: written into every column that holds some, and looked
 * for on every page, link and download.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { audit } from '../src/ledger/ledger.ts'
import { sql } from '../src/db/db.ts'
import { openAsker, type Answered, type Asker } from './testbed/asker.ts'
import { carry, tokenOf } from './testbed/testPerson.ts'
import { plant, plantSecrets } from './testbed/planted.ts'
import { axe, browserAvailable, openBrowser, visit } from './testbed/browser.ts'
import { openSeededInstallation, type SeededInstallation } from './testbed/seededInstallation.ts'
import { projectFiles } from './testbed/tree.ts'

/**
 * Columns whose text comes from outside: from shoppers, operators, payers' rosters, providers, browsers,
 * programs that failed.
 */
const provided: Readonly<Record<string, readonly string[]>> = {
  account_objections: ['made_by', 'why', 'cleared_by'],
  alarms: ['name', 'why'],
  anchor_mails: ['address', 'why'],
  accounts: ['name', 'holder', 'tax_id', 'bank', 'branch', 'number', 'added_by', 'approved_by'],
  attempts: ['why'],
  bundles: ['why'],
  external_rules: ['name', 'text', 'why', 'added_by', 'approved_by'],
  forgotten_invoices: ['status', 'decided_by', 'decided_why'],
  inbox: ['event_id', 'signature', 'why', 'kind'],
  invoices: ['payer_name', 'payer_tax_id', 'description', 'brcode', 'link', 'late_by'],
  invoice_cancels: ['asked_by', 'asked_why', 'why'],
  invoice_refunds: ['made_by', 'decided_by', 'decided_why'],
  invoice_reissues: ['asked_by', 'asked_why'],
  invoice_twins: ['decided_by', 'decided_why'],
  ledger_transactions: ['memo'],
  limit_objections: ['made_by', 'why', 'cleared_by'],
  limits: ['set_by', 'approved_by'],
  mails: ['why'],
  objections: ['made_by', 'why', 'cleared_by'],
  order_lines: ['name'],
  orders: ['name', 'email', 'tax_id', 'attention'],
  payouts: ['why'],
  person_mails: ['address', 'detail', 'why'],
  products: ['name', 'description', 'added_by'],
  proposals: ['act', 'subject', 'detail', 'why', 'made_by', 'decided_by', 'decided_why'],
  rails_heard: ['why'],
  run_lines: ['line'],
  runs: ['worker', 'summary', 'lacks'],
  schedule_holds: ['why'],
  schedules: ['name', 'added_by'],
  sessions: ['address', 'agent', 'revoked_by'],
  slots: ['held'],
  store_rules: ['changed_by'],
  strangers: ['description', 'source', 'why', 'decided_by'],
  transition_repeats: ['last_why', 'last_ref'],
  transitions: ['why', 'ref'],
  users: ['name', 'email', 'added_by', 'given_by'],
}

/**
 * Columns whose text is made by the program, checked by the schema, or read back strictly; every other has to
 * be above.
 */
const ours = new Set(
  `account_id account asset address at basket_key batch_tag booked branch bucket catch_up cause cron csrf currency destination digest discounts environment
  external_id folded folder from_state hash holder_of id invoice_id invoice_tag job kind language leases line_of media_type method movement name_of order_key outcome outpoint part
  reason last_reason held_reason detail held_detail last_detail attention_reason attention_detail
  paid_by pair password pem photo plan policy previous proposal_id provider_id rail rate_sources recover ref_of reissue_of role roster rule since slug source spent_by state under_way_since scope per
  subject about time_zone to_state token token_hash told_state totp_secret txid type verdict version via worker_of block_hash
  direction field match period read_for public_key dropped_digest`.split(/\s+/),
)
const tablesOfOurs =
  /^(audit|bank_keys|signing_keys|statements|chain_|coin|cursors|leases|migrations|rates|settings|sign_in_failures|shop_ask|sqlite_|stores|invitations|inbox_conflicts|bundle_|product_photos|twin_watches|limit_|suspense_lines|strange_transfers|foreign_|walks|book_findings|drifts|holds)/

const reasoned = new Set(['transitions', 'payouts', 'attempts', 'bundles', 'inbox'])

const markOf = (column: string) => `=MARK-7"'><xss-${column} onerror=alert(1)>`
const shownMark = (column: string) => `&lt;xss-${column} `

let installation: SeededInstallation
const pages = new Map<string, Answered>()

const tokens = new Map<string, string>()
const planted = plant()
const as = (name: string): Asker => {
  const asker = openAsker(installation.origin)
  asker.cookies.set('console', tokens.get(name)!)
  return asker
}

beforeAll(async () => {
  installation = await openSeededInstallation()
  // Before their names become marks too.
  for (const name of ['carla', 'ana', 'bruno'] as const)
    tokens.set(name, await tokenOf(installation, installation.people[name]))
  plantSecrets(planted, installation, installation.people, tokens)
  planted.add('invitation', installation.welcome.split('/').at(-1)!)
  await poison(installation)
  await crawl(as('carla'))
  // Who may act is shown forms that others are not.
  const found = [...pages.keys()].filter(path => path.startsWith('/console'))
  for (const name of ['ana', 'bruno'])
    for (const path of found) pages.set(`${path} as ${name}`, await as(name).get(path))
}, 300_000)
afterAll(() => installation?.close())

/**
 * What people did about an invoice: a refund, a cancelation, and asking again, each with their names and
 * reasons.
 */
async function actOnInvoice({ running: { app } }: SeededInstallation): Promise<void> {
  const { db } = app
  const invoice = (await db.one<{ id: string; provider_id: string }>(
    sql`select id, provider_id from invoices where rail = 'starkbank' and state = 'credited' order by id
      limit 1`,
  ))!
  const other = (await db.one<{ id: string }>(
    sql`select id from invoices where rail = 'starkbank' and id <> ${invoice.id} order by id limit 1`,
  ))!
  const at = '2026-11-21T03:00:00.000Z'
  await db.tx(async tx => {
    await tx.run(sql`
      insert into invoice_refunds (id, store_id, rail, invoice_id, provider_id, state, units, left_units,
        made_by, decided_by, decided_why, decided_at, added_at, changed_at)
      values ('ref_1', 'sto_default', 'starkbank', ${invoice.id}, ${invoice.provider_id}, 'failed', 1, 1, 'a',
        'b', 'c', ${at}, ${at}, ${at})`)
    await tx.run(sql`
      insert into invoice_cancels (invoice_id, asked_by, asked_why, why, added_at, changed_at)
        values (${invoice.id}, 'a', 'b', 'c', ${at}, ${at})`)
    await tx.run(sql`
      insert into invoice_reissues (invoice_id, reissue_of, asked_by, asked_why, added_at)
        values (${other.id}, ${invoice.id}, 'a', 'b', ${at})`)
  })
}

/**
 * What is said about people, and invoices that these books do not know: one row of each table that the seeded
 * days leave empty.
 */
async function speakOfPeople({ running: { app } }: SeededInstallation): Promise<void> {
  const at = '2026-11-21T03:00:00.000Z'
  await app.db.tx(async tx => {
    const [user] = await tx.all<{ id: string }>(
      sql`select id from users where state = 'active' order by id limit 1`,
    )
    await tx.run(sql`update users set email = 'a'`)
    await tx.run(sql`
      insert into objections (id, store_id, user_id, made_by, why, added_at)
        values ('obj_1', 'sto_default', ${user!.id}, 'a', 'b', ${at})`)
    await tx.run(sql`
      insert into account_objections (id, store_id, account_id, made_by, why, added_at)
      select 'obj_1', 'sto_default', min(id), 'a', 'b', ${at} from accounts where state <> 'closed'`)
    await tx.run(sql`
      insert into limit_objections (id, store_id, scope, made_by, why, added_at)
        values ('obj_1', 'sto_default', 'installation BRL', 'a', 'b', ${at})`)
    await tx.run(sql`
      insert into person_mails (id, store_id, address, language, kind, about, detail, state, why, next_at,
        added_at, changed_at)
      values ('pml_1', 'sto_default', 'a', 'pt-BR', 'objected', ${user!.id}, '{}', 'failed', 'b', ${at},
        ${at}, ${at})`)
    await tx.run(sql`
      insert into anchor_mails (id, store_id, address, seq, hash, transactions, at, state, why, next_at,
        added_at, changed_at)
      values ('anc_1', 'sto_default', 'a', 1, 'h', 0, ${at}, 'failed', 'b', ${at}, ${at}, ${at})`)
    await tx.run(sql`
      insert into forgotten_invoices (rail, provider_id, store_id, invoice_tag, units, status, made_at,
        seen_at)
      values ('starkbank', '1', 'sto_default', 'inv_1', 1, 'created', ${at}, ${at})`)
  })
}

async function poison({ running: { app } }: SeededInstallation): Promise<void> {
  const { db } = app
  const triggers = await db.all<{ name: string }>(sql`select name from sqlite_master where type = 'trigger'`)
  for (const { name } of triggers) await db.script(`drop trigger ${name}`)
  await db.tx(tx => tx.run(sql`update inbox set raw = ${rawEvent} where state = 'quarantined'`))
  // Whether the bank refuses a transfer is the day's luck: it may be asked for money that comes a moment
  // later.
  await db.tx(tx =>
    tx.run(sql`update attempts set why = 'refused' where rowid = (select min(rowid) from attempts)`),
  )
  await actOnInvoice(installation)
  await speakOfPeople(installation)
  await db.tx(async tx => {
    const now = await tx.now()
    await tx.run(
      sql`insert into alarms (name, why, since, seen_at) values ('clock of x', 'y', ${now}, ${now})`,
    )
    await tx.run(sql`update slots set state = 'due', held = 'x', held_reason = null
      where id = (select min(id) from slots)`)
  })
  for (const [table, columns] of Object.entries(provided))
    for (const column of columns) {
      // What is unique stays so, by the row's number behind it.
      if (column === 'detail') {
        const detail = JSON.stringify({ [markOf(`${table}-key`)]: markOf(`${table}-detail`) })
        await db.tx(tx => tx.run({ texts: [`update ${table} set ${column} = `, ''], values: [detail] }))
        continue
      }
      const text = `${column === 'link' ? 'javascript:alert(1)//' : ''}${markOf(`${table}-${column}`)}`
      // Words that have no code are shown as they are.
      if (column === 'why' && reasoned.has(table))
        await db.tx(tx => tx.run({ texts: [`update ${table} set reason = null, detail = null`], values: [] }))
      await db.tx(tx =>
        tx.run({
          texts: [`update ${table} set ${column} = `, ` || rowid where ${column} is not null`],
          values: [text],
        }),
      )
    }
  await db.tx(tx =>
    audit(tx, {
      actor: markOf('audit-actor'),
      act: markOf('audit-act'),
      subject: markOf('audit-subject'),
      detail: { [markOf('audit-key')]: markOf('audit-value') },
    }),
  )
  // Schedules are not as they were stated by now, so their holds stay.
  await db.tx(async tx =>
    tx.run(sql`
      insert into schedule_holds (schedule_id, store_id, why, added_at)
      select min(id), 'sto_default', ${markOf('schedule_holds-why')}, ${await tx.now()} from schedules`),
  )
  // Their triggers are gone, so the rows are written themselves: words that have a code, and some that have none.
  const saidBefore = { said: markOf('holds-detail') }
  await db.tx(tx =>
    tx.run(sql`
      insert into holds (mark, reason, detail, why, held_by)
        values ('1', 'said-before', ${JSON.stringify(saidBefore)}, ${saidBefore.said}, 'x'),
          ('2', 'of a newer release', null, ${markOf('holds-why')}, 'x')`),
  )
}

const rawEvent = new Uint8Array(
  Buffer.from(
    JSON.stringify({
      event: {
        id: markOf('raw-id'),
        subscription: markOf('raw-subscription'),
        log: { [markOf('raw-key')]: markOf('raw-value') },
      },
    }),
  ),
)

/** Every page that can be reached from the first ones, some of each shape. */
async function crawl(admin: Asker): Promise<void> {
  const refused = await installation.running.app.db.all<{ id: string }>(
    sql`select payout_id as id from attempts where why is not null`,
  )
  const waiting = [
    '/',
    '/basket',
    '/checkout',
    '/console',
    ...Object.values(installation.orders).map(token => `/orders/${token}`),
    // One of many, which six of a kind need not meet.
    ...refused.map(({ id }) => `/console/payouts/${id}`),
    '/console/me',
    '/console/events?state=quarantined',
    '/console/payouts?state=held',
    '/console/step-up',
    '/nowhere',
  ]
  const perShape = new Map<string, number>()
  const known = new Set(waiting)
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const answer = await admin.get(path)
    pages.set(path, answer)
    for (const [, link] of answer.body.matchAll(/(?:href|action|src)="([^"]*)"/g)) {
      const target = decoded(link!)
      if (!URL.canParse(target, installation.origin + path)) continue
      const url = new URL(target, installation.origin + path)
      const next = url.pathname + url.search
      if (
        url.origin !== installation.origin ||
        known.has(next) ||
        next.startsWith('/assets/') ||
        url.pathname === '/console/sign-out'
      )
        continue
      known.add(next)
      const shape =
        url.pathname.replace(/\/[a-z]{3}_[0-9a-z]{26}|\/\d+|%[^/]*|\/[\w-]{40,}/g, '/*') +
        [...url.searchParams.keys()].join()
      const times = perShape.get(shape) ?? 0
      perShape.set(shape, times + 1)
      if (times < 6) waiting.push(next)
    }
  }
}

const decoded = (text: string) =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
const isPage = ({ headers }: Answered) => headers['content-type']?.startsWith('text/html') === true

test('every text of the schema is known to be somebody’s or ours', async () => {
  const { db } = installation.running.app
  const tables = await db.all<{ name: string }>(sql`select name from sqlite_master where type = 'table'`)
  const unknown: string[] = []
  for (const { name: table } of tables) {
    if (tablesOfOurs.test(table)) continue
    const columns = await db.all<{ name: string; type: string }>({
      texts: ['select name, type from pragma_table_info(', ')'],
      values: [table],
    })
    for (const { name, type } of columns)
      if (
        type.toLowerCase() === 'text' &&
        !/(_at|_from|_until|_since|_id)$/.test(name) &&
        !ours.has(name) &&
        !provided[table]?.includes(name)
      )
        unknown.push(`${table}.${name}`)
  }
  expect(unknown).toEqual([])
})

test('no page, link or download holds a secret, whoever looks', () => {
  expect(planted.names).toContain('authenticator of vera')
  expect(planted.leaksOf([...pages].map(([path, { body }]) => [path, body]))).toEqual([])
})

describe('on every page', () => {
  test('there is no mark as an element or as the end of an attribute [security xss]', () => {
    const broken = [...pages].flatMap(([path, answer]) => {
      const at = isPage(answer) ? answer.body.search(/<xss-|MARK-7"|"'>/) : -1
      return at < 0 ? [] : [`${path}: ${answer.body.slice(Math.max(0, at - 60), at + 60)}`]
    })
    expect(broken).toEqual([])
  })

  test('no link, form or picture leads to a script, to data, or to another installation [security xss]', () => {
    const allowed = /^(?:[?#]|\/(?!\/)|otpauth:\/\/|mailto:|bitcoin:|https:\/\/[a-z.-]*starkbank\.com\/)/
    const wrong: string[] = []
    for (const [path, { body }] of pages)
      for (const [, link] of body.matchAll(/\s(?:href|action|src|formaction|poster|data|cite)="([^"]*)"/g)) {
        const target = decoded(link!)
        if (!allowed.test(target) && !target.startsWith(installation.origin))
          wrong.push(`${path}: ${target.slice(0, 60)}`)
      }
    expect(wrong).toEqual([])
  })

  test('there is no script and no style in the text, and no handler in an element [security 11 xss]', () => {
    const wrong = [...pages]
      .filter(
        ([, answer]) =>
          isPage(answer) &&
          /<script(?![^>]* src=)|<style|\sstyle=|<[a-z][^>"]*(?:"[^"]*"[^>"]*)*\son[a-z]+=/.test(answer.body),
      )
      .map(([path]) => path)
    expect(wrong).toEqual([])
  })

  test('the policy forbids what should be there nevertheless [security 11]', () => {
    for (const [path, { headers, status }] of pages) {
      if (status === 302) continue
      expect([
        path,
        headers['content-security-policy']?.includes("default-src 'none'"),
        headers['x-content-type-options'],
      ]).toEqual([path, true, 'nosniff'])
    }
  })

  test('the server is well whatever the texts are', () => {
    expect(
      [...pages].filter(([, { status }]) => status >= 500).map(([path, { status }]) => `${path}: ${status}`),
    ).toEqual([])
  })
})

test('what is downloaded is no page, and a table holds no formula [security csv xss]', () => {
  const downloads = [...pages].filter(([, answer]) => !isPage(answer) && answer.status === 200)
  for (const [path, { headers, body }] of downloads) {
    const type = headers['content-type'] ?? ''
    expect([
      path,
      /^(?:text\/(?:plain|csv|event-stream)|application\/(?:x-ndjson|json|octet-stream)|image\/(?:jpeg|png|webp))/.test(
        type,
      ),
    ]).toEqual([path, true])
    if (!type.startsWith('image/'))
      expect([path, headers['content-disposition']?.startsWith('attachment')]).toEqual([path, true])
    if (type.startsWith('text/csv')) expect([path, /(?:^|[,\n])"?[=+@\t]/m.test(body)]).toEqual([path, false])
  }
})

test('the marks are seen: what was tried is what people look at', () => {
  const columns = Object.entries(provided).flatMap(([table, names]) => names.map(name => `${table}-${name}`))
  const others = [
    'audit-actor',
    'audit-act',
    'audit-subject',
    'audit-value',
    'proposals-key',
    'holds-why',
    'holds-detail',
    'raw-subscription',
    'raw-value',
  ]
  const bodies = [...pages.values()].map(({ body }) => body)
  const unseen = [...columns, ...others].filter(mark => !bodies.some(body => body.includes(shownMark(mark))))
  expect(pages.size).toBeGreaterThan(200)
  expect(unseen.filter(mark => !shownNowhere.has(mark))).toEqual([])
})

/**
 * What no page shows yet: a buyer’s name, e-mail and tax id are for the letters and the bank alone, and some
 * texts wait for a rarer story.
 */
const shownNowhere = new Set(
  `bundles-why invoices-late_by mails-why orders-name orders-email orders-tax_id products-added_by sessions-revoked_by store_rules-changed_by
  transition_repeats-last_ref transition_repeats-last_why runs-lacks rails_heard-why strangers-description strangers-source strangers-why
  strangers-decided_by external_rules-name external_rules-text external_rules-why external_rules-added_by external_rules-approved_by
  forgotten_invoices-status forgotten_invoices-decided_by forgotten_invoices-decided_why objections-cleared_by account_objections-cleared_by limit_objections-cleared_by person_mails-detail`.split(
    /\s+/,
  ),
)

test('no source puts text into a page as anything but text', () => {
  const sources = projectFiles(/\.tsx?$/).filter(
    ({ path }) => path.startsWith('src/') && !path.includes('.test.'),
  )
  const raw =
    /dangerouslySetInnerHTML|\binnerHTML\b|\bouterHTML\b|insertAdjacentHTML|document\.write|\beval\(|new Function\(|createContextualFragment/
  expect(sources.filter(({ text }) => raw.test(text)).map(({ path }) => path)).toEqual([])
})

describe.skipIf(!browserAvailable())('in a browser', () => {
  test('no mark runs, no policy is broken, and the pages stay whole [security 11 xss]', async () => {
    const browser = await openBrowser()
    try {
      const visitor = await visit(browser, installation.origin)
      await carry(visitor.context, installation, tokens.get('carla')!)
      const dialogs: string[] = []
      visitor.page.on('dialog', dialog => (dialogs.push(visitor.page.url()), void dialog.dismiss()))
      const shapes = new Map<string, string>()
      for (const [path, answer] of pages)
        if (isPage(answer) && answer.status === 200 && !path.includes(' as '))
          shapes.set(path.replace(/[^/?]*[\d%][^/?]*|\?.*/g, '*'), path)
      for (const path of shapes.values()) {
        await visitor.page.goto(path)
        expect([
          path,
          await visitor.page.evaluate(
            () =>
              [...document.querySelectorAll('*')].filter(({ localName }) => localName.startsWith('xss'))
                .length,
          ),
        ]).toEqual([path, 0])
      }
      expect(dialogs).toEqual([])
      expect(visitor.watched.faults).toEqual([])
      expect(await axe(visitor.page)).toEqual([])
    } finally {
      await browser.close()
    }
  }, 300_000)
})
