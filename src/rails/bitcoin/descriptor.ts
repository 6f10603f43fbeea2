/**
 * The watch-only account: read from a descriptor or an account key, and its addresses derived (BIP 32, 84,
 * 86, 380, 389).
 */
import { address, crypto } from 'bitcoinjs-lib'
import { BadInput } from '../../base/answer.ts'
import type { Branch, Destination, NetworkName } from '../chain.ts'
import { checksumOf } from './checksum.ts'
import { xOnlyPointAddTweak } from './ecc.ts'
import { BadDestination } from './fault.ts'
import {
  childKey,
  childParent,
  type ExtendedKey,
  hardened,
  type Parent,
  parentOf,
  readExtendedKey,
  writeExtendedKey,
} from './extendedKey.ts'
import { networks } from './network.ts'
import { isNobodysKey } from './ownerless.ts'
import { refuseSecrets } from './secret.ts'

export interface Descriptor {
  /**
   * As we write it: `wpkh([fingerprint/84h/0h/0h]xpub…/<0;1>/*)#checksum`. Equal accounts have equal texts,
   * save for an unknown origin.
   */
  text: string
  /** Native segwit (BIP 84), or taproot by its key alone (BIP 86). */
  kind: 'wpkh' | 'tr'
  network: NetworkName
  /** Where the account key comes from, if the text says so. */
  origin: Origin | undefined
  account: ExtendedKey
  branches: Record<Branch, Parent>
}

export interface Origin {
  /** Of the master key, 4 bytes. */
  fingerprint: Uint8Array
  /** From the master key to the account, each with its `hardened` bit. */
  steps: number[]
}

const branchNumbers = { receive: 0, change: 1 } as const satisfies Record<Branch, number>

/**
 * Reads `wpkh(KEY)#checksum`, `tr(KEY)#checksum`, or a bare account key, which is read as BIP 84's `wpkh`.
 * KEY is an extended public key, perhaps with its origin, and `/<0;1>/*`, `/0/*` or nothing after it: all
 * three mean receiving addresses from `/0/*` and change from `/1/*`. Throws `BadInput`, which never repeats a
 * key.
 */
export function parseDescriptor(text: string, network: NetworkName): Descriptor {
  const given = text.trim()
  refuseSecrets(given, 'the descriptor')
  if (!given.includes('(') && !given.includes('[')) {
    const account = readExtendedKey(given, network)
    checkDepth(account, undefined)
    return assemble('wpkh', network, undefined, account)
  }
  const { body, checksum } = splitChecksum(given)
  const right = checksumOf(body)
  if (right === undefined)
    throw new BadInput(
      'the descriptor holds a character descriptors do not have (BIP 380): copy it again as plain text',
    )
  if (checksum !== undefined && checksum !== right)
    throw new BadDestination(
      { is: 'descriptor-checksum' },
      `the descriptor’s checksum is ${shown(checksum)}, and for this text #${right} would be right: a character is mistyped or it was changed, so copy it again from the wallet`,
    )
  const { kind, key } = readScript(body)
  const { origin, account } = readKey(key, network)
  // Last, so that whoever is told the checksum has a text that is otherwise right.
  if (checksum === undefined)
    throw new BadDestination(
      { is: 'descriptor-unchecked', sum: `#${right}` },
      `the descriptor has no checksum: compare it with what the wallet shows, then add #${right} to its end (the checksum is what notices a mistyped character)`,
    )
  return assemble(kind, network, origin, account)
}

/**
 * Address number `index` (0 to 2^31 - 1) of a branch. `publicKey` is compressed; in taproot it is the
 * internal key, before its tweak. `path` as in {@link pathOf}.
 */
export function derive(
  descriptor: Descriptor,
  branch: Branch,
  index: number,
): Destination & { path: string; publicKey: Uint8Array } {
  checkIndex(index)
  const publicKey = childKey(descriptor.branches[branch], index)
  const [version, program] =
    descriptor.kind === 'wpkh' ? [0, crypto.hash160(publicKey)] : [1, outputKey(publicKey)]
  const script = new Uint8Array(2 + program.length)
  script[0] = version === 0 ? 0x00 : 0x51
  script[1] = program.length
  script.set(program, 2)
  return {
    address: address.toBech32(program, version!, networks[descriptor.network].bech32),
    script,
    path: pathOf(descriptor, branch, index),
    publicKey,
  }
}

