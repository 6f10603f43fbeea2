/** Reads what stands behind a flag. Each fault names the flag, the value and what would be right. */
import { BadInput } from '../base/answer.ts'
import { isName } from '../base/id.ts'
import { mostUnits, type BasisPoints } from '../base/money.ts'
import { parseCount, parseDuration, parseRange, type Range } from '../base/duration.ts'
import { holdsPrivateKey } from '../base/setting.ts'
import { unlikeIn, unseenIn } from '../base/person.ts'
import { isStorable } from '../base/text.ts'
import { maxExpiresInMs, parseDiscounts, type Discount } from '../base/payTerms.ts'
import { assetIn, readTyped, typedAmount, typedPercent, type Currency } from '../base/typedAmount.ts'
import type { Millis } from '../base/world.ts'

type Reader<T> = (flag: string) => (text: string) => T

/** Whatever flag it was pasted behind, a private key is not repeated. */
const wrong = (flag: string, text: string, right: string): never => {
  throw new BadInput(
    `${flag} ${holdsPrivateKey(text) ? 'holds a private key, which belongs nowhere here, and' : `"${text}"`} ${right}`,
    { flag },
  )
}

/** What `read` answers, or the fault `right`. */
const orWrong =
  <T>(read: (text: string) => T | undefined, right: string): Reader<T> =>
  flag =>
  text =>
    read(text) ?? wrong(flag, text, right)

/** Has `work` check a value; a fault that does not name the flag gets its name in front. */
export function under<T>(flag: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof BadInput) || error.flag === flag) throw error
    throw new BadInput(`${flag}: ${error.message}`, { cause: error })
  }
}

export const nameFlag: Reader<string> = orWrong(
  text => (isName(text) ? text : undefined),
  'is not a name: up to 63 letters, digits, points, underscores and hyphens, the first a letter or digit, e.g. main',
)

/** Words for people to read: not empty, and nothing a terminal would obey. */
export const textFlag: Reader<string> = orWrong(
  text =>
    // eslint-disable-next-line no-control-regex
    text.trim() !== '' && text.length <= 200 && !/[\u0000-\u001f\u007f]/.test(text) && isStorable(text)
      ? text.trim()
      : undefined,
  'is empty, longer than 200 characters, or has control characters: write a few words',
)

export { assetIn, type Currency }

/**
 * A person's name, for what is written down as who did something: of what can be seen, in Latin letters, so
 * that no two look alike.
 */
export const personFlag: Reader<string> = flag => text => {
  const name = textFlag(flag)(text)
  const unseen = unseenIn(name)
  if (unseen !== undefined)
    return wrong(flag, text, `has ${unseen}, which nobody sees: type it again, in letters, digits and spaces`)
  const unlike = unlikeIn(name)
  if (unlike !== undefined)
    return wrong(
      flag,
      text,
      `has ${unlike}, by which it may look like another name: write it in Latin letters, with or without accents`,
    )
  return name
}

const written = {
  BRL: {
    one: 'is not an amount up to 10000000.00: write reais with at most two decimals, e.g. 20.00 or 1.234,56',
    range: 'up to 10000000.00, the lower first: write e.g. 20.00..1000.00, or 20.00 for always the same',
  },
  BTC: {
    one: 'is not an amount up to 100 BTC: write BTC with at most eight decimals, e.g. 0.0002, or satoshis, e.g. 20000sats',
    range:
      'up to 100 BTC, the lower first: write BTC, e.g. 0.0002..0.01, or satoshis, e.g. 20000..1000000sats',
  },
  sats: {
    one: 'is not a whole number of satoshis up to 10000000000 (100 BTC): write e.g. 20000',
    range: 'up to 10000000000 satoshis (100 BTC), the lower first: write whole numbers, e.g. 20000..1000000',
  },
} as const satisfies Record<Currency, unknown>

