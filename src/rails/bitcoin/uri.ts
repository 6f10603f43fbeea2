/** What a payer scans: a bitcoin: URI with address and amount (BIP 321, which replaced BIP 21). */
import { BadInput } from '../../base/answer.ts'
import { formatUnits, parseUnits } from '../../base/money.ts'
import type { NetworkName } from '../chain.ts'
import { parseAddress } from './address.ts'

export interface Payment {
  address: string
  /** Satoshis; undefined asks for any amount. */
  units?: bigint | undefined
  /** Who is paid. */
  label?: string | undefined
  /** What for. */
  message?: string | undefined
}

/** There will never be more: 21 million BTC in satoshis. */
const mostUnits = 2_100_000_000_000_000n

/**
 * `bitcoin:ADDRESS?amount=0.0002&label=…&message=…`, the amount in BTC without superfluous zeros. Throws
 * `BadInput` on an amount nobody can pay.
 */
export function paymentUri({ address, units, label, message }: Payment): string {
  if (units !== undefined && (units <= 0n || units > mostUnits))
    throw new BadInput(`an amount of ${units} satoshis: expected 1 to ${mostUnits}`)
  const parts = [
    units === undefined
      ? undefined
      : `amount=${formatUnits(units, 'BTC')
          .replace(/(?<!0)0+$/, '')
          .replace(/\.$/, '')}`,
    label ? `label=${encode(label)}` : undefined,
    message ? `message=${encode(message)}` : undefined,
  ].filter(part => part !== undefined)
  return `bitcoin:${address}${parts.length > 0 ? '?' : ''}${parts.join('&')}`
}

/**
 * Reads such a URI, in capitals too, as QR codes have it. What it does not know it passes over, unless it is
 * marked `req-`: then the payment would not be what was asked, and it throws `BadInput`, as for all it cannot
 * read.
 */
export function readUri(text: string, network: NetworkName): Payment {
  const [, address, query] = /^bitcoin:([^?]*)(?:\?(.*))?$/is.exec(text.trim()) ?? []
  if (address === undefined) throw new BadInput('this is no payment link: expected bitcoin:ADDRESS?amount=…')
  const found = new Map<string, string>()
  for (const part of query?.split('&').filter(one => one !== '') ?? []) {
    const at = part.indexOf('=')
    const key = decode(at < 0 ? part : part.slice(0, at)).toLowerCase()
    if (key.startsWith('req-'))
      throw new BadInput(
        `the payment link requires "${key}", which is not known here, so it may not be paid (BIP 321)`,
      )
    if (!['amount', 'label', 'message'].includes(key)) continue
    if (found.has(key)) throw new BadInput(`the payment link names ${key} twice`)
    found.set(key, decode(at < 0 ? '' : part.slice(at + 1)))
  }
  const amount = found.get('amount')
  return {
    address: parseAddress(address, network).address,
    units: amount === undefined ? undefined : readAmount(amount),
    label: found.get('label'),
    message: found.get('message'),
  }
}

function readAmount(text: string): bigint {
  // BIP 321 lets a digit be missing on either side of the point.
  const [, whole, fraction] = /^(\d*)(?:\.(\d*))?$/.exec(text) ?? []
  const units = whole || fraction ? parseUnits(`${whole || '0'}.${fraction || '0'}`, 'BTC') : undefined
  if (units === undefined || units > mostUnits)
    throw new BadInput(
      `the payment link’s amount is "${text.slice(0, 40)}": expected BTC with at most 8 decimals, like 0.0002`,
    )
  return units
}

// Half a surrogate pair has no UTF-8, and a label is no reason to fail.
const encode = (text: string) => encodeURIComponent(text.toWellFormed())

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new BadInput('the payment link has a % that is not followed by UTF-8 in hex')
  }
}
