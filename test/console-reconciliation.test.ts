/**
 * The console's page on money at the bank that is none of ours: a maker proposes, a checker approves, payouts
 * go on; and a rule in the same way.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findStranger } from '../src/reconcile/reconcile.ts'
import { suspend, suspendedMoney } from '../src/ledger/ledger.ts'
import { sql } from '../src/db/db.ts'
import { consoleVisitor, type ConsoleVisitor } from './testbed/consoleVisitor.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'

let installation: PageInstallation
let people: Record<'maria' | 'chico' | 'vera', ConsoleVisitor>
const path = '/console/reconciliation'

beforeAll(async () => {
  installation = await openPageInstallation()
  people = {
    maria: await consoleVisitor(installation, 'maria', 'maker'),
    chico: await consoleVisitor(installation, 'chico', 'checker'),
    vera: await consoleVisitor(installation, 'vera', 'viewer'),
  }
  await installation.running.app.db.tx(async tx => {
    const now = await tx.now()
    for (const [id, units, description] of [
      ['1001', -900_000n, 'Pix <b>para</b> alguém'],
      ['1002', -4_990n, 'Tarifa mensal'],
    ] as const)
      await tx.run(sql`
        insert into strangers (id, store_id, rail, state, units, description, source, at, added_at,
          changed_at)
        values (${id}, 'sto_default', 'starkbank', 'open', ${units}, ${description}, 'transfer/7', ${now},
          ${now}, ${now})`)
  })
}, 300_000)
afterAll(() => installation?.close())

const stateOf = async (id: string) => (await findStranger(installation.running.app.db, id))!.state
const proposalOf = async (act: string) =>
  (await installation.running.app.db.one<{ id: string }>(
    sql`select id from proposals where act = ${act} and state = 'open'`,
  ))!.id
const approve = async (id: string) => {
  const seen = /name="seen" value="([^"]+)"/.exec(
    (await people.chico.get(`/console/proposals/${id}`)).text,
  )![1]!
  return people.chico.post(`/console/proposals/${id}/approve`, { seen })
}

test('the overview leads to the page, which shows each line as text and no form to who may only see', async () => {
  expect((await people.vera.get('/console')).text).toContain(`href="${path}"`)
  const { text } = await people.vera.get(path)
  expect(text).toContain('Pix &lt;b>para&lt;/b> alguém')
  expect(text).not.toContain('<form method="post" action="/console/reconciliation')
})

test('what the program stopped is said in the page’s words on every page, and in its own on the page of the stop', async () => {
  await installation.running.app.db.tx(tx =>
    tx.run(
      sql`insert into settings (name, value) values ('chain', 'the chain holds less')
        on conflict (name) do nothing`,
    ),
  )
  const [notice, stop] = [(await people.vera.get(path)).text, (await people.vera.get('/console/stop')).text]
  await installation.running.app.db.tx(tx => tx.run(sql`delete from settings where name = 'chain'`))
  // The lines of this story may have stopped them too by now, and then that is said first.
  expect(notice).toMatch(
    /Repasses parados\.<\/strong> (?:As moedas na rede não conferem|O banco não confere) [^<]*\. <a/,
  )
  expect(notice).not.toMatch(/the chain holds less|left the bank/)
  expect(stop).toMatch(
    /As moedas na rede não conferem com os livros\. <span lang="en">the chain holds less<\/span>/,
  )
})

test('a line is proposed by a maker with a reason, and accepted once a checker approves', async () => {
  expect((await people.maria.post(`${path}/accept`, { line: '1001', why: '' })).status).toBe(400)
  expect((await people.vera.post(`${path}/accept`, { line: '1001', why: 'x' })).status).toBe(403)
  await people.maria.post(`${path}/accept`, { line: '1001', why: 'o aluguel' })
  expect(await stateOf('1001')).toBe('open')
  await approve(await proposalOf('line.accept'))
  expect(await stateOf('1001')).toBe('accepted')
  expect((await people.vera.get(path)).text).toContain('o aluguel')
})

test('a rule is made in the same way, covers the line that waits, and is closed by one person', async () => {
  const rule = {
    name: 'tarifa',
    direction: 'out',
    field: 'description',
    match: 'equals',
    text: 'Tarifa mensal',
    period: 'month',
  }
  expect(
    (await people.maria.post(`${path}/rule`, { ...rule, most: 'muito', inAll: '49,90', why: 'x' })).status,
  ).toBe(400)
  await people.maria.post(`${path}/rule`, {
    ...rule,
    most: '49,90',
    inAll: '49,90',
    why: 'a tarifa do banco',
  })
  await approve(await proposalOf('rule.add'))
  expect(await stateOf('1002')).toBe('ruled')
  const { text } = await people.maria.get(path)
  expect(text).toContain('“Tarifa mensal”')
  await people.maria.post(`${path}/rule/close`, { name: 'tarifa', why: 'outro banco' })
  expect((await people.vera.get(path)).text).toContain('encerrada')
})

test('what moved under a tag of ours, and belongs to nothing, is listed, closed by two people, and gone', async () => {
  const { db, world } = installation.running.app
  const tags = { invoice: 'inv_01k9zq3f5c8wxy2m7n4p6r8s0t', order: undefined }
  const line = { rail: 'starkbank', about: 'payout', units: -5_000n, memo: '', tags } as const
  for (const id of ['2001', '2002'])
    await db.tx(tx => suspend(tx, world, { ...line, id, provider_id: id === '2001' ? '77' : '78' }))
  expect((await people.vera.get('/console')).text).toContain('href="/console/reconciliation#suspense"')
  expect((await people.vera.get(path)).text).toContain('<span class="mono">77</span>')
  expect((await people.vera.get(path)).text).not.toContain(`action="${path}/suspense"`)
  expect((await people.maria.get(path)).text).toContain(`action="${path}/suspense"`)
  const close = (id: string, why: string, who = people.maria) => who.post(`${path}/suspense`, { id, why })
  expect((await close('77', '')).status).toBe(400)
  expect((await close('77', 'x', people.vera)).status).toBe(403)
  expect((await close('nothing', 'x')).status).toBe(400)
  await close('77', 'o fornecedor confirmou')
  expect((await suspendedMoney(db)).map(each => each.provider_id)).toEqual(['77', '78'])
  await approve(await proposalOf('suspense.close'))
  expect((await suspendedMoney(db)).map(each => each.provider_id)).toEqual(['78'])
  expect((await people.vera.get(path)).text).not.toContain('<span class="mono">77</span>')
})
