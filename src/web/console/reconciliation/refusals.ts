/** Why an act on the bank's lines that are not ours was not done, in the page's words. */
import type { WordsOf } from '../../../base/refusal.ts'
import type { ReconcileRefusal } from '../../../reconcile/reconcile.ts'
import type { Both } from '../../page/page.ts'
import { reconciliationWords } from './words.ts'

export const reconcileRefusals: Both<WordsOf<ReconcileRefusal>> = {
  'pt-BR': {
    'line-unknown': ({ id }) => `Não há linha ${id} no extrato entre as que não são nossas.`,
    'line-decided': ({ state }) =>
      `Esta linha já está decidida (${reconciliationWords['pt-BR'].states[state]}): não há mais o que aceitar.`,
    'rule-says-nothing': () => 'Informe o texto com que a regra compara as linhas.',
    'rule-amounts-wrong': () =>
      'O valor máximo de uma linha deve ser maior que zero, e o do período não pode ser menor que ele.',
    'rule-name-taken': ({ name }) => `Já há uma regra ${name}: encerre-a antes, ou escolha outro nome.`,
    'rule-unknown': ({ name }) => `Não há regra ativa com o nome ${name}.`,
    'suspense-empty': ({ ref }) => `Não há mais valor em suspenso de ${ref}.`,
    'suspense-of-payout': ({ ref, payout }) =>
      `${ref} traz a identificação do repasse ${payout}: é na página desse repasse que se diz o que é a transferência.`,
    'suspense-changed': ({ ref }) =>
      `O valor em suspenso de ${ref} mudou desde que isto foi proposto: recuse esta proposta e faça outra.`,
    'suspense-booked': ({ ref }) =>
      `O que se movimentou em ${ref} já foi lançado: não resta nada a encerrar.`,
  },
  en: {
    'line-unknown': ({ id }) => `There is no statement line ${id} among those that are not ours.`,
    'line-decided': ({ state }) =>
      `This line is decided already (${reconciliationWords.en.states[state]}): there is nothing left to accept.`,
    'rule-says-nothing': () => 'Give the text that the rule compares lines with.',
    'rule-amounts-wrong': () => 'The most of one line must be above zero, and that of a period not below it.',
    'rule-name-taken': ({ name }) =>
      `There is a rule ${name} already: close it first, or choose another name.`,
    'rule-unknown': ({ name }) => `There is no active rule called ${name}.`,
    'suspense-empty': ({ ref }) => `Nothing of ${ref} is in suspense any more.`,
    'suspense-of-payout': ({ ref, payout }) =>
      `${ref} bears the tag of payout ${payout}: the page of that payout is where people say what it is.`,
    'suspense-changed': ({ ref }) =>
      `What is in suspense of ${ref} has changed since this was proposed: refuse this proposal and make another.`,
    'suspense-booked': ({ ref }) => `What moved for ${ref} is booked by now: nothing is left to close.`,
  },
}
