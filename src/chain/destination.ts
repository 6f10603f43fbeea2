/**
 * Where a Bitcoin account pays to: an address or a descriptor, read by the rail's own rules, derived again,
 * and never one of ours.
 */
import { parseAddress } from '../rails/bitcoin/address.ts'
import { isDescriptor } from '../rails/bitcoin/bitcoin.ts'
import { derive, parseDescriptor } from '../rails/bitcoin/descriptor.ts'
import { BadDestination } from '../rails/bitcoin/fault.ts'
import { refuseSecrets } from '../rails/bitcoin/secret.ts'
import type { Destination, NetworkName } from '../rails/chain.ts'
import { sql, type Reader } from '../db/db.ts'
import { lookAhead } from './addresses.ts'

export interface BitcoinDestination {
  /** As it is kept: the address, or the descriptor with its checksum. */
  text: string
  /** The address, or the descriptor's first. */
  first: Destination
}

export interface Settings {
  BITCOIN_NETWORK: NetworkName
  BITCOIN_DESCRIPTOR: string | undefined
}

/** Reads what was typed. Throws `BadInput`, which repeats no private key. */
export function readDestination(flag: string, text: string, config: Settings): BitcoinDestination {
  refuseSecrets(text, flag)
  const destination = destinationOn(config, text)
  refuseOurs(flag, destination, config)
  return destination
}

/** An account's, derived again from what is kept. Throws `BadInput` where it is not of this network. */
export const destinationOf = (config: Settings, row: { destination: string }): BitcoinDestination =>
  destinationOn(config, row.destination)

/** Whether the address is one that payers of ours were or will be shown. */
export const isOurScript = async (reader: Reader, { first }: BitcoinDestination): Promise<boolean> =>
  (await reader.one(sql`select 1 as yes from chain_scripts where script = ${first.script}`)) !== undefined

export const oursRefused = (flag: string): BadDestination =>
  new BadDestination(
    { is: 'ours' },
    `${flag} is of our own account (BITCOIN_DESCRIPTOR), where nothing is paid on to: give the payee’s`,
    { flag },
  )

function destinationOn({ BITCOIN_NETWORK: network }: Settings, text: string): BitcoinDestination {
  const given = text.trim()
  if (!isDescriptor(given)) {
    const first = parseAddress(given, network)
    return { text: first.address, first }
  }
  const account = parseDescriptor(given, network)
  return { text: account.text, first: derive(account, 'receive', 0) }
}

/** Judged by scripts: the same account may be written in several ways, with its origin or without. */
function refuseOurs(flag: string, { text, first }: BitcoinDestination, config: Settings): void {
  if (config.BITCOIN_DESCRIPTOR === undefined) return
  const ours = parseDescriptor(config.BITCOIN_DESCRIPTOR, config.BITCOIN_NETWORK)
  const script = Buffer.from(first.script).toString('hex')
  for (const branch of ['receive', 'change'] as const)
    for (let number = 0; number < (isDescriptor(text) ? 1 : lookAhead); number++)
      if (Buffer.from(derive(ours, branch, number).script).toString('hex') === script) throw oursRefused(flag)
}
