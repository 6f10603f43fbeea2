/** Why an order was not placed, in words beside the field where it is mended. */
import type { OrderFault } from '../../shop/shop.ts'
import { amount, type Language } from '../page/page.ts'
import { shopWords } from './words.ts'

/** By the id of the field; several faults of one field stand in one sentence after another. */
export function faultsInWords(lang: Language, faults: readonly OrderFault[]): Record<string, string> {
  const told: Record<string, string> = {}
  for (const fault of faults) {
    const field = fault.field === 'basketKey' ? 'basket' : fault.field
    const words = inWords(lang, fault)
    told[field] = told[field] === undefined ? words : `${told[field]} ${words}`
  }
  return told
}

function inWords(lang: Language, fault: OrderFault): string {
  const say = shopWords[lang].fault
  switch (fault.field) {
    case 'name':
    case 'email':
    case 'taxId':
      return say[fault.field][fault.is]
    case 'rail':
      return say.rail[fault.is]
    case 'basketKey':
      return say.key
    case 'basket':
      switch (fault.is) {
        case 'empty':
          return say.empty
        case 'too many':
          return say.tooMany
        case 'too dear':
          return say.tooDear
        case 'gone':
          return `${say.gone(fault.name)} ${say.mendBasket}`
        case 'too few left':
          return `${say.fewLeft(fault.name, `${fault.left}`)} ${say.mendBasket}`
        case 'other total':
          return say.otherTotal(amount(lang, fault.units, 'BRL'))
      }
  }
}
