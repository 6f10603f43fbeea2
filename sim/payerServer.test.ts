/** The make-believe payer's desk: pays what it is asked to, and says why where it does not. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPayerServer, type PayerServer } from './payerServer.ts'

let app: PayerServer
const paid: string[] = []
beforeAll(async () => {
  app = await startPayerServer({
    pix: brcode => (paid.push(brcode), brcode !== 'old'),
    coins: (address, units) => {
      if (units > 1_000n) throw new Error('no coin is so large')
      paid.push(`${units} to ${address}`)
    },
  })
})
afterAll(() => app.close())

const ask = async (body: string, path = '/pay', method = 'POST') => {
  const answer = await fetch(`${app.url}${path}`, { method, ...(method === 'POST' && { body }) })
  return [answer.status, await answer.json()]
}

test('a Pix is paid by its code, coins by address and satoshis', async () => {
  expect(await ask('{"brcode":"0002"}')).toEqual([200, { paid: true }])
  expect(await ask('{"address":"bcrt1q","units":"546"}')).toEqual([200, { paid: true }])
  expect(paid).toEqual(['0002', '546 to bcrt1q'])
})

test('what cannot be paid any more is answered so', async () => {
  expect(await ask('{"brcode":"old"}')).toEqual([409, { paid: false }])
  expect(await ask('{"address":"bcrt1q","units":"2000"}')).toEqual([400, { error: 'no coin is so large' }])
})

test.each([
  ['nothing', ''],
  ['a word', 'x'],
  ['an object of nothing', '{}'],
  ['an address without units', '{"address":"a"}'],
  ['units that are a number', '{"address":"a","units":5}'],
  ['units below nothing', '{"address":"a","units":"-5"}'],
  ['no units', '{"address":"a","units":"0"}'],
  ['a code of 5,000 digits', `{"brcode":"${'0'.repeat(5_000)}"}`],
])('%s is not understood', async (_, body) => {
  expect((await ask(body))[0]).toBe(400)
})

test('there is nothing else', async () => {
  expect((await ask('{}', '/'))[0]).toBe(404)
  expect((await ask('', '/pay', 'GET'))[0]).toBe(404)
})