/** `m/84h/0h/0h/0/5` where the origin is known; else from the account on, `0/5`. */
export const pathOf = ({ origin }: Descriptor, branch: Branch, index: number): string =>
  `${origin ? `m${stepsText(origin.steps, 'h')}/` : ''}${branchNumbers[branch]}/${index}`

/**
 * What a PSBT says of a key of ours (BIP 174, 371), in bitcoinjs-lib's words. An account of unknown origin
 * counts as its own master, as Bitcoin Core does it.
 */
export function keyOrigin(
  descriptor: Descriptor,
  branch: Branch,
  index: number,
): { masterFingerprint: Uint8Array; path: string } {
  checkIndex(index)
  const { account, origin } = descriptor
  return {
    masterFingerprint: origin?.fingerprint ?? crypto.hash160(account.publicKey).slice(0, 4),
    path: `m${stepsText(origin?.steps ?? [], "'")}/${branchNumbers[branch]}/${index}`,
  }
}

/**
 * One branch as a descriptor of its own with checksum, as Bitcoin Core's importdescriptors, scantxoutset and
 * deriveaddresses take it.
 */
export const branchText = (descriptor: Descriptor, branch: Branch): string =>
  write(descriptor, `${branchNumbers[branch]}`)

function splitChecksum(text: string): { body: string; checksum: string | undefined } {
  const at = text.indexOf('#')
  return at < 0
    ? { body: text, checksum: undefined }
    : { body: text.slice(0, at), checksum: text.slice(at + 1) }
}

// What follows the # is shown where it can be a checksum: somebody may have pasted something else.
const shown = (checksum: string) =>
  checksum === ''
    ? 'empty'
    : /^[02-9ac-hj-np-z]{1,9}$/.test(checksum)
      ? `#${checksum}`
      : 'not eight letters and digits'

function readScript(body: string): { kind: 'wpkh' | 'tr'; key: string } {
  const [, name, inside] = /^([a-z_]{1,20})\((.*)\)$/s.exec(body) ?? []
  const wanted = 'give wpkh(…) (BIP 84) or tr(…) with a key alone (BIP 86)'
  if (name === undefined || inside === undefined)
    throw new BadInput(`the descriptor is no script with a key in brackets: ${wanted}`)
  if (name !== 'wpkh' && name !== 'tr')
    throw new BadInput(
      `the descriptor’s script is ${name === 'sh' && inside.startsWith('wpkh(') ? 'sh(wpkh(…))' : `${name}(…)`}, which is not supported: ${wanted}`,
    )
  if (inside.includes(','))
    throw new BadInput(
      'the descriptor’s tr(…) has scripts beside its key, which is not supported: give tr(…) with a key alone',
    )
  if (inside.includes('('))
    throw new BadInput(`the descriptor’s ${name}(…) holds another script, which is not supported: ${wanted}`)
  return { kind: name, key: inside }
}

function readKey(text: string, network: NetworkName): { origin: Origin | undefined; account: ExtendedKey } {
  const [, bracket, base58, steps] = /^(\[[^\]]*\])?([A-Za-z0-9]+)(.*)$/s.exec(text) ?? []
  if (base58 === undefined || steps === undefined)
    throw new BadInput(
      'the descriptor’s key is not readable: expected [fingerprint/84h/0h/0h]xpub…/<0;1>/*, the part in brackets as the wallet gives it',
    )
  if (/^0[234][0-9a-f]{64,128}$/i.test(base58))
    throw new BadInput(
      'the descriptor holds a single public key, which has one address only: give the account’s extended key',
    )
  const account = readExtendedKey(base58, network)
  const { plain, segwit } = networks[network].extendedKeys
  if (account.use !== 'plain')
    throw new BadInput(
      `the descriptor holds a ${segwit.letters}, and descriptors take the ${plain.letters} of the same account: give the ${segwit.letters} by itself, or have the wallet show its descriptor`,
    )
  const origin = bracket === undefined ? undefined : readOrigin(bracket)
  checkSteps(steps)
  checkDepth(account, origin, true)
  return { origin, account }
}

