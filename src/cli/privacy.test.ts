/** `repasse payer` and `repasse order forget`, as a person uses them. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { accountAdd, openTerminal, scheduleAdd } from '../../test/testbed/terminal.ts'

const { at, repasse } = openTerminal()

test('a roster names its payers: they are exported to a file of one’s own, and forgotten only out of it', async () => {
  writeFileSync(
    at('rent.csv'),
    'name,tax_id,amount,description\nAna Lima,012.345.678-90,10.00,rent\nCaio Sá,529.982.247-25,10.00,rent\n',
  )
  await repasse(accountAdd())
  expect(await repasse(scheduleAdd({ payers: at('rent.csv'), count: '', amount: '' }))).toMatchObject({
    code: 0,
  })

  const file = at('ana.json')
  expect(await repasse(['payer', 'export', '01234567890', '--to', file, '--by', 'ana'])).toMatchObject({
    code: 0,
    out: `${file}: 0 orders, 0 invoices, 0 events, in 1 roster of schedules\n`,
  })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
    taxId: '012.345.678-90',
    rosters: [{ schedule: 'trial', rows: [{ name: 'Ana Lima' }] }],
  })
  expect((await repasse(['payer', 'export', '01234567890', '--to', file])).err).toContain('exists already')

  const refused = await repasse(['payer', 'forget', '012.345.678-90', '--why', 'asked for', '--by', 'ana'])
  expect([refused.code, refused.err]).toEqual([
    2,
    expect.stringMatching(/nothing was forgotten.*trial \(active\): 1 row.*schedule payers/s),
  ])

  const log = await repasse(['audit', 'export'])
  expect(log.out).toContain('"payer exported"')
  expect(/Ana Lima|012\.345|01234567890/.exec(log.out)).toBeNull()
})

test.each([
  [['payer', 'forget', '012.345.678-91', '--why', 'asked'], 'fails the check digits'],
  [['payer', 'forget', '111.444.777-35', '--why', 'asked'], 'nothing is held'],
  [['payer', 'export', '12.ABC.345/01DE-35'], 'nothing is held'],
  [['order', 'forget', '4P6R8S0T', '--why', 'asked'], 'there is no order'],
])('%j is refused', async (words, why) => {
  expect(await repasse(words)).toMatchObject({ code: 2, err: expect.stringContaining(why) as string })
})
