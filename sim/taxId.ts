/** Brazilian tax ids: CPF of a person, CNPJ of a company, with their check digits. */

function checkDigit(digits: string, weights: number[]): number {
  const rest = weights.reduce((sum, weight, place) => sum + weight * Number(digits[place]), 0) % 11
  return rest < 2 ? 0 : 11 - rest
}

const personal = [10, 9, 8, 7, 6, 5, 4, 3, 2]
const company = [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]

function holds(digits: string, weights: number[]): boolean {
  if (/^(\d)\1*$/.test(digits)) return false
  const first = checkDigit(digits, weights)
  const second = checkDigit(digits, [weights[0]! === 10 ? 11 : 6, ...weights])
  return digits.endsWith(`${first}${second}`)
}

/** With its usual mask (`012.345.678-90`, `20.018.183/0001-80`), or undefined where it is no tax id. */
export function maskedTaxId(given: unknown): string | undefined {
  if (typeof given !== 'string' || !/^[\d./-]+$/.test(given)) return undefined
  const digits = given.replace(/\D/g, '')
  if (digits.length === 11 && holds(digits, personal))
    return digits.replace(/(...)(...)(...)(..)/, '$1.$2.$3-$4')
  if (digits.length === 14 && holds(digits, company))
    return digits.replace(/(..)(...)(...)(....)(..)/, '$1.$2.$3/$4-$5')
  return undefined
}
