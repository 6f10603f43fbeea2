/** Output descriptors as `scantxoutset` takes them (BIP 380, 382, 386): one key, with or without a range. */
import { codes, refuse } from './refusal.ts'
import {
  addressOf,
  bytes,
  extendedKey,
  hex,
  pkh,
  publicChild,
  scriptOf,
  shOf,
  tr,
  wpkh,
  type BIP32Interface,
  type Network,
} from './keys.ts'
import { typeOf } from './policy.ts'

export interface Descriptor {
  ranged: boolean
  /** Its scripts at one index; each tells the descriptor of that script alone. */
  at(index: number): { script: Uint8Array; told(): string }[]
}

/** The same, remembered: whoever scans an account scans it again, and its addresses are dear to derive. */
export function makeDescriptors(network: () => Network): (text: string) => Descriptor {
  const known = new Map<string, Descriptor>()
  return text => {
    const name = `${network().bech32} ${text}`
    const found = known.get(name) ?? remembering(parseDescriptor(text, network()))
    known.delete(name)
    known.set(name, found)
    if (known.size > 8) known.delete([...known.keys()][0]!)
    return found
  }
}

function remembering({ ranged, at }: Descriptor): Descriptor {
  const told = new Map<number, ReturnType<Descriptor['at']>>()
  return {
    ranged,
    at(index) {
      const found = told.get(index) ?? at(index)
      told.set(index, found)
      return found
    },
  }
}

export function parseDescriptor(text: string, network: Network): Descriptor {
  const [body, checksum, more] = text.split('#') as [string, string?, string?]
  if (more !== undefined) refuse(codes.notFound, "Multiple '#' symbols")
  if (checksum !== undefined) {
    const right = checksumOf(body)
    if (checksum.length !== 8)
      refuse(codes.notFound, `Expected 8 character checksum, not ${checksum.length} characters`)
    if (checksum !== right)
      refuse(codes.notFound, `Provided checksum '${checksum}' does not match computed checksum '${right}'`)
  }
  const raw = /^raw\(([0-9a-f]*)\)$/i.exec(body)
  if (raw) return fixed(bytes(raw[1]!), network)
  const address = /^addr\((.*)\)$/.exec(body)
  if (address)
    return fixed(scriptOf(address[1]!, network) ?? refuse(codes.notFound, 'Address is not valid'), network)
  const [, name, key] =
    /^(wpkh|tr|pkh)\(([^()]*)\)$/.exec(body) ??
    /^(sh)\(wpkh\(([^()]*)\)\)$/.exec(body) ??
    refuse(codes.notFound, `'${body}' is not a valid descriptor function`)
  return ofKey(name as 'wpkh' | 'tr' | 'pkh' | 'sh', key!)
}

/** With its checksum. */
export const summed = (body: string): string => `${body}#${checksumOf(body)}`

/** How Core describes a script it knows no key of. */
export function describeScript(script: Uint8Array, network: Network): string {
  if (typeOf(script) === 'witness_v1_taproot') return summed(`rawtr(${hex(script.subarray(2))})`)
  const address = addressOf(script, network)
  return summed(address === undefined ? `raw(${hex(script)})` : `addr(${address})`)
}

const fixed = (script: Uint8Array, network: Network): Descriptor => ({
  ranged: false,
  at: () => [{ script, told: () => describeScript(script, network) }],
})

const scripts = {
  wpkh: [wpkh, (key: string) => `wpkh(${key})`],
  tr: [tr, (key: string) => `tr(${key})`],
  pkh: [pkh, (key: string) => `pkh(${key})`],
  sh: [(key: Uint8Array) => shOf(wpkh(key)), (key: string) => `sh(wpkh(${key}))`],
} as const

function ofKey(name: keyof typeof scripts, text: string): Descriptor {
  const [toScript, describe] = scripts[name]
  const bad = (): never =>
    refuse(codes.notFound, `${name === 'sh' ? 'wpkh' : name}(): key '${text}' is not valid`)
  const [, origin, key, path] =
    /^(?:\[([0-9a-f]{8}(?:\/[0-9]+['hH]?)*)\])?([0-9A-Za-z]+)((?:\/[0-9<>;*'hH]+)*)$/.exec(text) ?? bad()
  const extended = extendedKey(key!)
  if (!extended) {
    const plain =
      /^(?:0[23])?[0-9a-f]{64}$/.test(key!) && path === ''
        ? bytes(key!.length === 64 ? `02${key}` : key!)
        : bad()
    return { ranged: false, at: () => [{ script: toScript(plain), told: () => summed(describe(text)) }] }
  }
  const steps = path!.split('/').slice(1)
  const choices = steps
    .find(step => step.startsWith('<'))
    ?.slice(1, -1)
    .split(';') ?? ['']
  const from = origin ?? hex(extended.fingerprint)
  const step = (parent: BIP32Interface, one: string) => parent.derive(/^\d+$/.test(one) ? Number(one) : bad())
  const ranged = steps.at(-1) === '*'
  const branches = choices.map(choice => {
    const taken = steps.slice(0, ranged ? -1 : undefined).map(one => (one.startsWith('<') ? choice : one))
    return { taken, key: taken.reduce(step, extended) }
  })
  return {
    ranged,
    at: index =>
      branches.map(({ taken, key: parent }) => {
        const publicKey = ranged ? publicChild(parent, index) : parent.publicKey
        const place = [from, ...taken, ...(ranged ? [index] : [])].join('/')
        return {
          script: toScript(publicKey),
          told: () => summed(describe(`[${place}]${hex(name === 'tr' ? publicKey.subarray(1) : publicKey)}`)),
        }
      }),
  }
}

const letters =
  '0123456789()[],\'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#"\\ '
const checks = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const generator = [0xf5dee51989n, 0xa9fdca3312n, 0x1bab10e32dn, 0x3706b1677an, 0x644d626ffdn]

/** BIP 380. */
export function checksumOf(body: string): string {
  let state = 1n
  const take = (value: number) => {
    const top = state >> 35n
    state = ((state & 0x7ffffffffn) << 5n) ^ BigInt(value)
    generator.forEach((word, bit) => ((top >> BigInt(bit)) & 1n ? (state ^= word) : undefined))
  }
  let group = 0
  let held = 0
  for (const letter of body) {
    const at = letters.indexOf(letter)
    if (at < 0) refuse(codes.notFound, `Invalid characters in payload`)
    take(at & 31)
    group = group * 3 + (at >> 5)
    if (++held === 3) {
      take(group)
      group = held = 0
    }
  }
  if (held > 0) take(group)
  for (let left = 8; left > 0; left--) take(0)
  state ^= 1n
  return Array.from({ length: 8 }, (_, at) => checks[Number((state >> (5n * BigInt(7 - at))) & 31n)]).join('')
}
