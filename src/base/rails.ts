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
  /** The shop can offer it: a buyer who is not here can pay on it. */
  inShop: boolean
  /** Its provider takes a fee for an invoice, and for a payout one that may be withheld from its payee. */
  chargesFees: boolean
  /** Its provider may give a payer money back after it was credited, also without our asking. */
  isReversible: boolean
  /**
   * What pays a payout. `transfer`: an order to a provider, which says what became of it. `transaction`: one
   * on a chain, with other payouts. `hand`: people, one of whom says so and another confirms it.
   */
  paysBy: 'transfer' | 'transaction' | 'hand'
}

/** In the order in which they are offered. */
export const railFacts = {
  starkbank: {
    asset: 'BRL',
    accountKind: 'bank',
    onChain: false,
    keepsInvoices: true,
    hasPayTerms: true,
    inShop: true,
    chargesFees: true,
    isReversible: true,
    paysBy: 'transfer',
  },
  bitcoin: {
    asset: 'BTC',
    accountKind: 'bitcoin',
    onChain: true,
    keepsInvoices: false,
    hasPayTerms: false,
    inShop: true,
    chargesFees: false,
    isReversible: false,
    paysBy: 'transaction',
  },
  cash: {
    asset: 'BRL',
    accountKind: 'cash',
    onChain: false,
    keepsInvoices: false,
    hasPayTerms: false,
    inShop: false,
    chargesFees: false,
    isReversible: false,
    paysBy: 'hand',
  },
} as const satisfies Record<string, RailFacts>

export type RailName = keyof typeof railFacts
/** Those that ask for reais. */
export type ReaisRail = {
  [Name in RailName]: (typeof railFacts)[Name]['asset'] extends 'BRL' ? Name : never
}[RailName]
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
const isSo = (rail: string, fact: YesOrNo): boolean => isRailName(rail) && railFacts[rail][fact]
type YesOrNo = 'onChain' | 'keepsInvoices' | 'hasPayTerms' | 'inShop' | 'chargesFees' | 'isReversible'
export const isInReais = (rail: RailName): rail is ReaisRail => railFacts[rail].asset === 'BRL'
export const isOnChain = (rail: string): boolean => isSo(rail, 'onChain')
export const keepsInvoices = (rail: string): boolean => isSo(rail, 'keepsInvoices')
export const hasPayTerms = (rail: string): boolean => isSo(rail, 'hasPayTerms')
export const isInShop = (rail: string): boolean => isSo(rail, 'inShop')
export const chargesFees = (rail: string): boolean => isSo(rail, 'chargesFees')
export const isReversible = (rail: string): boolean => isSo(rail, 'isReversible')
export const paysBy = (rail: string): RailFacts['paysBy'] | undefined =>
  isRailName(rail) ? railFacts[rail].paysBy : undefined

export const isByHand = (rail: string): boolean => paysBy(rail) === 'hand'
/** Whether an account of that kind is an address on a chain, or a descriptor of addresses. */
export const isAddressKind = (kind: string): boolean =>
  railNames.some(name => isOnChain(name) && accountKindOf(name) === kind)

/** For conditions on a column that names a rail; never empty. */
export const chainRails: readonly string[] = railNames.filter(isOnChain)
export const handRails: readonly string[] = railNames.filter(isByHand)
