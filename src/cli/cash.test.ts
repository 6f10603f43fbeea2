/** Cash at the command line: from the account to the payout that two people say is handed over. */
import { expect, test } from 'vitest'
import { openBankTerminal } from '../../test/testbed/terminal.ts'

const { repasse } = await openBankTerminal()
const told = async (...words: string[]) => JSON.parse((await repasse([...words, '--json'])).out)
const add = (...words: string[]) =>
  repasse(['account', 'add', '--kind', 'cash', '--name', 'rent', '--by', 'maker', ...words])

test('an invoice is received and what is owed of it handed over, each refusal in plain words', async () => {
  const lacking = await add()
  expect([lacking.code, lacking.err]).toEqual([2, expect.stringMatching(/--holder[^]*--place/)])
  expect((await add('--holder', 'Ana Lima', '--place', 'front desk', '--branch', '1')).err).toContain(
    '--branch does not belong to --kind cash',
  )
  expect((await add('--holder', 'Ana Lima', '--place', 'front desk, against her ID')).code).toBe(0)
  expect((await repasse(['account', 'approve', 'rent', '--by', 'checker'])).out).toBe(
    'account rent is approved by checker\nhanded over  front desk, against her ID\n',
  )
  expect((await repasse(['shop', 'pay-to', '--rail', 'cash', '--account', 'rent'])).err).toContain(
    'the shop cannot offer cash',
  )
  const schedule = [
    '--name',
    'counter',
    '--rail',
    'cash',
    '--cron',
    '0 0 1 * *',
    '--count',
    '1',
    '--time-zone',
    'UTC',
  ]
  const added = await repasse([
    ...['schedule', 'add', ...schedule, '--amount', '100.00', '--due-in', '1d', '--pay-to', 'rent'],
    ...['--payers', 'random', '--by', 'maker'],
  ])
  expect([added.code, added.err]).toEqual([0, expect.anything()])
  const run = await repasse(['schedule', 'run', 'counter', '--wait', '--by', 'maker', '--json'])
  const { id } = JSON.parse(run.out).invoices[0]

  const receive = (amount: string) =>
    repasse(['invoice', 'receive', id, '--amount', amount, '--note', 'nº 7', '--by', 'ana'])
  expect(await receive('99.99')).toMatchObject({ code: 2, err: expect.stringContaining('asks for') })
  expect((await receive('100.00')).out).toContain(`invoice ${id} is credited`)
  expect(await receive('100.00')).toMatchObject({
    code: 2,
    err: expect.stringContaining('was received before'),
  })

  const notReceived = () =>
    repasse(['invoice', 'not-received', id, '--why', 'another was paid', '--by', 'ana'])
  const [, proposal] = /approve (pro_\w+)/.exec((await notReceived()).out)!
  expect((await repasse(['proposal', 'approve', proposal!, '--by', 'ana'])).code).toBe(2)
  expect((await repasse(['proposal', 'approve', proposal!, '--by', 'bruno'])).code).toBe(0)
  expect((await repasse(['invoice', 'show', id])).out).toMatch(/taken back +R\$ 100/)
  expect((await notReceived()).err).toContain('there is no receipt to take back')
  expect((await receive('100.00')).out).toContain(`invoice ${id} is credited`)

  const [payout] = await told('payout', 'list', '--rail', 'cash')
  expect(payout).toMatchObject({ state: 'owed', rail: 'cash', why: 'waits to be handed over' })
  const say = (verb: string, by: string) => repasse(['payout', verb, payout.id, '--by', by])
  expect(await say('handed', 'bruno')).toMatchObject({
    code: 2,
    err: expect.stringContaining('somebody says first that it is handed over'),
  })
  expect((await say('hand-over', 'ana')).out).toContain('is sent: somebody else confirms it')
  expect((await say('handed', 'ana')).err).toContain('does not confirm it')
  expect((await say('handed', 'bruno')).out).toContain('is paid')
  expect((await repasse(['status'])).out).toMatch(/in cash +R\$ 0|credited/)
  expect((await repasse(['payout', 'settle', payout.id, '--ref', 'x', '--why', 'x'])).err).toContain(
    'is handed over by people',
  )
})
