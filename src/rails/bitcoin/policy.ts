/**
 * The signing policy: caps and destinations kept apart from the accounts, and asked again when something is
 * to be signed.
 */
import { z } from 'zod'
import { Psbt } from 'bitcoinjs-lib'
import { BadInput } from '../../base/answer.ts'
import { formatUnits } from '../../base/money.ts'
import { typedAmount } from '../../base/typedAmount.ts'
import type { ChainRail, NetworkName, Plan, SpendingPolicy } from '../chain.ts'
import { addressOf, parseAddress } from './address.ts'
import { derive, parseDescriptor, type Descriptor } from './descriptor.ts'
import { ownerlessWhy } from './ownerless.ts'

const fields = z.strictObject({
  maxPerDay: z.string().optional(),
  maxPerTransaction: z.string().optional(),
  allow: z.array(z.string()).optional(),
})

/**
 * Reads `{"maxPerDay": "0.50000000", "maxPerTransaction": "0.1", "allow": ["bc1…", "wpkh(…)#…"]}`: amounts in
 * BTC, destinations as addresses or descriptors, of whose addresses the first ten thousand are allowed. Each
 * may be left out, and then does not bind; an empty `allow` allows nobody. Throws `BadInput`, which names the
 * field and says what would be right.
 */
export function readPolicy(text: string, network: NetworkName): SpendingPolicy {
  const { maxPerDay, maxPerTransaction, allow } = readFields(text)
  return {
    ...(maxPerDay !== undefined && { mostUnitsPerDay: readUnits(maxPerDay, 'maxPerDay') }),
    ...(maxPerTransaction !== undefined && {
      mostUnitsPerTransaction: readUnits(maxPerTransaction, 'maxPerTransaction'),
    }),
    ...(allow && { allowed: readAllowed(allow, network) }),
  }
}

/**
 * Why this transaction may not be signed; undefined where it may. It is judged by what the PSBT itself says,
 * whatever was noted beside it: an output is our change if its own derivation leads to its script, and all
 * that does not come back to us, fee included, counts as spent. `spentTodayUnits`: what other transactions
 * have spent on this day, in satoshis.
 */
export function checkPolicy(
  { psbt }: Pick<Plan, 'psbt'>,
  policy: SpendingPolicy,
  spentTodayUnits: bigint,
  rail: Pick<ChainRail, 'derive' | 'network'>,
): string | undefined {
  const { data, txOutputs } = Psbt.fromBase64(psbt)
  const away = txOutputs.filter(({ script }, place) => !isChange(data.outputs[place]!, script, rail))
  const nameOf = (script: Uint8Array) =>
    addressOf(script, rail.network) ?? `script ${Buffer.from(script).toString('hex').slice(0, 80)}`
  for (const { script, value } of away) {
    const why = ownerlessWhy(script)
    if (why !== undefined) return `it pays ${btc(value)} to ${nameOf(script)}, which ${why}`
  }
  const stranger = policy.allowed && away.find(({ script }) => !policy.allowed!.has(script))
  if (stranger)
    return `it pays ${btc(stranger.value)} to ${nameOf(stranger.script)}, which the signing policy does not allow`

  let spent = 0n
  for (const { witnessUtxo } of data.inputs) {
    if (!witnessUtxo) return 'it does not say what each of its inputs holds'
    spent += witnessUtxo.value
  }
  for (const output of txOutputs) if (!away.includes(output)) spent -= output.value
  const { mostUnitsPerDay: day, mostUnitsPerTransaction: each } = policy
  if (each !== undefined && spent > each)
    return `it spends ${btc(spent)} with its fee, and the signing policy allows ${btc(each)} at once`
  if (day !== undefined && spentTodayUnits + spent > day) {
    return `it spends ${btc(spent)} with its fee, ${btc(spentTodayUnits)} were spent today, and the signing policy allows ${btc(day)} a day`
  }
  return undefined
}

function readFields(text: string): z.infer<typeof fields> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new BadInput(
      'the signing policy is no JSON; it should read like {"maxPerDay": "0.5", "maxPerTransaction": "0.1", "allow": ["bc1…"]}',
    )
  }
  const read = fields.safeParse(json)
  if (read.success) return read.data
  const [{ path, message }] = read.error.issues as [z.core.$ZodIssue]
  const where = path.length > 0 ? `the signing policy’s ${path.join('.')}` : 'the signing policy'
  throw new BadInput(
    `${where} is not right: ${message}; it holds maxPerDay and maxPerTransaction in BTC between quotation marks, and allow, a list of addresses and descriptors`,
  )
}

function readUnits(text: string, field: string): bigint {
  const units = typedAmount(text, 'BTC')
  if (units === undefined)
    throw new BadInput(
      `the signing policy’s ${field} "${text.slice(0, 40)}" is no amount in BTC, e.g. 0.50000000`,
    )
  return units
}

function readAllowed(allow: readonly string[], network: NetworkName): NonNullable<SpendingPolicy['allowed']> {
  const single = new Set<string>()
  const accounts: ReturnType<typeof lookup>[] = []
  for (const text of allow) {
    try {
      if (text.includes('(')) accounts.push(lookup(parseDescriptor(text, network)))
      else single.add(hex(parseAddress(text, network).script))
    } catch (error) {
      if (!(error instanceof BadInput)) throw error
      throw new BadInput(`the signing policy’s allow: ${error.message}`, { cause: error })
    }
  }
  return { has: script => single.has(hex(script)) || accounts.some(has => has(hex(script))) }
}

const maxAddresses = 10_000

/**
 * Derives on and on until it finds what is asked for, and remembers: most answers are among the first
 * addresses.
 */
function lookup(account: Descriptor): (script: string) => boolean {
  const known = new Set<string>()
  return script => {
    while (!known.has(script) && known.size < maxAddresses)
      known.add(hex(derive(account, 'receive', known.size).script))
    return known.has(script)
  }
}

type Output = Psbt['data']['outputs'][number]

function isChange(
  { bip32Derivation, tapBip32Derivation }: Output,
  script: Uint8Array,
  { derive }: Pick<ChainRail, 'derive'>,
): boolean {
  return [...(bip32Derivation ?? []), ...(tapBip32Derivation ?? [])].some(({ path }) => {
    const [, index] = /\/1\/(\d{1,10})$/.exec(path) ?? []
    return (
      index !== undefined &&
      Number(index) < 0x8000_0000 &&
      hex(derive('change', Number(index)).script) === hex(script)
    )
  })
}

const hex = (script: Uint8Array): string => Buffer.from(script).toString('hex')
const btc = (units: bigint): string => `${formatUnits(units, 'BTC')} BTC`
