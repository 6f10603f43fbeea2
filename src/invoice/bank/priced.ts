/** What is asked for at the bank. */
import { moneyIn, type Money } from '../../base/money.ts'

export interface PricedAtBank {
  rail: 'starkbank'
  amount: Money<'BRL'>
}

/** The bank asks for reais, and for as many as are said. */
export const inReaisAsSaid = (amount: Money): PricedAtBank => ({
  rail: 'starkbank',
  amount: moneyIn(amount, 'BRL'),
})
