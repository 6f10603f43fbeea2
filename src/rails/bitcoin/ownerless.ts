/**
 * Destinations nobody owns: addresses that read well, and whose money anybody, any miner, or nobody at all
 * can spend.
 */
import { crypto } from 'bitcoinjs-lib'
import { isXOnlyPoint } from './ecc.ts'

/**
 * A witness program as BIP 141 knows it: a version, then one push of 2 to 40 bytes. Of version 0 only those
 * that may be spent.
 */
export function witnessOf(script: Uint8Array): { version: number; program: Uint8Array } | undefined {
  const [code, length] = script
  if (code === undefined || length === undefined || length < 2 || length > 40 || script.length !== length + 2)
    return undefined
  if (code === 0) return length === 20 || length === 32 ? { version: 0, program: script.slice(2) } : undefined
  return code > 0x50 && code <= 0x60 ? { version: code - 0x50, program: script.slice(2) } : undefined
}

/**
 * Why an output of this script is nobody's to own, in words that go on from "the address …"; undefined where
 * somebody may hold its key. The one place where that is decided, on every network: for addresses as they are
 * typed, for descriptors, for the signing policy and its list.
 */
export function ownerlessWhy(script: Uint8Array): string | undefined {
  const witness = witnessOf(script)
  const program = witness?.program ?? hashOf(script)
  if (!program) return undefined
  if (witness && witness.version > 1)
    return `is of witness version ${witness.version}, which means nothing yet: anybody could take the money (BIP 141)`
  // Bitcoin Core 28, "pay to anchor": made for anybody to spend.
  if (witness?.version === 1 && hex(program) === '4e73')
    return 'is pay-to-anchor, made for anybody to spend: the money would be gone'
  if (witness?.version === 1 && program.length !== 32)
    return `has ${program.length} bytes in witness version 1, which means nothing yet: anybody could take the money (BIP 341)`
  if (witness?.version === 1 && !isXOnlyPoint(program))
    return 'holds no key: money sent there could never be spent, so have it shown again'
  if (witness?.version === 1 && hex(program) === nobodysKey)
    return 'holds the key that is known to have no private key (BIP 341): money sent there could never be spent'
  if (program.every(byte => byte === program[0]))
    return 'is the same byte again and again, which is no hash of anybody’s key: money sent there could never be spent'
  if (everybodys.has(hex(program)))
    return 'is of a script that asks for no signature: anybody could take the money'
  return undefined
}

/**
 * Whether a public key, compressed, is the point without a known private key: what is derived from it has
 * none either.
 */
export const isNobodysKey = (publicKey: Uint8Array): boolean => hex(publicKey.slice(1)) === nobodysKey

/** Of P2PKH and P2SH. */
function hashOf(script: Uint8Array): Uint8Array | undefined {
  if (script.length === 25 && hex(script.slice(0, 3)) === '76a914' && hex(script.slice(23)) === '88ac')
    return script.slice(3, 23)
  if (script.length === 23 && hex(script.slice(0, 2)) === 'a914' && script[22] === 0x87)
    return script.slice(2, 22)
  return undefined
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

// BIP 341's H: made from the generator by a hash, so that nobody knows its logarithm.
const nobodysKey = '50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0'

/** The empty script, OP_1 to OP_16, and pay-to-anchor within P2SH: as P2SH and P2WSH name them. */
const everybodys = new Set(
  [[], [0x51, 0x02, 0x4e, 0x73], ...Array.from({ length: 16 }, (_, number) => [0x51 + number])]
    .map(bytes => Uint8Array.from(bytes))
    .flatMap(script => [hex(crypto.hash160(script)), hex(crypto.sha256(script))]),
)