function readOrigin(text: string): Origin {
  const [, fingerprint, steps] = /^\[([0-9a-f]{8})((?:\/\d{1,10}[hH']?)*)\]$/i.exec(text) ?? []
  const numbers = steps
    ?.split('/')
    .slice(1)
    .map(step => [Number.parseInt(step), /\d$/.test(step) ? 0 : hardened] as const)
  if (fingerprint === undefined || !numbers || numbers.some(([number]) => number >= hardened))
    throw new BadInput(
      'the descriptor’s origin is not readable: expected [fingerprint/84h/0h/0h], eight hex digits and the steps to the account',
    )
  return {
    fingerprint: Uint8Array.from(Buffer.from(fingerprint, 'hex')),
    steps: numbers.map(([number, bit]) => number + bit),
  }
}

function checkSteps(steps: string): void {
  if (steps === '' || steps === '/<0;1>/*' || steps === '/0/*') return
  if (/[hH']/.test(steps))
    throw new BadInput(
      'the descriptor has hardened steps after its extended public key, which only the private key can take: give the key of that step, with /<0;1>/* after it',
    )
  if (steps === '/1/*')
    throw new BadInput(
      'the descriptor names the change branch alone (/1/*): give /<0;1>/* or the receiving branch, /0/*',
    )
  throw new BadInput(
    'the descriptor’s key has other steps after it than we use: expected /<0;1>/*, /0/* or nothing',
  )
}

function checkDepth(
  { use, depth, childNumber }: ExtendedKey,
  origin: Origin | undefined,
  inDescriptor = false,
): void {
  if (!origin) {
    // Electrum's own seeds have one account, m/0h, with the branches right below it, and show it as a zpub; a
    // descriptor says as much.
    const isElectrum = (use === 'segwit' || inDescriptor) && depth === 1 && childNumber === hardened
    if (depth !== 3 && !isElectrum)
      throw new BadDestination(
        { is: 'key' },
        `the extended key has depth ${depth}${depth === 0 ? ' (it is the master key’s)' : ''}, and an account’s has 3 (like m/84h/0h/0h): give the account’s key, or a descriptor that says in brackets where the key comes from`,
      )
    return
  }
  if (origin.steps.length !== depth)
    throw new BadInput(
      `the descriptor’s origin has ${origin.steps.length} steps, and its key has depth ${depth}: they must be equal, so copy the descriptor again from the wallet`,
    )
  if (depth > 0 && origin.steps.at(-1) !== childNumber)
    throw new BadInput(
      `the descriptor’s origin ends in ${stepsText(origin.steps.slice(-1), 'h')}, and its key was derived as ${stepsText([childNumber], 'h')}: origin and key are of two accounts`,
    )
}

function checkIndex(index: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= hardened)
    throw new BadInput(`address number ${index}: expected a whole number from 0 to ${hardened - 1}`)
}

function assemble(
  kind: Descriptor['kind'],
  network: NetworkName,
  origin: Origin | undefined,
  account: ExtendedKey,
): Descriptor {
  // What is derived from it is nobody's: such keys stand where a script alone shall spend, and no script is
  // taken here.
  if (isNobodysKey(account.publicKey))
    throw new BadInput(
      'the descriptor’s key is known to have no private key (BIP 341): money sent to its addresses could never be spent',
    )
  const root = parentOf(account.publicKey, account.chainCode)
  const branches = {
    receive: childParent(root, branchNumbers.receive),
    change: childParent(root, branchNumbers.change),
  }
  return {
    text: write({ kind, network, origin, account }, '<0;1>'),
    kind,
    network,
    origin,
    account,
    branches,
  }
}

function write(
  { kind, network, origin, account }: Pick<Descriptor, 'kind' | 'network' | 'origin' | 'account'>,
  branch: string,
): string {
  const from = origin
    ? `[${Buffer.from(origin.fingerprint).toString('hex')}${stepsText(origin.steps, 'h')}]`
    : ''
  const body = `${kind}(${from}${writeExtendedKey(account, network)}/${branch}/*)`
  return `${body}#${checksumOf(body)}`
}

const stepsText = (steps: readonly number[], mark: string): string =>
  steps.map(step => (step >= hardened ? `/${step - hardened}${mark}` : `/${step}`)).join('')

/** BIP 341's output key for a key path alone: the internal key plus its own tagged hash. */
function outputKey(publicKey: Uint8Array): Uint8Array {
  const internal = publicKey.subarray(1)
  const moved = xOnlyPointAddTweak(internal, crypto.taggedHash('TapTweak', internal))
  // Its chance is that of guessing a private key.
  if (!moved) throw new Error('a taproot key without an output key')
  return moved.xOnlyPubkey
}
