/**
 * Addresses: read with their faults named, written from scripts, and the least an output of theirs may hold
 * (BIP 173, 350, 341).
 */
import { address } from 'bitcoinjs-lib'
import bs58check from 'bs58check'
import { BadInput } from '../../base/answer.ts'
import type { Destination, NetworkName } from '../chain.ts'
import { BadDestination } from './fault.ts'
import { networks, networksWhere } from './network.ts'
import { ownerlessWhy, witnessOf } from './ownerless.ts'
import { refuseSecrets } from './secret.ts'

/**
 * Reads an address of `network` that somebody may own: segwit (lower case, or upper as in QR codes), P2PKH,
 * P2SH. Throws `BadInput`, for what anybody or nobody could spend too.
 */
export function parseAddress(text: string, network: NetworkName): Destination {
  const read = decodeAddress(text, network)
  const why = ownerlessWhy(read.script)
  if (why !== undefined) throw new BadInput(`the address ${shortly(text.trim())} ${why}`)
  return read
}

/** The same of whatever can be written as an address. */
export function decodeAddress(text: string, network: NetworkName): Destination {
  const given = text.trim()
  refuseSecrets(given, 'the address')
  const prefix = given.slice(0, given.lastIndexOf('1')).toLowerCase()
  if (networksWhere(one => one.bech32 === prefix) !== '') return readSegwit(given, prefix, network)
  return readBase58(given, network)
}

/** The address of a script, or undefined where it has none. */
export function addressOf(script: Uint8Array, network: NetworkName): string | undefined {
  const { bech32, pubKeyHash, scriptHash } = networks[network]
  const witness = witnessOf(script)
  if (witness) return address.toBech32(witness.program, witness.version, bech32)
  if (isBetween(script, 25, [0x76, 0xa9, 20], [0x88, 0xac]))
    return address.toBase58Check(script.slice(3, 23), pubKeyHash)
  if (isBetween(script, 23, [0xa9, 20], [0x87])) return address.toBase58Check(script.slice(2, 22), scriptHash)
  return undefined
}

/**
 * The least an output of this script may hold to be passed on by nodes with Bitcoin Core's default dust relay
 * fee (GetDustThreshold, 3 satoshis a byte of the output and of the input that will spend it), in satoshis.
 */
export function dustUnits(script: Uint8Array): bigint {
  if (script[0] === 0x6a || script.length > 10_000) return 0n
  const lengthBytes = script.length < 0xfd ? 1 : 3
  const spending = witnessOf(script) ? 32 + 4 + 1 + 26 + 4 : 32 + 4 + 1 + 107 + 4
  return 3n * BigInt(8 + lengthBytes + script.length + spending)
}

function readSegwit(given: string, prefix: string, network: NetworkName): Destination {
  if (given !== given.toLowerCase() && given !== given.toUpperCase())
    throw new BadInput(
      `the address ${shortly(given)} mixes capitals and small letters: give it in small letters as it was shown`,
    )
  const lower = given.toLowerCase()
  const { version, program } = decode(lower)
  if (version > 16)
    throw new BadInput(
      `the address ${shortly(given)} is of witness version ${version}, and the last there is is 16`,
    )
  const fits =
    version === 0
      ? program.length === 20 || program.length === 32
      : program.length >= 2 && program.length <= 40
  if (!fits)
    throw new BadInput(
      `the address ${shortly(given)} has ${program.length} bytes, which no address of witness version ${version} has`,
    )
  if (prefix !== networks[network].bech32)
    throw foreign(
      lower,
      networksWhere(one => one.bech32 === prefix),
      network,
    )
  return {
    address: lower,
    script: Uint8Array.from([version === 0 ? 0 : 0x50 + version, program.length, ...program]),
  }
}

function decode(lower: string): { version: number; program: Uint8Array } {
  try {
    const { version, data } = address.fromBech32(lower)
    return { version, program: data }
  } catch (error) {
    // What the library says is about its own reading of the text, which is lost on whoever has only mistyped
    // it.
    // Of the wrong encoding it documents a TypeError; every other fault is a plain Error.
    const encoding = error instanceof TypeError
    const why = encoding
      ? 'has the checksum of another witness version (BIP 350): the wallet that wrote it is too old or wrong'
      : 'has a wrong checksum: a character is missing or mistyped, so copy it again'
    const says = `the address ${shortly(lower)} ${why}`
    throw encoding ? new BadInput(says) : new BadDestination({ is: 'checksum' }, says)
  }
}

function readBase58(given: string, network: NetworkName): Destination {
  const { pubKeyHash, scriptHash } = networks[network]
  const base58 = /^[1-9A-HJ-NP-Za-km-z]{1,100}$/.test(given)
  const payload = base58 ? bs58check.decodeUnsafe(given) : undefined
  if (!payload && base58 && /^[123mn].{24,35}$/.test(given))
    throw new BadDestination(
      { is: 'checksum' },
      `the address ${shortly(given)} has a wrong checksum: a character is missing or mistyped, so copy it again`,
    )
  const [version, hash] = [payload?.[0], payload?.slice(1)]
  const owners = networksWhere(one => one.pubKeyHash === version || one.scriptHash === version)
  if (hash?.length !== 20 || owners === '')
    throw new BadInput(
      `${shortly(given)} is no Bitcoin address: expected one of ${network}, like ${networks[network].bech32}1…`,
    )
  if (version === pubKeyHash)
    return { address: given, script: Uint8Array.from([0x76, 0xa9, 20, ...hash, 0x88, 0xac]) }
  if (version === scriptHash) return { address: given, script: Uint8Array.from([0xa9, 20, ...hash, 0x87]) }
  throw foreign(given, owners, network)
}

const foreign = (given: string, owners: string, network: NetworkName) =>
  new BadDestination(
    { is: 'other-network' },
    `${given} is an address of ${owners}, and BITCOIN_NETWORK is ${network}: give an address of ${network}`,
  )

// Enough to find it again; whatever else may have been pasted is not repeated.
const shortly = (given: string) => (given.length > 14 ? `${given.slice(0, 12)}…` : `"${given}"`)

const isBetween = (
  script: Uint8Array,
  length: number,
  start: readonly number[],
  end: readonly number[],
): boolean =>
  script.length === length &&
  start.every((byte, index) => script[index] === byte) &&
  end.every((byte, index) => script[length - end.length + index] === byte)
