/** Why an act on payouts was not done, in the page's words. */
import type { WordsOf } from '../../../base/refusal.ts'
import type { LedgerRefusal } from '../../../ledger/ledger.ts'
import type { AccountRefusal, BundleRefusal, PayoutRefusal } from '../../../payout/payout.ts'
import type { Both, Language } from '../../page/page.ts'
import { accountWords } from '../accounts/words.ts'
import { stateWord } from '../list/parts.tsx'
import { transferRefusals } from './transferRefusals.ts'

type Words = WordsOf<Exclude<PayoutRefusal, AccountRefusal | BundleRefusal | LedgerRefusal>>

const stateOf = (lang: Language, state: string) => `“${stateWord(lang, 'payout', state)}”`

const pt: Words = {
  ...transferRefusals['pt-BR'],
  'payout-unknown': ({ id }) => `Não há repasse ${id}.`,
  'payout-state': ({ state, bundle }) =>
    `Este repasse agora está ${stateOf('pt-BR', state)}, e neste estado isto não se faz.${bundle ? ` Ele sai com outros no pacote ${bundle.id}.` : ''}`,
  'payout-due': ({ account }) =>
    account === undefined
      ? 'Este repasse é devido e segue sozinho na sua vez: não há o que tentar de novo.'
      : account.state === 'closed'
        ? `A conta ${account.name} está encerrada: repasse a outra conta do mesmo favorecido.`
        : `Este repasse aguarda a aprovação da conta ${account.name}: não há o que tentar de novo.`,
  'payout-empty': () => 'Não sobra nada para repassar depois das taxas.',
  'payout-changed': () => 'Este repasse acabou de mudar: veja-o de novo.',
  'refund-unknown': ({ id }) => `${id} não é uma devolução.`,
  'refund-ordered': ({ state }) =>
    `Esta devolução está ${stateOf('pt-BR', state)}: só se retira a que ainda não foi ordenada.`,
  'payment-going-back': () =>
    'O pagamento deste repasse pode estar sendo devolvido ao pagador. Ele segue sozinho, do que sobrar, quando o banco disser o resultado.',
  'payment-not-mined': ({ coin }) =>
    `O pagamento ${coin} saiu da rede e não está em nenhum bloco. O repasse segue sozinho quando ele voltar.`,
  'order-alive': ({ order }) =>
    `Este repasse tem uma ordem em andamento: espere o banco ou a rede dizer o resultado. Ordem: ${order}.`,
  'stopped-already': () =>
    'Os repasses já estão parados, e o motivo anterior continua valendo: leia-o em /console/stop.',
  'nothing-to-let-go': () => 'Os repasses não estão parados: não há o que liberar.',
  'destination-unknown': ({ name }) => `Não há conta com o nome ${name}.`,
  'destination-same': ({ name }) => `Este repasse já vai para a conta ${name}.`,
  'destination-not-approved': ({ name, state }) =>
    `A conta ${name} está “${accountWords['pt-BR'].states[state]}”: só se paga a contas aprovadas.`,
  'destination-edited': ({ name }) =>
    `A conta ${name} não está como foi aprovada: alguém a alterou fora deste programa.`,
  'destination-of-another': ({ name, payee, owedTo }) =>
    `A conta ${name} é de ${payee || 'titular não informado'}, e este repasse é devido a ${owedTo || 'titular não informado'}: um repasse só vai para o seu favorecido.`,
  'destination-changed': ({ name }) => `A conta ${name} mudou desde que isto foi proposto.`,
  'amount-changed': ({ amount: now, proposed }) =>
    `O repasse agora é de ${now}, e era de ${proposed} quando isto foi proposto: recuse esta proposta e faça outra.`,
}

const en: Words = {
  ...transferRefusals.en,
  'payout-unknown': ({ id }) => `There is no payout ${id}.`,
  'payout-state': ({ state, bundle }) =>
    `This payout is ${stateOf('en', state)} now, and this cannot be done in that state.${bundle ? ` It goes out with others in bundle ${bundle.id}.` : ''}`,
  'payout-due': ({ account }) =>
    account === undefined
      ? 'This payout is owed and goes on by itself in its turn: there is nothing to retry.'
      : account.state === 'closed'
        ? `Account ${account.name} is closed: send the payout to another account of the same payee.`
        : `This payout waits for the approval of account ${account.name}: there is nothing to retry.`,
  'payout-empty': () => 'Nothing is left to pay on after fees.',
  'payout-changed': () => 'This payout has just changed: look at it again.',
  'refund-unknown': ({ id }) => `${id} is no refund.`,
  'refund-ordered': ({ state }) =>
    `This refund is ${stateOf('en', state)}: only one that is not ordered yet can be withdrawn.`,
  'payment-going-back': () =>
    'The payment of this payout may be going back to its payer. It goes on by itself, of what is left, when the bank says what became of that.',
  'payment-not-mined': ({ coin }) =>
    `The payment ${coin} left the chain and is in no block. The payout goes on by itself when it is back.`,
  'order-alive': ({ order }) =>
    `This payout has an order under way: wait until the bank or the chain says what became of it. Order: ${order}.`,
  'stopped-already': () =>
    'Payouts are stopped already, and the earlier reason stays: read it at /console/stop.',
  'nothing-to-let-go': () => 'Payouts are not stopped: there is nothing to let go.',
  'destination-unknown': ({ name }) => `There is no account called ${name}.`,
  'destination-same': ({ name }) => `This payout goes to account ${name} already.`,
  'destination-not-approved': ({ name, state }) =>
    `Account ${name} is “${accountWords.en.states[state]}”: only approved accounts are paid.`,
  'destination-edited': ({ name }) =>
    `Account ${name} is not as it was approved: somebody has changed it past this program.`,
  'destination-of-another': ({ name, payee, owedTo }) =>
    `Account ${name} belongs to ${payee || 'nobody named'}, and this payout is owed to ${owedTo || 'nobody named'}: a payout goes to its payee only.`,
  'destination-changed': ({ name }) => `Account ${name} has changed since this was proposed.`,
  'amount-changed': ({ amount: now, proposed }) =>
    `The payout is of ${now} now, and was of ${proposed} when this was proposed: refuse this proposal and make another.`,
}

export const payoutRefusals: Both<Words> = { 'pt-BR': pt, en }
