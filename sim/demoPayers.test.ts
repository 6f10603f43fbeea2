/**
 * The demonstration's payers, on the simulated node: whoever has no coin waits for a block, and holds none
 * up.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDemoChain, type DemoChain } from './demoChain.ts'
import { makePayers, type Request } from './demoPayers.ts'

let chain: DemoChain
beforeAll(async () => {
  chain = await startDemoChain(true, () => undefined)
})
afterAll(() => chain.close())

test('more who pay at once than there are coins are all paid for, some a block later', async () => {
  const address = chain.payee
  const coins = (await chain.rpc<unknown[]>('listunspent', [1], 'payer')).length
  const asked = coins * 2
  const requests: Request[] = Array.from({ length: asked }, (_, place) => ({
    ...{ id: `inv_${place}`, address, units: 10_000n, state: 'issued', dueAtMs: 1_000_000 },
  }))
  // Everybody's habit is what its place says; those that begin with a payment are counted.
  const payers = makePayers(chain, () => 0)
  await payers.act(requests, 1)
  // Every coin is on its way, and nobody keeps the next block from coming.
  expect(payers.paidUnits()).toBeLessThanOrEqual(BigInt(coins) * 10_000n)
  expect(payers.busy()).toBe(false)
  for (let turn = 0; turn < 3; turn++) {
    for (const request of requests)
      if (payers.habitOf(request.id) !== 'taken back') request.state = 'underpaid'
    await chain.mine()
    await payers.act(requests, 2_000_000)
  }
  const never = requests.filter(({ id }) => payers.habitOf(id) === 'never').length
  const taken = requests.filter(({ id }) => payers.habitOf(id) === 'taken back').length
  const half = requests.filter(({ id }) => payers.habitOf(id) === 'too little').length
  expect(payers.paidUnits()).toBe(BigInt(asked - never - half) * 10_000n + BigInt(half) * 6_000n)
  expect(taken).toBeGreaterThan(0)
})
