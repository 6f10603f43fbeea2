/** Who buys: the three things asked of a guest, checked and written alike. */
import { BadInput } from '../base/answer.ts'
import { checkTaxId } from '../base/brazil.ts'
import { asAddress, maxEmailLength } from '../base/mailAddress.ts'

export interface Buyer {
  name: string
  email: string
  /** CPF or CNPJ, with punctuation once it is checked. */
  taxId: string
}

export type BuyerFault = { field: keyof Buyer; is: 'missing' | 'invalid' | 'too long' }

export const maxNameLength = 100

/** What of it cannot be; nothing where `checked` can be used. */
export function checkBuyer(buyer: Buyer): { faults: BuyerFault[]; checked: Buyer } {
  const faults: BuyerFault[] = []
  const name = plain(buyer.name)
  if (name === '') faults.push({ field: 'name', is: 'missing' })
  else if (name.length > maxNameLength) faults.push({ field: 'name', is: 'too long' })
  // A name has letters, and nothing that a terminal, a mail header or a page would obey.
  else if (!/\p{L}/u.test(name) || /[\p{Cc}\p{Cf}\p{Cs}<>]/u.test(name))
    faults.push({ field: 'name', is: 'invalid' })

  const email = buyer.email.trim()
  if (email === '') faults.push({ field: 'email', is: 'missing' })
  else if (email.length > maxEmailLength) faults.push({ field: 'email', is: 'too long' })
  else if (asAddress(email) === undefined) faults.push({ field: 'email', is: 'invalid' })

  const taxId = buyer.taxId.trim()
  const formatted = taxId === '' ? undefined : formattedTaxId(taxId)
  if (taxId === '') faults.push({ field: 'taxId', is: 'missing' })
  else if (formatted === undefined) faults.push({ field: 'taxId', is: 'invalid' })
  return { faults, checked: { name, email: asAddress(email) ?? email, taxId: formatted ?? taxId } }
}

const plain = (text: string) => text.normalize('NFC').trim().replace(/ {2,}/g, ' ')

function formattedTaxId(text: string): string | undefined {
  try {
    return checkTaxId(text).formatted
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    return undefined
  }
}
