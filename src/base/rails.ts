/**
 * The rails there are, and what is true of each. What a rail does is in `jobs/rails.ts`; rooms below that one
 * ask here.
 */
import type { Asset } from './money.ts'

interface RailFacts {
  /** What its invoices and payouts are in. */
  asset: Asset
  /** The kind of payout account its money is paid on to. */
  accountKind: string
  /**
   * Its money lies on a chain that is watched (`rails/chain.ts`): a schedule in reais is priced at the rate
   * of the moment, a payment is looked for after the due time too, and an output may be too small to be
   * passed on.
   */
  onChain: boolean
  /**
   * Its provider keeps every invoice under our tag, so what a restored database has forgotten can be asked
   * for.
   */
  keepsInvoices: boolean
  /** Its provider adds a fine and interest, takes a discount off, and ends an invoice by itself. */
  hasPayTerms: boolean
}

/** In the order in which they are offered. */
export const railFacts = {
  starkbank: { asset: 'BRL', accountKind: 'bank', onChain: false, keepsInvoices: true, hasPayTerms: true },
  bitcoin: { asset: 'BTC', accountKind: 'bitcoin', onChain: true, keepsInvoices: false, hasPayTerms: false },
} as const satisfies Record<string, RailFacts>

export type RailName = keyof typeof railFacts
export type AccountKind = (typeof railFacts)[RailName]['accountKind']

export const railNames = Object.keys(railFacts) as RailName[]
export const isRailName = (text: string): text is RailName => Object.hasOwn(railFacts, text)
export const accountKinds: readonly AccountKind[] = [
  ...new Set(railNames.map(name => railFacts[name].accountKind)),
]

export const assetOf = (rail: RailName): Asset => railFacts[rail].asset
export const accountKindOf = (rail: RailName): AccountKind => railFacts[rail].accountKind
/** What an account of that kind is paid in. */
export const assetOfKind = (kind: AccountKind): Asset =>
  assetOf(railNames.find(name => accountKindOf(name) === kind)!)

/** A row names its rail as text: of a rail this program does not know, nothing is true. */
const isSo = (rail: string, fact: 'onChain' | 'keepsInvoices' | 'hasPayTerms'): boolean =>
  isRailName(rail) && railFacts[rail][fact]
export const isOnChain = (rail: string): boolean => isSo(rail, 'onChain')
export const keepsInvoices = (rail: string): boolean => isSo(rail, 'keepsInvoices')
export const hasPayTerms = (rail: string): boolean => isSo(rail, 'hasPayTerms')
