/** What is asked for in reais, and for as many as are said. */
import { moneyIn, type Money } from '../base/money.ts'
import type { ReaisRail } from '../base/rails.ts'

export interface PricedInReais {
  rail: ReaisRail
  amount: Money<'BRL'>
}

/** On a rail in reais nothing is converted. */
export const inReaisAsSaid =
  (rail: ReaisRail) =>
  (amount: Money): PricedInReais => ({ rail, amount: moneyIn(amount, 'BRL') })
