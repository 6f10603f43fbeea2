/**
 * Amounts as people type them, for every surface: `1.234,56`, `1,234.56`, `R$ 20`, `20.000 sats`. What could
 * mean two amounts is refused, because the wrong one of them is a hundred or a thousand times the other.
 */
import { decimalsOf, type Asset, type BasisPoints } from './money.ts'

/** What an amount is written in; satoshis are BTC, written as whole numbers. */
export type Currency = Asset | 'sats'
export const assetIn = (currency: Currency): Asset => (currency === 'BRL' ? 'BRL' : 'BTC')

/**
 * Why a text is no amount. `ambiguous`: three digits behind a lone point or comma are thousands to one reader
 * and decimals to another. `decimals`: more of them than the currency has. `other currency`: it bears the
 * sign of another one. `form`: anything else.
 */
export type Misread = 'ambiguous' | 'decimals' | 'other currency' | 'form'
export type Typed = { is: 'amount'; units: bigint } | { is: 'misread'; why: Misread }

const misread = (why: Misread): Typed => ({ is: 'misread', why })

/** A blank, and those that do not break, with which spreadsheets and pages group digits. */
const blanks = /[ \t\u00a0\u2007\u2009\u202f]+/g

/** In whole units of `currency`: never negative, and without a bound of its own. */
export function readTyped(text: string, currency: Currency): Typed {
  const plain = text.replace(blanks, ' ').trim()
  const [, sign, digits = '', unit] = /^(R\$|₿)? ?([\d., ]*?) ?(sats?|satoshis?|BTC)?$/i.exec(plain) ?? []
  if (digits === '') return misread('form')
  const isReais = sign !== undefined && sign !== '₿'
  const isCoin = sign === '₿' || unit?.toUpperCase() === 'BTC'
  const isSats = unit !== undefined && /^sat/i.test(unit)
  if (currency === 'BRL' ? isCoin || isSats : isReais) return misread('other currency')
  if ((currency === 'sats' && isCoin) || (isCoin && isSats)) return misread('other currency')
  return readDigits(digits, isSats ? 'sats' : currency)
}

/** The same as units, or undefined for whatever is none. */
export function typedAmount(text: string, currency: Currency): bigint | undefined {
  const typed = readTyped(text, currency)
  return typed.is === 'amount' ? typed.units : undefined
}

function readDigits(text: string, currency: Currency): Typed {
  const signs = text.match(/[., ]/g) ?? []
  const last = signs.at(-1)
  const before = signs.slice(0, -1)
  if (last === undefined) return unitsOf(text, '', currency)

  // One sign again and again, or blanks: it groups, and there are no decimals.
  const isGrouped = last === ' ' || (before.length > 0 && before.every(sign => sign === last))
  if (isGrouped)
    return isInThousands(text, last) && before.every(sign => sign === last)
      ? unitsOf(text, '', currency)
      : misread('form')

  const place = text.lastIndexOf(last)
  const [whole, fraction] = [text.slice(0, place), text.slice(place + 1)]
  if (!/^\d+$/.test(fraction)) return misread('form')
  if (before.length > 0) {
    const [group] = before
    return before.every(sign => sign === group) && isInThousands(whole, group!)
      ? unitsOf(whole, fraction, currency)
      : misread('form')
  }
  if (/^[1-9]\d{0,2}$/.test(whole) && fraction.length === 3) {
    // Satoshis have no decimals. A thousand bitcoins are more than anyone is asked for, so behind a bitcoin's
    // sign they are decimals.
    if (currency === 'sats') return unitsOf(text, '', currency)
    if (currency === 'BRL') return misread('ambiguous')
  }
  return unitsOf(whole, fraction, currency)
}

const isInThousands = (text: string, sign: string): boolean => {
  const [first = '', ...rest] = text.split(sign)
  return /^[1-9]\d{0,2}$/.test(first) && rest.every(group => /^\d{3}$/.test(group))
}

/** More digits than any amount has are rather a number of something else. */
const maxDigits = 16

function unitsOf(grouped: string, fraction: string, currency: Currency): Typed {
  const whole = grouped.replace(/[., ]/g, '')
  if (whole === '' || whole.length > maxDigits) return misread('form')
  // A spreadsheet shows whole satoshis with the two zeros of its currency.
  if (currency === 'sats')
    return fraction === '' || /^0{1,2}$/.test(fraction) ? amount(BigInt(whole)) : misread('decimals')
  const places = decimalsOf[currency]
  return fraction.length > places ? misread('decimals') : amount(BigInt(whole + fraction.padEnd(places, '0')))
}

const amount = (units: bigint): Typed => ({ is: 'amount', units })

/**
 * Reads `1,5`, `1.5 %` or `2` as basis points: at most two decimals, no thousands, 0 to 100. Answers
 * undefined for anything else.
 */
export function typedPercent(text: string): BasisPoints | undefined {
  const [, whole, fraction = ''] =
    /^(\d{1,3})(?:[.,](\d{1,2}))?$/.exec(text.replace(blanks, ' ').trim().replace(/ ?%$/, '')) ?? []
  const points = whole === undefined ? undefined : BigInt(whole + fraction.padEnd(2, '0'))
  return points !== undefined && points <= 10_000n ? points : undefined
}
