/**
 * The settings of the Bitcoin rail and of the rate between reais and bitcoin, and what they must be together.
 */
import { z } from 'zod'
import { parseUnits, type BasisPoints } from './money.ts'
import { holdsPrivateKey, oneOf, oneOfOrNone, optional, parsed, parsedOr, seconds, whole } from './setting.ts'
import { typedAmount, typedPercent } from './typedAmount.ts'

/** Public tickers of BTC-BRL that `src/rates` knows to ask. */
export const rateSourceNames = ['mercadobitcoin', 'binance', 'coinbase', 'bitso', 'coingecko'] as const
export type RateSourceName = (typeof rateSourceNames)[number]

/** How deep a payment below `belowUnits` centavos must lie to count; the last rule has no bound. */
export interface ConfirmationRule {
  belowUnits: bigint | undefined
  confirmations: number
}

/**
 * What is done with a payment after the rate's window: kept for a person, priced again, or taken at the old
 * rate while it moved no more than `within`.
 */
export type LatePolicy = { is: 'hold' } | { is: 'reprice' } | { is: 'accept'; within: BasisPoints }

export const bitcoinSettings = {
  BITCOIN_NETWORK: oneOfOrNone('mainnet', 'testnet4', 'signet', 'regtest'),
  BITCOIN_RPC_URL: optional(
    z
      .string()
      .refine(
        isNodeUrl,
        'expected an address like http://user:password@127.0.0.1:8332, with / % and @ in the password written as %2F %25 %40',
      ),
  ),
  BITCOIN_RPC_COOKIE_FILE: optional(z.string()),
  BITCOIN_ZMQ_URL: optional(
    z
      .string()
      .regex(/^tcp:\/\/(\[[0-9a-f:]+\]|[\w.-]+):\d{1,5}$/i, 'expected an address like tcp://127.0.0.1:28332'),
  ),
  BITCOIN_DESCRIPTOR: optional(
    z
      .string()
      .trim()
      .refine(
        text => !holdsPrivateKey(text),
        'expected public keys alone, and this holds a private key: take it out of here, and out of wherever it was pasted from',
      ),
  ),
  BITCOIN_SIGNER: oneOf('psbt', 'wallet'),
  BITCOIN_WALLET: optional(z.string()),
  BITCOIN_POLICY_FILE: optional(z.string()),
  /** Satoshis for a thousand virtual bytes; written in sat/vB. */
  BITCOIN_FALLBACK_FEE_RATE: parsedOr(
    '5',
    parseFeeRate,
    'satoshis per virtual byte, above 0 and at most 10000, like 5 or 2.5',
  ),
  BITCOIN_MAX_FEE_RATE: parsedOr(
    '100',
    parseFeeRate,
    'satoshis per virtual byte, above 0 and at most 10000, like 100 or 2.5',
  ),
  /** Blocks within which a transaction of ours should be mined. */
  BITCOIN_FEE_BLOCKS: whole(6, 1, 1_008, 'a whole number of blocks'),
  BITCOIN_CONFIRMATIONS: parsedOr(
    '1 below 500.00, 3 below 20000.00, 6',
    parseConfirmations,
    'rules from the smallest amount up, the last without one, each of 1 to 100 confirmations, like 1 below 500.00, 3 below 20000.00, 6',
  ),
  /** How deep an output must lie before it is spent. */
  BITCOIN_PAYOUT_DEPTH: whole(6, 1, 100, 'a whole number of blocks'),
  BITCOIN_LATE: parsedOr('accept 2%', parseLate, 'hold, reprice, or accept with 0 to 50 %, like accept 2%'),
  BITCOIN_BUMP_AFTER_BLOCKS: whole(6, 1, 1_008, 'a whole number of blocks'),
  BITCOIN_POLL_SECONDS: seconds(5),
  /** How long payouts are gathered before one transaction pays them. */
  BITCOIN_BATCH_SECONDS: seconds(60),
  RATE_SOURCES: parsedOr(
    'mercadobitcoin,binance,coinbase,coingecko',
    parseSources,
    `two or more of ${rateSourceNames.join(', ')}, with commas between them`,
  ),
  RATES_FILE: optional(z.string()),
  RATE_FIXED: optional(parsed(parseFixed, 'a pair and its price, like BTC-BRL 600000.00')),
  RATE_MAX_AGE_SECONDS: seconds(300),
  RATE_MAX_DEVIATION: parsedOr('2%', parseDeviation, 'a share above 0 and at most 50 %, like 2%'),
}

