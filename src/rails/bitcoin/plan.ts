/**
 * Plans a transaction that pays what is owed less the network's fee: which coins, what each payee gets, and
 * what comes back to us.
 */
import { shareFee } from '../../base/money.ts'
import type { CancelOrder, Coin, NetworkName, Plan, Planned, PlannedOutput, PlanOrder } from '../chain.ts'
import { dustUnits } from './address.ts'
import { derive, type Descriptor } from './descriptor.ts'
import { feeOf, minFee, rateText, sizeOf } from './fees.ts'
import { toOutbid } from './planFault.ts'
import { writePsbt } from './psbt.ts'
import { select } from './select.ts'

/**
 * The payees bear the fee in proportion to what they are owed, so the coins need to cover what is owed and no
 * more. What they hold beyond it is our change; where that would be dust it goes to the miners (`houseUnits`)
 * and the payees bear so much less.
 *
 * Inputs and outputs are ordered by their content (BIP 69): the order then tells nobody which output is
 * change, and needs no chance, so the same order planned twice is the same transaction.
 */
export function plan(order: PlanOrder, account: Descriptor): Planned {
  check(order)
  // What is dust before any fee will be dust with it, and must not keep the others waiting for coins.
  const tiny = order.payees.filter(({ units, script }) => units < dustUnits(script))
  if (tiny.length > 0) return { is: 'dust', keys: tiny.map(({ key }) => key) }
  if (order.feeRate > order.mostFeeRate) {
    return {
      is: 'too dear',
      why: `the network asks ${rateText(order.feeRate)}, and at most ${rateText(order.mostFeeRate)} may be paid`,
    }
  }

  const owed = total(order.payees)
  const choices = choose(order, owed, account)
  if (choices.length === 0) return { is: 'short', missing: owed - held(order) }
  const drafts = choices.map(inputs => draft(order, inputs, account))
  const fair = drafts.find(({ feeUnits, size }) => feeUnits <= feeOf(order.mostFeeRate, size))
  if (!fair) {
    const { feeUnits, size } = drafts[0]!
    const what = order.replaces
      ? 'a replacement must pay'
      : 'with its change too small to be an output it pays'
    return {
      is: 'too dear',
      why: `${what} ${feeUnits} satoshis for ${size} vB, and at most ${rateText(order.mostFeeRate)} may be paid`,
    }
  }
  const dust = new Set(
    fair.outputs.filter(({ units, script }) => units < dustUnits(script)).map(({ key }) => key),
  )
  if (dust.size > 0)
    return { is: 'dust', keys: order.payees.flatMap(({ key }) => (dust.has(key) ? [key] : [])) }
  return {
    is: 'planned',
    plan: { ...fair, ...writePsbt({ ...fair, changeIndex: order.change.index }, account) },
  }
}

/**
 * One output, our change: its fee is the replaced one's and its own relaying at least, whatever the cap, for
 * it must be taken.
 */
export function planCancel(
  { inputs, change, lockTime, replaces, ...order }: CancelOrder,
  account: Descriptor,
  network: NetworkName,
): Planned {
  const script = derive(account, 'change', change.index).script
  const size = sizeOf(account.kind, inputs.length, [script])
  const feeRate = order.feeRate > order.mostFeeRate ? order.mostFeeRate : order.feeRate
  const outbids = { ...toOutbid(replaces, { ...order, account, network }), inputs: inputs.length }
  const feeUnits = minFee({ feeRate, replaces: outbids }, size, account.kind)
  const units = total(inputs) - feeUnits
  if (units < dustUnits(script)) return { is: 'short', missing: dustUnits(script) - units }
  const draft = {
    ...{
      inputs: [...inputs].sort(byOutpoint),
      outputs: [{ key: undefined, units, feeShare: 0n, script }],
      lockTime,
    },
    ...{ feeUnits, houseUnits: feeUnits, size },
  }
  return { is: 'planned', plan: { ...draft, ...writePsbt({ ...draft, changeIndex: change.index }, account) } }
}

