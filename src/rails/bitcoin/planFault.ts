/** Whether a plan that was kept is still one of ours: its text may have been edited since it was made. */
import { Psbt } from 'bitcoinjs-lib'
import type { Plan } from '../chain.ts'
import { derive, type Descriptor } from './descriptor.ts'
import { feeOf, sizeOf } from './fees.ts'
import { readHanded } from './handed.ts'

// A replacement outbids what it replaces, the cancellation of a large transaction with a small one, so the cap of its own size is not enough.
const mostTimesTheCap = 2n

/**
 * What a plan contradicts: the PSBT that is signed for it, our own account, its own sums, or a sane fee, which is at most twice what `mostFeeRate`
 * (satoshis for a thousand virtual bytes) allows for the largest of its group. Undefined where it contradicts nothing.
 */
export function planFault(plan: Plan, others: readonly Plan[], mostFeeRate: bigint, account: Descriptor): string | undefined {
  const asked = readHanded(plan.psbt)
  if (typeof asked === 'string' || asked.txid !== plan.txid) return 'its PSBT is of another transaction'
  const spent = Psbt.fromBase64(plan.psbt).data.inputs
  const isSpent = plan.inputs.every(({ outpoint, units, branch, index }, place) => {
    const coin = spent[place]?.witnessUtxo
    return asked.inputs[place]?.outpoint === outpoint && coin?.value === units && isSame(coin.script, derive(account, branch, index).script)
  })
  if (!isSpent || asked.inputs.length !== plan.inputs.length) return 'its PSBT spends something else'
  const isPaid = plan.outputs.every(({ units, script }, place) => {
    const output = asked.outputs[place]
    return output?.units === units && isSame(output.script, script)
  })
  if (!isPaid || asked.outputs.length !== plan.outputs.length) return 'its PSBT pays something else'

  const fee = total(plan.inputs) - total(plan.outputs)
  const shares = plan.outputs.reduce((sum, { feeShare }) => sum + feeShare, 0n)
  if (fee !== plan.feeUnits || shares + plan.houseUnits !== fee) return 'its fee does not add up'
  const largest = Math.max(...[plan, ...others].map(each => sizeIn(each, account)))
  return fee > mostTimesTheCap * feeOf(mostFeeRate, largest) ? `it leaves ${fee} satoshis to the miners, more than may be paid` : undefined
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0
const total = (amounts: readonly { units: bigint }[]): bigint => amounts.reduce((sum, { units }) => sum + units, 0n)
const sizeIn = ({ inputs, outputs }: Plan, { kind }: Descriptor): number =>
  sizeOf(
    kind,
    inputs.length,
    outputs.map(({ script }) => script),
  )