/** Said where an amount could be read as either of two, one a thousand times the other. */
const ambiguous =
  'could be thousands or decimals: write 1234.00 or 1.234,00 for the one, 1.23 or 1,23 for the other'
const isAmbiguous = (text: string): boolean => {
  const typed = readTyped(text, 'BRL')
  return typed.is === 'misread' && typed.why === 'ambiguous'
}
/** `reader`, unless what was typed is no amount because it could be two. */
const unlessAmbiguous =
  <T>(currency: Currency, reader: Reader<T>): Reader<T> =>
  flag =>
  text =>
    currency === 'BRL' && text.split('..').some(isAmbiguous)
      ? wrong(flag, text, ambiguous)
      : reader(flag)(text)

export const amountIn = (currency: Currency): Reader<bigint> =>
  unlessAmbiguous(
    currency,
    orWrong(text => {
      const units = typedAmount(text, currency)
      return units !== undefined && units <= mostUnits[assetIn(currency)] ? units : undefined
    }, written[currency].one),
  )

export const amountRangeIn = (currency: Currency): Reader<Range<bigint>> =>
  unlessAmbiguous(
    currency,
    orWrong(text => {
      // `20000..30000sats`: the word at the end is meant for both.
      const [, ends = '', unit = ''] = /^(.*?)( ?sats?)?$/.exec(text.trim()) ?? []
      const range = parseRange(ends, end => typedAmount(/sats?$/.test(end) ? end : `${end}${unit}`, currency))
      return range && range.low > 0n && range.high <= mostUnits[assetIn(currency)] ? range : undefined
    }, `is not a range of amounts above zero and ${written[currency].range}`),
  )

export const countRangeFlag: Reader<Range<number>> = orWrong(text => {
  const range = parseRange(text, parseCount)
  return range && range.low > 0 && range.high <= 10_000 ? range : undefined
}, 'is not a range of 1 to 10000, the lower first: write e.g. 8..12, or 10 for always the same')

export const countFlag = (most: number): Reader<number> =>
  orWrong(text => {
    const count = parseCount(text)
    return count !== undefined && count > 0 && count <= most ? count : undefined
  }, `is not a whole number from 1 to ${most}`)

export const durationFlag: Reader<Millis> = orWrong(text => {
  const ms = parseDuration(text)
  return ms !== undefined && ms > 0 ? ms : undefined
}, 'is not a length of time above zero: write e.g. 2d, 90m or 1d12h')

const maxDueInMs = 365 * 86_400_000

export const dueInFlag: Reader<Millis> = orWrong(text => {
  const ms = parseDuration(text)
  return ms !== undefined && ms > 0 && ms <= maxDueInMs ? ms : undefined
}, 'is not a length of time above zero and up to 365d: write e.g. 2d, 90m or 1d12h')

export const percentFlag: Reader<BasisPoints> = orWrong(
  typedPercent,
  'is not a percentage from 0 to 100 with at most two decimals: write e.g. 1.5%',
)

export const expiresInFlag: Reader<Millis> = orWrong(text => {
  const ms = parseDuration(text)
  return ms !== undefined && ms <= maxExpiresInMs ? ms : undefined
}, 'is not a length of time up to 365d: write e.g. 59d, or 0s where nothing can be paid after it was due')

export const discountFlag: Reader<Discount[]> = orWrong(
  parseDiscounts,
  'is no discount: write percent off and how long before it is due, e.g. 5%@3d, or up to five like "5%@5d 2.5%@1d", each less and later than the one before',
)

export const oneOf = <T extends string>(choices: readonly T[]): Reader<T> =>
  orWrong(text => choices.find(choice => choice === text), `is not one of ${choices.join(', ')}`)

/** `web`, `worker` or both with a comma. */
export const rolesFlag: Reader<string[]> = orWrong(text => {
  const roles = [...new Set(text.split(',').map(role => role.trim()))]
  return roles.every(role => role === 'web' || role === 'worker') ? roles : undefined
}, 'is not made of roles: write web, worker or web,worker')
