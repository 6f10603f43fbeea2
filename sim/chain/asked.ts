/**
 * Reads the arguments of an RPC, with Bitcoin Core's complaints about those that are not what they should be.
 */
import { parseDescriptor } from './descriptors.ts'
import { scriptOf, type Network } from './keys.ts'
import { codes, refuse } from './refusal.ts'

export interface Method<Context> {
  /** Of its arguments, in their order: they may come by name too. */
  takes: string[]
  /** How many are needed; none by default. */
  needs?: number
  run(context: Context, ...given: unknown[]): unknown
}

/** Arguments in their order, from a list or an object. */
export function inOrder(name: string, { takes, needs = 0 }: Method<never>, params: unknown): unknown[] {
  let given: unknown[] = []
  if (Array.isArray(params)) given = params
  else if (typeof params === 'object' && params !== null) {
    for (const key of Object.keys(params))
      if (!takes.includes(key)) refuse(codes.parameter, `Unknown named parameter ${key}`)
    given = takes.map(key => (params as Record<string, unknown>)[key])
    while (given.length > 0 && given.at(-1) === undefined) given.pop()
  }
  // What is left out by null is as if it were not there.
  const values = given.map(value => value ?? undefined)
  if (given.length > takes.length || values.slice(0, needs).length < needs) {
    const shown = takes.map((key, at) => (at < needs ? key : `( ${key} )`)).join(' ')
    refuse(codes.misc, `${name} ${shown}`.trim())
  }
  return values
}

export function hashText(value: unknown, name: string): string {
  const text = string(value)
  if (text.length !== 64)
    refuse(codes.parameter, `${name} must be of length 64 (not ${text.length}, for '${text}')`)
  if (!/^[0-9a-f]+$/i.test(text))
    refuse(codes.parameter, `${name} must be hexadecimal string (not '${text}')`)
  return text.toLowerCase()
}

export const string = (value: unknown): string =>
  typeof value === 'string' ? value : wrongType(value, 'string')
export const number = (value: unknown): number =>
  typeof value === 'number' ? value : wrongType(value, 'number')
export const boolean = (value: unknown, otherwise: boolean): boolean =>
  value === undefined ? otherwise : typeof value === 'boolean' ? value : wrongType(value, 'bool')
export const list = (value: unknown): unknown[] =>
  Array.isArray(value) ? (value as unknown[]) : wrongType(value, 'array')

/**
 * BTC as Core takes them, a number or text, in satoshis. Exact, for a float of 53 bits holds every amount
 * there can be.
 */
export function satoshis(value: unknown): bigint {
  if (typeof value !== 'number' && typeof value !== 'string')
    refuse(codes.type, 'Amount is not a number or string')
  const text = typeof value === 'number' ? value.toFixed(8) : String(value)
  const [, whole, fraction = ''] =
    /^(\d+)(?:\.(\d{1,8}))?$/.exec(text) ?? refuse(codes.type, 'Invalid amount')
  return BigInt(whole!) * 100_000_000n + BigInt(fraction.padEnd(8, '0'))
}

/** Verbosity as a number, where older callers give true or false. */
export const verbosity = (value: unknown, otherwise: number): number =>
  value === undefined ? otherwise : typeof value === 'boolean' ? Number(value) : number(value)

/** An address, or a descriptor without a range. */
export function payTo(value: unknown, network: Network, otherwise = 'Error: Invalid address'): Uint8Array {
  const text = string(value)
  const script = scriptOf(text, network)
  if (script) return script
  if (!text.includes('(')) return refuse(codes.notFound, otherwise)
  return parseDescriptor(text, network).at(0)[0]!.script
}

const wrongType = (value: unknown, expected: string): never => {
  const kind =
    value === null || value === undefined
      ? 'null'
      : Array.isArray(value)
        ? 'array'
        : typeof value === 'boolean'
          ? 'bool'
          : typeof value
  return refuse(codes.type, `JSON value of type ${kind} is not of expected type ${expected}`)
}
