/** Payers made up for demonstrations: Brazilian names, and CPFs whose check digits are right. */
import type { Random } from './world.ts'

const given = (
  'Ana Antônio Beatriz Caio Cecília Davi Esther Flávia Gabriel Helena Inês João José ' +
  'Júlia Larissa Letícia Luís Márcia Otávio Rafael Sônia Tânia Vinícius Yasmin'
).split(' ')
const family = (
  'Almeida Araújo Assunção Barbosa Brandão Cardoso Conceição Costa Falcão Gonçalves Lima ' +
  'Magalhães Moraes Nogueira Oliveira Pereira Ribeiro Santos Silva Simões Souza Teixeira'
).split(' ')

/**
 * A payer who exists nowhere, though the CPF, as `012.345.678-90`, may be someone's: never to be used in
 * production.
 */
export function randomPayer(random: Random): { name: string; taxId: string } {
  const one = (names: readonly string[]) => names[random.between(0, names.length - 1)]!
  const name = [one(given), one(family), one(family)]
    .filter((word, place, words) => words.indexOf(word) === place)
    .join(' ')
  return { name, taxId: randomCpf(random) }
}

function randomCpf(random: Random): string {
  const digits = Array.from({ length: 9 }, () => random.between(0, 9))
  // Nine alike would be completed to eleven alike, which are never issued.
  if (digits.every(digit => digit === digits[0])) digits[8] = (digits[8]! + 1) % 10
  digits.push(checkDigit(digits))
  digits.push(checkDigit(digits))
  return digits.join('').replace(/(...)(...)(...)(..)/, '$1.$2.$3-$4')
}

/**
 * Weights rise from 2 at the last digit; the sum's distance to a multiple of 11, where 10 and 11 count as 0.
 */
function checkDigit(digits: number[]): number {
  const sum = digits.reduce((total, digit, place) => total + digit * (digits.length + 1 - place), 0)
  return ((sum * 10) % 11) % 10
}
