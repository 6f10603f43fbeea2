/**
 * Those who are asked for bitcoin in the demonstration: most pay, some too little, some late, and some think
 * better of it.
 */
import { networks, Psbt } from 'bitcoinjs-lib'
import { payerWallet, satoshis, type DemoChain } from './demoChain.ts'

/** A payment request as its payer meets it: what `repasse invoice list --json` tells of one. */
export interface Request {
  id: string
  address: string
  /** Satoshis. */
  units: bigint
  state: string
  dueAtMs: number
  /** Asked of somebody at the shop, who pays by its button and not by a habit. */
  isOfShop?: boolean
}

/** What each kind of payer does, step by step, and where its request must end. */
const habits = {
  'at once': { steps: ['pay'], ends: 'credited' },
  'in two parts': { steps: ['pay part', 'pay the rest'], ends: 'credited' },
  'taken back': { steps: ['pay', 'take back'], ends: 'expired' },
  late: { steps: ['pay late'], ends: 'credited' },
  'by a better fee': { steps: ['pay', 'pay more fee'], ends: 'credited' },
  'too little': { steps: ['pay part'], ends: 'underpaid' },
  never: { steps: [], ends: 'expired' },
  'at the shop': { steps: [], ends: 'credited' },
} as const satisfies Record<string, { steps: readonly Step[]; ends: string }>

type Step = 'pay' | 'pay part' | 'pay late' | 'pay the rest' | 'pay more fee' | 'take back'
export type Habit = keyof typeof habits

/** Who comes in which order; each batch has at least eight, so that every habit is seen. */
const order: readonly Habit[] = [
  ...([
    'at once',
    'in two parts',
    'taken back',
    'late',
    'by a better fee',
    'too little',
    'never',
    'at once',
  ] as const),
  ...(['at once', 'at once', 'at once', 'at once'] as const),
]

/** Every habit, in the order they are told in. */
export const allHabits = Object.keys(habits) as Habit[]
export const endOf = (habit: Habit): string => habits[habit].ends

/**
 * What is to be done now: a payer's first step has its hour, and the next waits until the installation has
 * seen the one before.
 */
export function stepNow(
  habit: Habit,
  taken: number,
  { state, dueAtMs }: Request,
  payAtMs: number,
  nowMs: number,
): Step | undefined {
  const step: Step | undefined = habits[habit].steps[taken]
  switch (step) {
    case 'pay':
    case 'pay part':
      return nowMs >= payAtMs ? step : undefined
    case 'pay late':
      return nowMs >= dueAtMs + 1_000 ? step : undefined
    case 'pay the rest':
      return state === 'underpaid' ? step : undefined
    case 'pay more fee':
    case 'take back':
      return state === 'seen' ? step : undefined
    case undefined:
      return undefined
  }
}

export interface Payers {
  /** Lets each do what it is time for; `requests` in the order they were asked for. */
  act(requests: readonly Request[], nowMs: number): Promise<void>
  /** No block may come now: somebody is about to pay the rest or to replace what is in no block yet. */
  busy(): boolean
  /** How each one pays, by the request's id. */
  habitOf(id: string): Habit | undefined
  /** Pays at once what is asked at the shop, or a part of it. */
  payAtShop(address: string, units: bigint): Promise<void>
  /** All that was paid and not taken back, in satoshis. */
  paidUnits(): bigint
}

interface Payment {
  txid: string
  coin: { txid: string; vout: number; units: bigint }
  fee: bigint
  units: bigint
}

/** `delayMs` draws how long a payer takes to begin. */
export function makePayers({ rpc, payer }: Pick<DemoChain, 'rpc' | 'payer'>, delayMs: () => number): Payers {
  const known = new Map<string, { habit: Habit; taken: number; payAtMs: number; paid: Payment[] }>()
  const used = new Set<string>()
  const atShop: Payment[] = []
  let others = 0
  // Every coin is on its way: the next block brings the change back, so nobody may hold it up.
  let without = false

  async function freshCoin(least: bigint): Promise<Payment['coin']> {
    const coins = await rpc<{ txid: string; vout: number; amount: number }[]>('listunspent', [1], payerWallet)
    const found = coins.find(
      ({ txid, vout, amount }) => satoshis(amount) >= least && !used.has(`${txid}:${vout}`),
    )
    without = found === undefined
    if (!found) throw new NoCoin('the payer of the demonstration has no coin until the next block')
    used.add(`${found.txid}:${found.vout}`)
    return { txid: found.txid, vout: found.vout, units: satoshis(found.amount) }
  }

  /** Spends one coin, replaceable (BIP 125); what is over goes back to the payer. */
  async function spend(
    coin: Payment['coin'],
    fee: bigint,
    to?: { address: string; units: bigint },
  ): Promise<string> {
    const psbt = new Psbt({ network: networks.regtest })
    psbt.addInput({ hash: coin.txid, index: coin.vout, sequence: 0xfffffffd })
    if (to) psbt.addOutput({ address: to.address, value: to.units })
    psbt.addOutput({ address: payer, value: coin.units - fee - (to?.units ?? 0n) })
    const signed = await rpc<{ psbt: string; complete: boolean; hex?: string }>(
      'walletprocesspsbt',
      [psbt.toBase64()],
      payerWallet,
    )
    const raw = signed.hex ?? Psbt.fromBase64(signed.psbt).extractTransaction().toHex()
    return rpc<string>('sendrawtransaction', [raw])
  }

  async function pay(address: string, units: bigint): Promise<Payment> {
    const coin = await freshCoin(units + 10_000n)
    return { coin, fee: usualFee, units, txid: await spend(coin, usualFee, { address, units }) }
  }

  async function take(step: Step, { address, units }: Request, paid: Payment[]): Promise<void> {
    const part = (units * 6n) / 10n
    const last = paid.at(-1)
    switch (step) {
      case 'pay':
      case 'pay late':
        return void paid.push(await pay(address, units))
      case 'pay part':
        return void paid.push(await pay(address, part))
      case 'pay the rest':
        return void paid.push(await pay(address, units - part))
      case 'pay more fee': {
        const fee = last!.fee * 3n
        return void Object.assign(last!, { fee, txid: await spend(last!.coin, fee, { address, units }) })
      }
      case 'take back':
        await spend(last!.coin, last!.fee * 3n)
        paid.pop()
    }
  }

  return {
    async act(requests, nowMs) {
      for (const request of requests) {
        const one = known.get(request.id) ?? {
          ...{
            habit: request.isOfShop ? ('at the shop' as const) : order[others++ % order.length]!,
            taken: 0,
            payAtMs: nowMs + delayMs(),
            paid: [],
          },
        }
        known.set(request.id, one)
        const step = stepNow(one.habit, one.taken, request, one.payAtMs, nowMs)
        if (!step) continue
        try {
          await take(step, request, one.paid)
        } catch (fault) {
          if (fault instanceof NoCoin) continue
          throw fault
        }
        one.taken++
      }
    },
    busy: () =>
      !without &&
      [...known.values()].some(({ habit, taken }) => taken > 0 && taken < habits[habit].steps.length),
    habitOf: id => known.get(id)?.habit,
    async payAtShop(address, units) {
      atShop.push(await pay(address, units))
    },
    paidUnits: () =>
      [...atShop, ...[...known.values()].flatMap(({ paid }) => paid)].reduce(
        (sum, { units }) => sum + units,
        0n,
      ),
  }
}

/** Whoever wanted to pay tries again at the next look. */
class NoCoin extends Error {
  override name = 'NoCoin'
}

/** Some 7 satoshis for each byte of a payment with one coin. */
const usualFee = 1_000n
