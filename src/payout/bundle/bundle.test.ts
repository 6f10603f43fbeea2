/** How a plan is kept: what is read is what was written, whatever its bytes came in. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Outpoint, Plan } from '../../rails/chain.ts'
import { planText, readPlan } from './bundle.ts'

const units = fc.bigInt({ min: 0n, max: 21_000_000n * 100_000_000n })
const script = fc.uint8Array({ minLength: 0, maxLength: 40 })
const plans: fc.Arbitrary<Plan> = fc.record({
  txid: fc.string(),
  psbt: fc.string(),
  inputs: fc.array(
    fc.record({
      outpoint: fc.string().map(text => `${text}:0` as Outpoint),
      units,
      branch: fc.constantFrom('receive' as const, 'change' as const),
      index: fc.nat(),
    }),
  ),
  outputs: fc.array(
    fc
      .record({ key: fc.string(), units, feeShare: units, script })
      .chain(output => fc.constantFrom(output, { ...output, key: undefined })),
  ),
  lockTime: fc.nat(),
  feeUnits: units,
  houseUnits: units,
  size: fc.nat(),
})

test('a plan is read as it was written', () => {
  fc.assert(
    fc.property(plans, plan => {
      expect(readPlan(planText(plan))).toEqual(plan)
    }),
  )
})

test('a script in a Buffer is kept as any other bytes', () => {
  const [plan] = fc.sample(plans, 1)
  const output = { key: 'one', units: 1n, feeShare: 0n, script: Buffer.from('0014aa', 'hex') }
  expect(readPlan(planText({ ...plan!, outputs: [output] })).outputs[0]!.script).toEqual(
    Uint8Array.from([0, 0x14, 0xaa]),
  )
})
