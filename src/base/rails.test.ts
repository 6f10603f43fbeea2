/** The facts of the rails hang together, and of a rail that is not known nothing is true. */
import { expect, test } from 'vitest'
import {
  accountKinds,
  assetOfKind,
  chargesFees,
  hasPayTerms,
  isOnChain,
  isRailName,
  isReversible,
  keepsInvoices,
  paysBy,
  railFacts,
  railNames,
} from './rails.ts'

test('an account of each kind is paid in the asset of its rail', () => {
  expect(accountKinds.map(kind => [kind, assetOfKind(kind)])).toEqual([
    ['bank', 'BRL'],
    ['bitcoin', 'BTC'],
    ['cash', 'BRL'],
  ])
})

test('a rail that lies on a chain is followed by us: no provider keeps its invoices or adds a fine', () => {
  for (const name of railNames.filter(isOnChain))
    expect(railFacts[name]).toMatchObject({
      ...{ keepsInvoices: false, hasPayTerms: false, chargesFees: false, isReversible: false },
      paysBy: 'transaction',
    })
})

test.each(['', 'monero', 'toString', '__proto__', 'STARKBANK'])(
  'of a rail that is not known, "%s", nothing is true',
  name => {
    expect(isRailName(name)).toBe(false)
    const facts = [isOnChain, keepsInvoices, hasPayTerms, chargesFees, isReversible].map(is => is(name))
    expect([...facts, paysBy(name)]).toEqual([...facts.map(() => false), undefined])
  },
)
