/**
 * What people do in the console to payouts, events and the switch: each twice, each by the wrong role, each
 * without a reason; and a log that is followed.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../src/base/id.ts'
import { instant } from '../src/base/world.ts'
import { checkLedger } from '../src/ledger/ledger.ts'
import { run } from '../src/jobs/jobs.ts'
import { history, sql } from '../src/db/db.ts'
import { rehearse } from '../src/webhooks/webhooks.ts'
import { consoleVisitor, type ConsoleVisitor } from './testbed/consoleVisitor.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { until } from './testbed/until.ts'
import { trialAccountFlags } from './testbed/trial.ts'

let installation: PageInstallation
let people: Record<'maker' | 'checker' | 'admin' | 'viewer', ConsoleVisitor>
let payout: string

const why = 'falei com o banco'
const stateOf = async (id: string) =>
  (await installation.running.app.db.one<{ state: string }>(sql`select state from payouts where id = ${id}`))!
    .state
const audited = async (act: string) =>
  await installation.running.app.db.all<{ actor: string; detail: string }>(
    sql`select actor, detail from audit where act = ${act} order by seq`,
  )

beforeAll(async () => {
  installation = await openPageInstallation()
  const { repasse, ask } = installation
  await repasse('account', 'add', ...trialAccountFlags)
  await repasse(
    'schedule',
    'add',
    '--name',
    'clube',
    '--cron',
    '0 9 1 1 *',
    '--time-zone',
    'UTC',
    '--payers',
    'random',
    '--count',
    '2',
    '--amount',
    '20..30',
    '--due-in',
    '2d',
    '--pay-to',
    'main',
  )
  await repasse('schedule', 'run', 'clube')
  const issued = await until(async () => {
    const rows = await ask<{ id: string; state: string }[]>('invoice', 'list')
    return rows.length === 2 && rows.every(({ state }) => state === 'issued') && rows
  }, 'the invoices')
  await installation.pay(issued[0]!.id)
  // Its account is not approved, so it waits.
  payout = await until(async () => (await ask<{ id: string }[]>('payout', 'list'))[0]?.id, 'its payout')
  people = {
    maker: await consoleVisitor(installation, 'maria', 'maker'),
    checker: await consoleVisitor(installation, 'chico', 'checker', 'en'),
    admin: await consoleVisitor(installation, 'alda', 'admin'),
    viewer: await consoleVisitor(installation, 'vera', 'viewer'),
  }
})
afterAll(() => installation?.close())

test('a payout is held by a maker and released by a checker, each once, with a reason that the audit log keeps', async () => {
  const path = `/console/payouts/${payout}`
  expect((await people.maker.get(path)).text).toContain(`action="${path}/hold"`)
  expect((await people.viewer.get(path)).text).not.toContain('action="/console/payouts')
  for (const wrong of ['checker', 'admin', 'viewer'] as const)
    expect((await people[wrong].post(`${path}/hold`, { why })).status).toBe(403)
  const mute = await people.maker.post(`${path}/hold`, { why: ' ' })
  expect([mute.status, mute.text]).toEqual([400, expect.stringContaining('Diga o motivo.')])
  expect(await stateOf(payout)).toBe('owed')

  expect(await people.maker.post(`${path}/hold`, { why })).toMatchObject({ status: 303, to: path })
  expect(await stateOf(payout)).toBe('held')
  const again = await people.maker.post(`${path}/hold`, { why })
  expect([again.status, again.text]).toEqual([400, expect.stringContaining('retido')])

  for (const wrong of ['maker', 'admin', 'viewer'] as const)
    expect((await people[wrong].post(`${path}/release`, { why })).status).toBe(403)
  expect((await people.checker.post(`${path}/release`, { why, csrf: 'x' })).status).toBe(403)
  await installation.skip(6 * 60_000)
  expect((await people.checker.post(`${path}/release`, { why, code: '000000' })).status).toBe(400)
  expect(await stateOf(payout)).toBe('held')
  expect(await people.checker.post(`${path}/release`, { why })).toMatchObject({ status: 303, to: path })
  expect(await stateOf(payout)).toBe('owed')
  expect((await people.checker.post(`${path}/release`, { why })).status).toBe(400)
  const retry = await people.checker.post(`${path}/retry`, { why })
  expect([retry.status, retry.text]).toEqual([400, expect.stringContaining('there is nothing to retry')])
  expect(await audited('payout held')).toMatchObject([
    { actor: 'maria', detail: expect.stringContaining(why) },
  ])
  expect(await audited('payout released')).toMatchObject([{ actor: 'chico' }])
  expect((await people.maker.post('/console/payouts/pay_none/hold', { why })).status).toBe(400)
})

test('anyone but a viewer stops every payout; a checker lets them go, and every page says so meanwhile', async () => {
  expect((await people.viewer.post('/console/stop', { why })).status).toBe(403)
  expect((await people.viewer.get('/console/stop')).text).not.toContain(
    '<form method="post" action="/console/stop"',
  )
  expect(await people.admin.post('/console/stop', { why })).toMatchObject({
    status: 303,
    to: '/console/stop',
  })
  for (const path of ['/console', '/console/invoices', '/console/runs', '/console/stop'])
    expect((await people.viewer.get(path)).text).toContain(`Repasses parados`)
  expect((await people.viewer.get('/console')).text).toContain(why)
  const again = await people.maker.post('/console/stop', { why: 'outro' })
  expect([again.status, again.text]).toEqual([400, expect.stringContaining('já estão parados')])

  for (const wrong of ['maker', 'admin', 'viewer'] as const)
    expect((await people[wrong].post('/console/stop/go', { why })).status).toBe(403)
  const seen = /name="seen" value="([^"]+)"/.exec((await people.checker.get('/console/stop')).text)![1]!
  expect((await people.checker.post('/console/stop/go', { seen })).status).toBe(400)
  const unseen = await people.checker.post('/console/stop/go', { why, seen: 'outro' })
  expect([unseen.status, unseen.text]).toEqual([400, expect.stringContaining('Another reason has come')])
  expect(await people.checker.post('/console/stop/go', { why, seen })).toMatchObject({ status: 303 })
  expect((await people.checker.post('/console/stop/go', { why, seen })).status).toBe(400)
  expect((await people.viewer.get('/console')).text).not.toContain('Repasses parados')
  expect(await audited('payouts stopped')).toMatchObject([{ actor: 'alda' }])
  expect(await audited('payouts let go')).toMatchObject([
    { actor: 'chico', detail: expect.stringContaining('alda') },
  ])
})

test('an event is proven by its stored bytes, and a replay is shown without being done, and done once', async () => {
  const { db, bitcoin: _, ...app } = installation.running.app
  // A poll may have found the credit first, and made its payout.
  const row = await until(
    () =>
      db.one<{ id: bigint; event_id: string }>(
        sql`select id, event_id from inbox where kind = 'invoice.credited' and via = 'push'
          and state = 'done'`,
      ),
    'the credit being pushed and settled',
  )
  const path = `/console/events/${row.id}`
  const page = (await people.viewer.get(path)).text
  expect(page).toContain('autêntica')
  expect(page).not.toContain('/replay')
  expect((await people.maker.get(`${path}/replay`)).status).toBe(403)

  const count = async () =>
    (await db.one<{ n: bigint }>(
      sql`select (select count(*) from transitions) + (select count(*) from ledger_transactions) as n`,
    ))!.n
  const before = await count()
  const shown = (await people.admin.get(`${path}/replay`)).text
  expect(shown).toContain('já estava creditada antes')
  expect(shown).toContain('Nada mais se moveria')
  expect(await count()).toBe(before)

  expect((await people.admin.post(`${path}/replay`, {})).status).toBe(400)
  expect(await people.admin.post(`${path}/replay`, { why })).toMatchObject({ status: 303, to: path })
  await until(
    async () => (await history(db, `${row.id}`)).filter(({ to_state: to }) => to === 'done').length === 2,
    'its second settling',
  )
  expect(await db.tx(checkLedger)).toEqual([])
  expect(await audited('event replayed')).toMatchObject([{ actor: 'alda' }])
  expect(await installation.ask<unknown[]>('payout', 'list')).toHaveLength(1)

  // Bytes that were changed where they are kept are seen to be others.
  await db.tx(tx => tx.run(sql`update inbox set raw = ${Buffer.from('{"event":{}}')} where id = ${row.id}`))
  expect((await people.viewer.get(path)).text).toContain('NÃO confere')
  const changed = (await db.one<never>(sql`select * from inbox where id = ${row.id}`))!
  expect(await rehearse({ ...app, db }, changed)).toMatchObject({ state: 'quarantined', moves: [] })
  expect((await people.viewer.get(`${path}/raw`)).type).toBe('application/octet-stream')
})

test('what a replay would move is told before it moves', async () => {
  const { db, bitcoin: _, ...app } = installation.running.app
  await until(
    async () =>
      (await db.one(sql`select 1 as yes from inbox where kind = 'invoice.paid' and via = 'push'`)) &&
      !(await db.one(sql`select 1 as yes from inbox where state in ('new', 'waiting')`)),
    'the bank being asked for nothing more',
  )
  // As if the installation had forgotten that it was paid: what the event says is new again.
  const row = (await db.one<never>(sql`select * from inbox where kind = 'invoice.paid' and via = 'push'`))!
  const invoice = (await db.one<{ id: string }>(sql`select id from invoices where state = 'credited'`))!
  await db.tx(tx => tx.run(sql`update invoices set state = 'issued' where id = ${invoice.id}`))
  expect(await rehearse({ ...app, db }, row)).toMatchObject({
    state: 'done',
    moves: [{ subject: invoice.id, from_state: 'issued', to_state: 'paid' }],
  })
  expect(
    (await db.one<{ state: string }>(sql`select state from invoices where id = ${invoice.id}`))!.state,
  ).toBe('issued')
  await db.tx(tx => tx.run(sql`update invoices set state = 'credited' where id = ${invoice.id}`))
})

test('a log is followed while its run lasts, from where the reader was, and by level', async () => {
  const { db, world, worker } = installation.running.app
  let go: () => void = () => undefined
  const held = new Promise<void>(resolve => (go = resolve))
  const ran = run({ db, world, worker }, 'poll', 60_000, async ({ log }) => {
    log.info({ n: 1 }, 'the first line <b>')
    log.warn({}, 'the second line')
    await held
    log.error({}, 'the last line')
    return 'two and one'
  })
  const id = await until(async () => {
    const row = await db.one<{ id: string }>(
      sql`select id from runs where job = 'poll' and outcome is null and exists (select 1 from run_lines
        where run_id = runs.id)`,
    )
    return row?.id
  }, 'the run and its first lines')
  const page = (await people.viewer.get(`/console/runs/${id}`)).text
  expect(page).toContain('the first line &lt;b>')
  expect(page).toContain(`data-tail="/console/runs/${id}/tail?level=all&amp;after=1"`)
  expect(page).toContain('em andamento')
  expect((await people.viewer.get('/console/runs?state=running')).text).toContain(id)

  const follow = async (query: string, headers: Record<string, string> = {}) => {
    const answer = await people.viewer.fetch(`/console/runs/${id}/tail${query}`, { headers })
    let text = ''
    const read = async () => {
      for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) text += part
      return text
    }
    return { soFar: () => text, whole: read() }
  }
  const followers = await Promise.all([
    follow(''),
    follow('?level=warn'),
    follow('', { 'last-event-id': '0' }),
    follow('?after=1'),
  ])
  await until(
    () => followers.slice(0, 3).every(({ soFar }) => soFar().includes('id: 1\n')),
    'the first lines being read',
  )
  const [all, warnings, rest, none] = followers.map(({ whole }) => whole) as [
    Promise<string>,
    Promise<string>,
    Promise<string>,
    Promise<string>,
  ]
  go()
  expect(await ran).toBe('done')
  const linesOf = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, seq]) => Number(seq))
  expect(linesOf(await all)).toEqual([0, 1, 2, 2])
  expect(linesOf(await warnings)).toEqual([1, 2, 2])
  expect(linesOf(await rest)).toEqual([1, 2, 2])
  expect(linesOf(await none)).toEqual([2, 2])
  expect(await all).toMatch(/event: end\nid: 2\ndata: done/)
  expect(await all).toContain('the first line &lt;b>')
  expect(await all).not.toContain('<b>')

  const over = (await people.viewer.get(`/console/runs/${id}?level=error`)).text
  expect(over).toContain('the last line')
  expect(over).not.toContain('the second line')
  expect(over).not.toContain('data-tail')
  const ndjson = (await people.viewer.get(`/console/runs/${id}/log.ndjson`)).text.trim().split('\n')
  expect(ndjson.map(line => (JSON.parse(line) as { msg: string }).msg)).toEqual([
    'the first line <b>',
    'the second line',
    'the last line',
  ])
})

test('a run that failed says why at its top and on the overview, and one whose process died is given up', async () => {
  const { db, world, worker } = installation.running.app
  expect(
    await run({ db, world, worker }, 'reconcile', 60_000, async () =>
      Promise.reject(new Error('the <i>bank</i> fell over')),
    ),
  ).toBe('failed')
  const { id } = (await db.one<{ id: string }>(
    sql`select id from runs where job = 'reconcile' and outcome = 'failed'`,
  ))!
  const page = (await people.viewer.get(`/console/runs/${id}`)).text
  expect(page).toContain('Falhou porque')
  expect(page).toContain('Error: the &lt;i>bank&lt;/i> fell over')
  expect((await people.viewer.get('/console')).text).toContain(id)

  const lost = newId('run', world)
  const long = instant(world.clock.now() - 3_600_000)
  await db.tx(tx =>
    tx.run(sql`insert into runs (id, job, worker, started_at) values (${lost}, 'rates', 'gone/1', ${long})`),
  )
  await run({ db, world, worker }, 'rates', 60_000, async ({ log }) => {
    log.info({}, 'still here')
    const isLost = () => db.one(sql`select 1 as yes from runs where id = ${lost} and outcome = 'lost'`)
    await until(isLost, 'the lost run being given up while this one lasts')
    return undefined
  })
  expect(await db.all(sql`select outcome from runs where job = 'rates' order by started_at`)).toEqual([
    { outcome: 'lost' },
    { outcome: 'done' },
  ])
  expect((await people.viewer.get(`/console/runs/${lost}`)).text).toContain('O processo que a fazia acabou')
})

test('what finds nothing to do and says nothing is kept as no run', async () => {
  const { db, world, worker } = installation.running.app
  expect(await run({ db, world, worker }, 'nothing', 60_000, async () => undefined)).toBe('idle')
  expect(await db.all(sql`select id from runs where job = 'nothing'`)).toEqual([])
})