/** What is wrong with settings that are each right by themselves. Tells names alone, never a value. */
export function bitcoinFaults(env: Record<string, string | undefined>): string[] {
  const faults: string[] = []
  for (const name of ['BITCOIN_NETWORK', 'BITCOIN_DESCRIPTOR'])
    if (env['BITCOIN_RPC_URL'] && !env[name])
      faults.push(
        `${name} is not set: BITCOIN_RPC_URL turns the Bitcoin rail on, and then it must be set too`,
      )
  if (env['BITCOIN_RPC_COOKIE_FILE'] && /@/.test(env['BITCOIN_RPC_URL'] ?? ''))
    faults.push(
      'BITCOIN_RPC_COOKIE_FILE and a password in BITCOIN_RPC_URL are both set: the node takes one, so leave out the other',
    )
  if (env['BITCOIN_SIGNER'] === 'wallet' && !env['BITCOIN_WALLET'])
    faults.push(
      'BITCOIN_WALLET is not set: with BITCOIN_SIGNER=wallet, expected the name of the node’s wallet that signs',
    )
  if (env['RATE_FIXED'] && env['BITCOIN_NETWORK'] === 'mainnet')
    faults.push(
      'RATE_FIXED is for closed networks and refused on mainnet: leave it out, or keep a RATES_FILE up to date',
    )
  if (env['RATE_FIXED'] && env['RATES_FILE'])
    faults.push('RATE_FIXED and RATES_FILE are both set: leave one out')
  return faults
}

/** `http(s)://[user:password@]host:port`, and nothing behind it: a wallet has a setting of its own. */
function isNodeUrl(text: string): boolean {
  if (!/^https?:\/\/([^/?#@\s]+@)?(\[[0-9a-f:]+\]|[\w.-]+):\d{1,5}\/?$/i.test(text) || !URL.canParse(text))
    return false
  const { username, password } = new URL(text)
  return (username === '') === (password === '') && isEscaped(username) && isEscaped(password)
}

/** A lone % is no escape, and would surprise whoever reads the password out of it. */
function isEscaped(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

function parseFeeRate(text: string): bigint | undefined {
  const match = /^(\d{1,5})(?:\.(\d{1,3}))?$/.exec(text)
  if (!match) return undefined
  const rate = BigInt(match[1] + (match[2] ?? '').padEnd(3, '0'))
  return rate > 0n && rate <= 10_000_000n ? rate : undefined
}

function parseConfirmations(text: string): ConfirmationRule[] | undefined {
  const rules: ConfirmationRule[] = []
  const parts = text.split(',')
  for (const [place, part] of parts.entries()) {
    const match = /^(\d{1,3})(?: +below +(\S+))?$/.exec(part.trim())
    const confirmations = Number(match?.[1] ?? 0)
    const belowUnits = match?.[2] === undefined ? undefined : parseUnits(match[2], 'BRL')
    const isLast = place === parts.length - 1
    if (!match || confirmations < 1 || confirmations > 100 || (match[2] === undefined) !== isLast)
      return undefined
    const before = rules.at(-1)
    // More money never needs less depth.
    if (
      before &&
      (confirmations < before.confirmations || (belowUnits !== undefined && belowUnits <= before.belowUnits!))
    )
      return undefined
    if (!isLast && !belowUnits) return undefined
    rules.push({ belowUnits, confirmations })
  }
  return rules
}

function parseLate(text: string): LatePolicy | undefined {
  if (text === 'hold' || text === 'reprice') return { is: text }
  const match = /^accept +(\S+ *%)$/.exec(text)
  const within = match ? typedPercent(match[1]!) : undefined
  return within !== undefined && within <= 5_000n ? { is: 'accept', within } : undefined
}

function parseSources(text: string): RateSourceName[] | undefined {
  const names = text.split(',').map(name => name.trim())
  const known = rateSourceNames.filter(name => names.includes(name))
  return known.length >= 2 && known.length === names.length ? known : undefined
}

function parseFixed(text: string): { pair: 'BTC-BRL'; price: bigint } | undefined {
  const match = /^(BTC-BRL) +(\S+)$/.exec(text)
  const price = match ? typedAmount(match[2]!, 'BRL') : undefined
  return price ? { pair: 'BTC-BRL', price } : undefined
}

function parseDeviation(text: string): BasisPoints | undefined {
  const share = typedPercent(text)
  return share !== undefined && share > 0n && share <= 5_000n ? share : undefined
}
