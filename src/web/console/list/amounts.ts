/** Why an amount that was typed cannot be read, where there is more to say than the field's own example. */
import type { Misread, Typed } from '../../../base/typedAmount.ts'
import type { Both, Language } from '../../page/page.ts'

type Said = Record<Exclude<Misread, 'form'>, string>

const pt: Said = {
  ambiguous:
    'Com três algarismos depois do ponto ou da vírgula não dá para saber se são milhares. Escreva 1.234,00 ou 1,23.',
  decimals: 'Tem casas decimais demais. Em reais são até duas, em BTC até oito, e satoshis são inteiros.',
  'other currency': 'O valor está em outra moeda. Escreva na moeda do campo.',
}

const en: Said = {
  ambiguous:
    'With three digits after the point or comma it is not clear whether they are thousands. Write 1,234.00 or 1.23.',
  decimals: 'It has too many decimals. Reais have up to two, BTC up to eight, and satoshis are whole.',
  'other currency': 'The amount is in another currency. Write it in the currency of the field.',
}

export const amountWords: Both<Said> = { 'pt-BR': pt, en }

/**
 * What a field says of an amount that will not do: why it cannot be read, or `otherwise` what would be right.
 */
export const faultOfAmount = (typed: Typed, lang: Language, otherwise: string): string =>
  typed.is === 'misread' && typed.why !== 'form' ? amountWords[lang][typed.why] : otherwise