/** A mistake of ours, not of anybody's input. */
function check({ coins, payees, lockTime }: PlanOrder): void {
  const twice = <T>(names: T[]) => new Set(names).size < names.length
  if (payees.length === 0) throw new RangeError('a transaction without a payee is not planned')
  if (twice(payees.map(({ key }) => key))) throw new RangeError('two payees have the same key')
  if (twice(coins.map(({ outpoint }) => outpoint))) throw new RangeError('a coin is there twice')
  if ([...coins, ...payees].some(({ units }) => units <= 0n))
    throw new RangeError('a coin or payee is of no units')
  if (!Number.isInteger(lockTime) || lockTime < 0 || lockTime >= 500_000_000)
    throw new RangeError(`lock time ${lockTime} is no height`)
}

/**
 * The coins to spend and, where their change would be too small, the same with one more that makes it an
 * output: taken only where the lost change would drive the fee above what may be paid.
 */
function choose({ coins, change, replaces }: PlanOrder, owed: bigint, account: Descriptor): Coin[][] {
  const inputs = select(coins, owed, replaces?.inputs)
  if (!inputs) return []
  const least = dustUnits(derive(account, 'change', change.index).script)
  const over = total(inputs) - owed
  if (over === 0n || over >= least) return [inputs]
  const more = select(coins, owed + least, inputs)
  return more ? [inputs, more] : [inputs]
}

function draft(order: PlanOrder, coins: readonly Coin[], account: Descriptor): Omit<Plan, 'txid' | 'psbt'> {
  const { payees, lockTime } = order
  const ours = derive(account, 'change', order.change.index).script
  const over = total(coins) - total(payees)
  const isOutput = over >= dustUnits(ours)
  const houseUnits = isOutput ? 0n : over

  const size = sizeOf(account.kind, coins.length, [
    ...payees.map(({ script }) => script),
    ...(isOutput ? [ours] : []),
  ])
  const { feeRate, replaces } = order
  const needed = minFee(
    { feeRate, replaces: replaces && { ...replaces, inputs: replaces.inputs.length } },
    size,
    account.kind,
  )
  const feeUnits = houseUnits > needed ? houseUnits : needed
  const shares = shareFee(feeUnits - houseUnits, payees)

  const outputs: PlannedOutput[] = payees.map(({ key, units, script }, place) => {
    const feeShare = shares[place]!
    return { key, units: units - feeShare, feeShare, script }
  })
  if (isOutput) outputs.push({ key: undefined, units: over, feeShare: 0n, script: ours })
  return {
    inputs: [...coins].sort(byOutpoint),
    outputs: outputs.sort(byContent),
    lockTime,
    feeUnits,
    houseUnits,
    size,
  }
}

/** What all coins together hold, those of the replaced transaction among them or not. */
const held = ({ coins, replaces }: PlanOrder): bigint =>
  [
    ...new Map([...coins, ...(replaces?.inputs ?? [])].map(coin => [coin.outpoint, coin.units])).values(),
  ].reduce((sum, units) => sum + units, 0n)

/** BIP 69: by txid as it is shown, then by number. */
function byOutpoint(a: Coin, b: Coin): number {
  const [[aTxid, aVout], [bTxid, bVout]] = [a.outpoint.split(':'), b.outpoint.split(':')]
  return aTxid! < bTxid! ? -1 : aTxid! > bTxid! ? 1 : Number(aVout) - Number(bVout)
}

/**
 * BIP 69: by amount, then by script; two that are alike by their payees' keys, so that it is told whose each
 * is.
 */
function byContent(a: PlannedOutput, b: PlannedOutput): number {
  if (a.units !== b.units) return a.units < b.units ? -1 : 1
  return Buffer.compare(a.script, b.script) || ((a.key ?? '') < (b.key ?? '') ? -1 : 1)
}

const total = (amounts: readonly { units: bigint }[]): bigint =>
  amounts.reduce((sum, { units }) => sum + units, 0n)
