/**
 * What people say of transfers in the console and at the command line: one proposes, another approves, and a
 * payout is settled with what the bank proves.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verdictWords } from '../src/cli/payouts/verdicts.ts'
import { verdicts } from '../src/payout/payout.ts'
import { sql } from '../src/db/db.ts'
import { consoleVisitor, type ConsoleVisitor } from './testbed/consoleVisitor.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { orderByHand } from './testbed/strangers.ts'
import { trialAccountFlags } from './testbed/trial.ts'
import { until } from './testbed/until.ts'

let installation: PageInstallation
let maker: ConsoleVisitor
let checker: ConsoleVisitor
let payout: string
let path: string

const why = 'falei com o banco'
const seen = async () =>
  (await installation.running.app.db.one<{ state: string; account: string; invoice_id: string }>(sql`
    select p.state, a.name as account, p.invoice_id from payouts p join accounts a on a.id = p.account_id
      where p.id = ${payout}`))!
const acted = async (act: string) =>
  installation.running.app.db.all(sql`select actor from audit where act = ${act}`)

beforeAll(async () => {
  installation = await openPageInstallation()
  const { repasse, ask } = installation
  const second = trialAccountFlags.map((word, at) =>
    trialAccountFlags[at - 1] === '--name'
      ? 'second'
      : trialAccountFlags[at - 1] === '--number'
        ? '4242'
        : word,
  )
  await repasse('account', 'add', ...trialAccountFlags)
  await repasse('account', 'add', ...second)
  await repasse('account', 'approve', 'second', '--by', 'checker')
  const rule = {
    '--name': 'clube',
    '--cron': '0 9 1 1 *',
    '--time-zone': 'UTC',
    '--payers': 'random',
    '--count': '1',
    '--amount': '20.00',
  }
  await repasse(
    'schedule',
    'add',
    ...Object.entries({ ...rule, '--due-in': '2d', '--pay-to': 'main' }).flat(),
  )
  await repasse('schedule', 'run', 'clube')
  const issued = await until(async () => {
    const rows = await ask<{ id: string; state: string }[]>('invoice', 'list')
    return rows[0]?.state === 'issued' && rows
  }, 'the invoice')
  await installation.pay(issued[0]!.id)
  // Its account is not approved, so it waits.
  payout = await until(async () => (await ask<{ id: string }[]>('payout', 'list'))[0]?.id, 'its payout')
  path = `/console/payouts/${payout}`
  maker = await consoleVisitor(installation, 'maria', 'maker', 'en')
  checker = await consoleVisitor(installation, 'chico', 'checker', 'en')
})
afterAll(() => installation?.close())

async function approve(page: string): Promise<void> {
  const { text } = await checker.get(page)
  const shown = /name="seen" value="([^"]+)"/.exec(text)![1]!
  expect(await checker.post(`${page}/approve`, { seen: shown })).toMatchObject({ status: 303 })
}

test('the words of the command line are the domain’s', () => {
  expect([...verdictWords]).toEqual([...verdicts])
})

test('a payout is held, proposed for another account of its payee, and a second person sends it there', async () => {
  await maker.post(`${path}/hold`, { why })
  const page = await maker.get(path)
  expect(page.text).toContain(`action="${path}/redirect"`)
  expect(page.text).toContain('<option value="second"')
  expect((await checker.post(`${path}/redirect`, { why, to: 'second' })).status).toBe(403)
  expect((await maker.post(`${path}/redirect`, { to: 'second' })).status).toBe(400)
  const proposed = await maker.post(`${path}/redirect`, { why, to: 'second' })
  expect(proposed).toMatchObject({ status: 303, to: expect.stringMatching(/^\/console\/proposals\/pro_/) })
  expect((await seen()).account).toBe('main')
  await installation.repasse('payout', 'stop', '--why', 'so that it is not sent')
  await approve(proposed.to!)
  expect(await seen()).toMatchObject({ state: 'owed', account: 'second' })
  expect(await acted('payout redirected')).toEqual([{ actor: 'chico' }])
})

test('a transfer under its tag is called not ours by two people, on the page or by commands', async () => {
  const { units } = (await installation.running.app.db.one<{ units: bigint }>(
    sql`select units from payouts`,
  ))!
  installation.bank.deposit(100_000)
  const { id: transfer } = orderByHand(installation.bank, {
    units: Number(units),
    tags: [(await seen()).invoice_id],
  })
  expect((await maker.post(`${path}/adjudicate`, { why, transfer: '123', as: 'ours' })).text).toContain(
    'the bank has no such transfer',
  )
  // None is chosen beforehand: whoever overlooks the question has not answered it.
  expect((await maker.get(path)).text).toMatch(/<option [^>]*>Choose<\/option><option value="ours">/)
  expect(await maker.post(`${path}/adjudicate`, { why, transfer, as: '' })).toMatchObject({
    ...{ status: 400, text: expect.stringContaining('Say what the transfer is.') },
  })
  const proposed = await maker.post(`${path}/adjudicate`, { why, transfer, as: 'not-ours' })
  expect((await checker.get(proposed.to!)).text).toContain('not ours')
  const again = await maker.post(`${path}/adjudicate`, { why, transfer, as: 'ours' })
  expect([again.status, again.text]).toEqual([
    400,
    expect.stringContaining('A proposal for this is open already'),
  ])
  await approve(proposed.to!)
  expect(await acted('payout adjudicated')).toEqual([{ actor: 'chico' }])

  const { id: other } = orderByHand(installation.bank, { units: 100, tags: [(await seen()).invoice_id] })
  const said = await installation.repasse(
    'payout',
    'adjudicate',
    payout,
    '--transfer',
    other,
    '--as',
    'not-ours',
    '--why',
    why,
    '--by',
    'dora',
  )
  const proposal = /proposal approve (pro_\w+)/.exec(said)![1]!
  // The worker asks the bank as well: whoever is told that something changed meanwhile approves again.
  const approved = await until(
    () => installation.repasse('proposal', 'approve', proposal, '--by', 'bruno').catch(() => undefined),
    'the approval',
  )
  expect(approved).toContain('is approved')
})

test('a payout that was paid by hand is settled with what the bank proves and a second person approves', async () => {
  await maker.post(`${path}/hold`, { why })
  const { units } = (await installation.running.app.db.one<{ units: bigint }>(
    sql`select units from payouts`,
  ))!
  const { id: ref } = orderByHand(installation.bank, {
    units: Number(units),
    tags: [],
    to: { accountNumber: '4242' },
  })
  await until(
    () => installation.bank.transfers().find(({ id, status }) => id === ref && status === 'success'),
    'the transfer',
  )
  expect((await maker.post(`${path}/settle`, { why, ref })).status).toBe(403)
  const wrong = await checker.post(`${path}/settle`, { why, ref: '123' })
  expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('the bank has no such transfer')])
  const proposed = await until(async () => {
    const answer = await checker.post(`${path}/settle`, { why, ref })
    return answer.status === 303 && answer
  }, 'the proposal')
  expect(proposed.to).toMatch(/^\/console\/proposals\/pro_/)
  expect((await seen()).state).toBe('held')
  const id = proposed.to!.split('/').at(-1)!
  await until(
    () => installation.repasse('proposal', 'approve', id, '--by', 'bruno').catch(() => undefined),
    'the approval',
  )
  expect((await seen()).state).toBe('paid')
})

test('what is in suspense is listed, and closed by two people', async () => {
  const { id: lost } = orderByHand(installation.bank, {
    units: 700,
    tags: ['inv_01k9zq3f5c8wxy2m7n4p6r8s0t'],
  })
  await until(
    () => installation.bank.transfers().find(({ id, status }) => id === lost && status === 'success'),
    'the transfer',
  )
  await until(async () => {
    await installation.repasse('reconcile').catch(() => undefined)
    return (await installation.repasse('suspense', 'list')).includes(lost)
  }, 'its line in suspense')
  const said = await installation.repasse('suspense', 'close', lost, '--why', why, '--by', 'ana')
  await installation.repasse(
    'proposal',
    'approve',
    /proposal approve (pro_\w+)/.exec(said)![1]!,
    '--by',
    'bruno',
  )
  expect(await installation.repasse('suspense', 'list')).not.toContain(lost)
})
