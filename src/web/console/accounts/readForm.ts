/**
 * Reads the form of a payout account: where it pays to, checked whole, or every fault by its field. What
 * looks like a private key is never repeated.
 */
import { BadInput } from '../../../base/answer.ts'
import {
  accountTypes,
  checkAccountNumber,
  checkAccountType,
  checkBank,
  checkBranch,
  checkTaxId,
} from '../../../base/brazil.ts'
import { isName } from '../../../base/id.ts'
import { holdsPrivateKey } from '../../../base/setting.ts'
import { accountKinds, isAddressKind } from '../../../base/rails.ts'
import { destinationOf, readDestination, type BitcoinDestination } from '../../../chain/destination.ts'
import type { AccountRow, NewDestination } from '../../../payout/payout.ts'
import { isDescriptor } from '../../../rails/bitcoin/bitcoin.ts'
import { BadDestination } from '../../../rails/bitcoin/fault.ts'
import { refuseSecrets } from '../../../rails/bitcoin/secret.ts'
import type { ChainRail } from '../../../rails/chain.ts'
import type { Language } from '../../page/page.ts'
import { answered, type FieldFaults, type Values } from '../schedules/when.ts'
import { accountWords } from './words.ts'

export interface ReadAccount {
  name: string
  to: NewDestination
  /** There with Bitcoin: what the database may still know against it. */
  destination?: BitcoinDestination
}

/** Names of pages beside those of accounts. */
const reserved = ['new', 'banks', 'sign']

type Chain = Pick<ChainRail, 'network' | 'descriptor'> | undefined
const settingsOf = ({ network, descriptor }: NonNullable<Chain>) => ({
  BITCOIN_NETWORK: network,
  BITCOIN_DESCRIPTOR: descriptor,
})

/** `shown`: the fields as they may be shown again. */
export function readAccount(
  values: Values,
  chain: Chain,
  lang: Language,
): { account: ReadAccount | undefined; faults: FieldFaults; shown: Values } {
  const say = accountWords[lang].faults
  const faults: FieldFaults = {}
  const shown: Record<string, string> = { ...values }
  for (const [field, value] of Object.entries(values)) {
    if (!isSecret(value)) continue
    faults[field in fields ? field : 'destination'] = say.secret
    shown[field] = ''
  }
  const of = (field: string) => (shown[field] ?? '').trim()

  const name = of('name')
  if (!isName(name)) faults['name'] ??= say.name
  else if (reserved.includes(name.toLowerCase())) faults['name'] ??= say.nameReserved
  const kind = accountKinds.find(each => each === of('kind'))
  const isAddress = kind !== undefined && isAddressKind(kind)
  if (!kind || (isAddress && !chain)) faults['kind'] = say.kind
  const holder = of('holder')
  if ((holder === '' && !isAddress) || holder.length > 200 || holder.includes('\n'))
    faults['holder'] ??= say.holder

  if (kind && kind !== 'bank' && !isAddress) {
    const place = of('place')
    if (place === '' || place.length > 200 || place.includes('\n')) faults['place'] ??= say.place
    const account = { name, to: { kind, holder, destination: place } }
    return { account: Object.keys(faults).length === 0 ? account : undefined, faults, shown }
  }
  if (kind && kind !== 'bank' && chain) {
    const destination =
      faults['destination'] === undefined ? readPlace(of('destination'), chain, lang, faults) : undefined
    const account = destination && { name, to: { kind, holder, destination: destination.text }, destination }
    return { account: Object.keys(faults).length === 0 ? account : undefined, faults, shown }
  }
  const check = <T>(field: string, read: (text: string) => T, why: string): T | undefined => {
    const value = answered(() => read(of(field)))
    if (value === undefined) faults[field] ??= why
    return value
  }
  const taxId = check('taxId', text => checkTaxId(text).formatted, say.taxId)
  const bank = check('bank', text => checkBank(numberIn(text)), say.bank)
  const branch = check('branch', text => checkBranch(text), say.branch)
  const number = check('number', text => checkAccountNumber(text), say.number)
  const type = check('type', text => checkAccountType(text), say.type)
  if (kind === undefined || Object.keys(faults).length > 0) return { account: undefined, faults, shown }
  const to = { holder, taxId: taxId!, bank: bank!, branch: branch!, number: number!, type: type! }
  return { account: { name, to }, faults, shown }
}

const fields = {
  name: 1,
  holder: 1,
  taxId: 1,
  bank: 1,
  branch: 1,
  number: 1,
  destination: 1,
  place: 1,
} as const
export const typeOptions = accountTypes

/** What a list offers is the number with the bank's name after it. */
const numberIn = (text: string) => /^\d+/.exec(text.trim())?.[0] ?? text

const isSecret = (text: string): boolean =>
  holdsPrivateKey(text) || answered(() => (refuseSecrets(text, ''), true)) === undefined

function readPlace(
  text: string,
  chain: NonNullable<Chain>,
  lang: Language,
  faults: FieldFaults,
): BitcoinDestination | undefined {
  const say = accountWords[lang].faults
  if (text === '' || text.length > 1_000) {
    faults['destination'] = say.destination
    return undefined
  }
  try {
    return readDestination('', text, settingsOf(chain))
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    faults['destination'] = faultOf(error, text, chain.network, lang)
    return undefined
  }
}

/** What the rail found, in the page's words. */
function faultOf(error: BadInput, text: string, network: string, lang: Language): string {
  const say = accountWords[lang].faults
  const fault = error instanceof BadDestination ? error.fault : undefined
  switch (fault?.is) {
    case 'ours':
      return say.ours
    case 'other-network':
      return say.network(network)
    case 'checksum':
      return say.checksum
    case 'descriptor-unchecked':
      return say.descriptorNoSum(fault.sum)
    case 'descriptor-checksum':
      return say.descriptorSum
    case 'key':
      return say.key(network)
    case undefined:
      return isDescriptor(text.trim()) ? say.descriptor : say.address(network)
  }
}

/** An account's first address, derived again, or why it is not; undefined of a bank's. */
export function firstOf(
  row: AccountRow,
  chain: Chain,
  lang: Language,
): { address: string } | { why: string } | undefined {
  if (row.kind === 'bank' || !isAddressKind(row.kind)) return undefined
  if (!chain) return { why: '' }
  try {
    return { address: destinationOf(settingsOf(chain), row).first.address }
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    return { why: faultOf(error, row.destination, chain.network, lang) }
  }
}

/** Why an account's address is not derived here; `why` is '' where no rail is there to derive it. */
export function underivedText(lang: Language, why: string): string {
  const say = accountWords[lang].one
  return why === '' ? say.noRail : `${say.underived} ${why}`
}
