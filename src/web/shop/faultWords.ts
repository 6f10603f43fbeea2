/** Why an order was not placed, in words beside the field where it is mended. */
import { millis, type World } from '../../base/world.ts'
import type { OrderFault } from '../../shop/shop.ts'
import { amount, clockTime, type Language, type PageContext } from '../page/page.ts'
import { shopWords } from './words.ts'

/** By the id of the field; several faults of one field stand in one sentence after another. */
export function faultsInWords(lang: Language, faults: readonly OrderFault[]): Record<string, string> {
  const told: Record<string, string> = {}
  for (const fault of faults) {
    const field = fieldOf(fault)
    const words = inWords(lang, fault)
    told[field] = told[field] === undefined ? words : `${told[field]} ${words}`
  }
  return told
}

const fieldOf = (fault: OrderFault): string => {
  if (fault.field === 'basketKey') return 'basket'
  if (fault.field !== 'limit') return fault.field
  return fault.is === 'too often' && (fault.by === 'email' || fault.by === 'taxId') ? fault.by : 'basket'
}

/** 429, with when to come again, where it was asked for too often; else 422. */
export function statusOf(
  ctx: PageContext,
  faults: readonly OrderFault[],
  { clock }: Pick<World, 'clock'>,
): number {
  const often = faults.find(fault => fault.is === 'too often')
  if (!often) return 422
  ctx.set('retry-after', String(Math.max(1, Math.ceil((millis(often.at) - clock.now()) / 1_000))))
  return 429
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
    case 'limit':
      if (fault.is === 'too often') return say.tooOften[fault.by](clockTime(lang, fault.at))
      return say.holdsTooMany[fault.of](`${fault.most}`)
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
