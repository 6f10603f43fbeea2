/**
 * Whether two destinations on a chain share an address, however each is written: an address as a descriptor
 * derives it, or one account key with its origin and without.
 */
import { BadInput } from '../../base/answer.ts'
import { decodeAddress } from './address.ts'
import { isDescriptor } from './bitcoin.ts'
import { derive, parseDescriptor, type Descriptor } from './descriptor.ts'
import { networks } from './network.ts'
import type { NetworkName } from '../chain.ts'

export interface ChainPlace {
  /** An address or a descriptor. */
  destination: string
  /** The number of a descriptor's next address. */
  next_index: bigint
}

/**
 * Addresses looked at beyond a descriptor's next one, on both its branches: ten times as far as its wallet
 * looks for payments by itself (BIP 44, gap limit).
 */
const beyond = 200
/** One descriptor takes 25 ms of processor until its addresses are known. */
const maxKnown = 256
/** However its row was edited. */
const maxNumber = 20_000

export function shareAddress(one: ChainPlace, other: ChainPlace): boolean {
  if (one.destination === other.destination) return true
  const [first, second] = [read(one.destination), read(other.destination)]
  if (first === undefined || second === undefined) return false
  if (first instanceof Uint8Array)
    return second instanceof Uint8Array
      ? hex(first) === hex(second)
      : derives(second, other.next_index, first)
  return second instanceof Uint8Array ? derives(first, one.next_index, second) : isOneKey(first, second)
}

/**
 * A script or a descriptor, of whichever network; undefined where it is neither, and nothing is paid there.
 */
function read(text: string): Uint8Array | Descriptor | undefined {
  for (const network of Object.keys(networks) as NetworkName[])
    try {
      return isDescriptor(text) ? parseDescriptor(text, network) : decodeAddress(text, network).script
    } catch (error) {
      if (!(error instanceof BadInput)) throw error
    }
  return undefined
}

/** Two kinds of addresses of one key are one wallet's. */
const isOneKey = ({ account: one }: Descriptor, { account: other }: Descriptor): boolean =>
  hex(one.publicKey) === hex(other.publicKey) && hex(one.chainCode) === hex(other.chainCode)

/** What was derived before, so that asking again of payouts that wait costs nothing. */
const known = new Map<string, { upTo: number; numbers: Map<string, number> }>()

function derives(descriptor: Descriptor, next: bigint, script: Uint8Array): boolean {
  const derived = known.get(descriptor.text) ?? { upTo: 0, numbers: new Map() }
  known.delete(descriptor.text)
  known.set(descriptor.text, derived)
  if (known.size > maxKnown) known.delete(known.keys().next().value!)
  const upTo = Math.min(Number(next) + beyond, maxNumber)
  for (; derived.upTo < upTo; derived.upTo++)
    for (const branch of ['receive', 'change'] as const)
      derived.numbers.set(hex(derive(descriptor, branch, derived.upTo).script), derived.upTo)
  return (derived.numbers.get(hex(script)) ?? upTo) < upTo
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
