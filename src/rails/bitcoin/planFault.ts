/** Whether a plan that was kept is still one of ours: its text may have been edited since it was made. */
import { Psbt } from 'bitcoinjs-lib'
import type { KeptPlan, NetworkName, Plan } from '../chain.ts'
import { derive, type Descriptor } from './descriptor.ts'
import { feeOf, minFee, rateText, sizeOf, type Replaced } from './fees.ts'
import { readHanded } from './handed.ts'
import { readSigned } from './signed.ts'

export interface FeeRule {
  /** Satoshis for a thousand virtual bytes. */
  mostFeeRate: bigint
  account: Descriptor
  network: NetworkName
}

/**
 * What a plan contradicts: the PSBT that is signed for it, our own account, its own sums, or the fee that may
 * be paid. Undefined where nothing.
 */
export const planFault = (kept: KeptPlan, others: readonly KeptPlan[], rule: FeeRule): string | undefined =>
  contradiction(kept.plan, rule.account) ?? feeFault(kept, others, rule)

function contradiction(plan: Plan, account: Descriptor): string | undefined {
  const read = readHanded(plan.psbt)
  if (read.is !== 'handed' || read.handed.txid !== plan.txid) return 'its PSBT is of another transaction'
  const asked = read.handed
  const spent = Psbt.fromBase64(plan.psbt).data.inputs
  const isSpent = plan.inputs.every(({ outpoint, units, branch, index }, place) => {
    const coin = spent[place]?.witnessUtxo
    return (
      asked.inputs[place]?.outpoint === outpoint &&
      coin?.value === units &&
      isSame(coin.script, derive(account, branch, index).script)
    )
  })
  if (!isSpent || asked.inputs.length !== plan.inputs.length) return 'its PSBT spends something else'
  const isPaid = plan.outputs.every(({ units, script }, place) => {
    const output = asked.outputs[place]
    return output?.units === units && isSame(output.script, script)
  })
  if (!isPaid || asked.outputs.length !== plan.outputs.length) return 'its PSBT pays something else'

  const shares = plan.outputs.reduce((sum, { feeShare }) => sum + feeShare, 0n)
  return feeIn(plan) !== plan.feeUnits || shares + plan.houseUnits !== feeIn(plan)
    ? 'its fee does not add up'
    : undefined
}

/**
 * The cap holds for what is not signed yet. Bytes that our keys have signed were allowed by the cap of their
 * day, whatever it is now; and nobody can write a signature into a row. A cancellation may besides outbid
 * what it replaces, and what a person asked for stays allowed.
 */
function feeFault(kept: KeptPlan, others: readonly KeptPlan[], rule: FeeRule): string | undefined {
  const { plan, isAsked } = kept
  const size = sizeIn(plan, rule.account)
  const isCancellation = plan.outputs.every(({ key }) => key === undefined)
  const replaces = isCancellation && others.length > 0 ? toOutbid(others, rule) : undefined
  const most = minFee(
    { feeRate: rule.mostFeeRate, replaces: replaces && { ...replaces, inputs: plan.inputs.length } },
    size,
    rule.account.kind,
  )
  if (feeIn(plan) <= most || (isCancellation && isAsked) || isSigned(kept, rule)) return undefined
  return `it leaves ${feeIn(plan)} satoshis to the miners, and BITCOIN_MAX_FEE_RATE, ${rateText(rule.mostFeeRate)}, allows ${most}`
}

/**
 * What a cancellation has to outbid: the highest fee and the smallest size there are. A fee above the cap
 * counts where it is signed; without a signature it may have been written into a row, and counts as what the
 * cap allows.
 */
export function toOutbid(kept: readonly KeptPlan[], rule: FeeRule): Pick<Replaced, 'feeUnits' | 'size'> {
  const fees = kept.map(each => {
    const most = feeOf(rule.mostFeeRate, sizeIn(each.plan, rule.account))
    return feeIn(each.plan) <= most || isSigned(each, rule) ? feeIn(each.plan) : most
  })
  return {
    feeUnits: fees.reduce((most, fee) => (fee > most ? fee : most)),
    size: Math.min(...kept.map(({ plan }) => sizeIn(plan, rule.account))),
  }
}

/** Whether its bytes are this plan's, which spends our coins, and every signature of them verifies. */
function isSigned({ plan, raw }: KeptPlan, { account, network }: FeeRule): boolean {
  if (raw === null || contradiction(plan, account) !== undefined) return false
  return readSigned(Buffer.from(raw).toString('hex'), plan, network).is === 'signed'
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0
const total = (amounts: readonly { units: bigint }[]): bigint =>
  amounts.reduce((sum, { units }) => sum + units, 0n)
const feeIn = ({ inputs, outputs }: Plan): bigint => total(inputs) - total(outputs)
const sizeIn = ({ inputs, outputs }: Plan, { kind }: Descriptor): number =>
  sizeOf(
    kind,
    inputs.length,
    outputs.map(({ script }) => script),
  )
