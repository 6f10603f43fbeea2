/** Why what somebody says of a transfer or of a transaction is refused, in the page's words. */
import type { WordsOf } from '../../../base/refusal.ts'
import type { TransferRefusal } from '../../../payout/payout.ts'
import { amount, moment, type Both } from '../../page/page.ts'
import { stateWord } from '../list/parts.tsx'

type Refused<Code> = Extract<TransferRefusal, { is: Code }>
type Words = WordsOf<TransferRefusal>
type Status = Refused<'transfer-differs'>['status']
type Place = Refused<'transfer-differs'>['shown']

const placeOf = ({ bank, branch, number }: Place) => `${bank} ${branch} ${number}`
const ptStatus: Record<Status, string> = {
  created: 'criada',
  processing: 'em processamento',
  success: 'concluída',
  failed: 'recusada',
  canceled: 'cancelada',
  unknown: 'de situação desconhecida',
}
const enStatus: Record<Status, string> = {
  created: 'created',
  processing: 'processing',
  success: 'succeeded',
  failed: 'failed',
  canceled: 'canceled',
  unknown: 'of unknown status',
}
const ptOtherwise = ' Se ela pagou este repasse mesmo assim, use “Dizer o que é uma transferência”.'
const enOtherwise = ' If it has paid this payout all the same, use “Say what a transfer is”.'

const pt: Words = {
  'rail-not-configured': ({ asks }) =>
    asks === 'bank'
      ? 'O banco não está configurado neste servidor, e precisa ser consultado.'
      : 'A carteira de bitcoin não está configurada neste servidor, e os endereços precisam ser derivados.',
  'payout-by-hand': () => 'Este repasse é entregue em mãos: nada foi enviado.',
  'payout-on-chain': () => 'Este repasse sai pela rede Bitcoin: isto é para transferências do banco.',
  'transfer-unknown': ({ ref }) =>
    `${ref}: o banco não tem esta transferência para a cobrança deste repasse, nem outra com este identificador.`,
  'order-shown': ({ order, transfer }) =>
    `O banco mostra a ordem ${order} como a transferência ${transfer}: informe esta.`,
  'order-too-new': ({ order, at }) =>
    `A ordem ${order} foi feita em ${moment('pt-BR', at)} e o banco pode mostrá-la com atraso: espere quinze minutos.`,
  'order-settled': ({ order, state }) =>
    `A ordem ${order} agora está “${stateWord('pt-BR', 'attempt', state)}”.`,
  'orders-changed': () =>
    'As ordens do repasse mudaram durante a consulta ao banco: veja-o e aprove de novo.',
  'statement-too-long': ({ order, since }) =>
    `O extrato do banco desde ${moment('pt-BR', since)} é longo demais para dizer que nada saiu pela ordem ${order}.`,
  'money-moved': ({ order, line }) =>
    `O extrato do banco tem o lançamento ${line} para a ordem ${order}: houve movimento de dinheiro.`,
  'transfer-made-for-another': ({ transfer, madeFor, as }) => {
    const other =
      'invoice' in madeFor
        ? `a cobrança ${madeFor.invoice}`
        : `a ordem ${madeFor.order} do repasse ${madeFor.payout}`
    const then =
      as === undefined ? '' : as === 'ours' ? ' Ela não pagou este repasse.' : ' Diga daquele o que ela é.'
    return `A transferência ${transfer}, pelas etiquetas, é para ${other}.${then}`
  },
  'transfer-differs': ({ ref, status, shown, owed }) =>
    `O banco mostra a transferência ${ref} como ${ptStatus[status]}, de ${amount('pt-BR', shown.units, 'BRL')} para ${placeOf(shown)}; são devidos ${amount('pt-BR', owed.units, 'BRL')} para ${placeOf(owed)}.`,
  'transfer-disowned': ({ transfer }) =>
    `Duas pessoas disseram que a transferência ${transfer} não é nossa.${ptOtherwise}`,
  'transfer-explained': ({ transfer, line }) =>
    `A transferência ${transfer} já foi explicada, pelo lançamento ${line}.${ptOtherwise}`,
  'transfer-too-early': ({ transfer, at }) =>
    `A transferência ${transfer} foi feita em ${moment('pt-BR', at)}, antes do pagamento que seria repassado.${ptOtherwise}`,
  'transfer-contradicts': ({ transfer }) => `A transferência ${transfer} contradiz as ordens deste repasse.`,
  'transfer-came-back': ({ transfer, order, status }) =>
    `${order === undefined ? `A transferência ${transfer}` : `A ordem ${order}`} foi devolvida, e o banco a mostra como ${ptStatus[status]}: não pagou nada.`,
  'transfer-settled-another': ({ transfer, payout }) =>
    `A transferência ${transfer} já pagou o repasse ${payout}.`,
  'transfer-is-order': ({ transfer, order, payout }) =>
    `A transferência ${transfer} é a ordem ${order} do repasse ${payout}.`,
  'transfer-paid-it': ({ transfer, as }) =>
    as === 'ours'
      ? `A transferência ${transfer} já consta como a que pagou este repasse.`
      : `A transferência ${transfer} pagou este repasse, então é nossa.`,
  'transfer-not-alive': ({ transfer, status }) =>
    `O banco mostra a transferência ${transfer} como ${ptStatus[status]}: não pagou nada.`,
  'paid-by-another': ({ by, transfer }) =>
    `Este repasse foi pago pela transferência ${by}, então ${transfer} não o pagou: diga de uma delas que não é nossa.`,
  'payout-under-way': ({ state }) =>
    `Este repasse está “${stateWord('pt-BR', 'payout', state)}”, com uma ordem própria em andamento.`,
  'not-settled': ({ state, ref }) =>
    `Este repasse continua “${stateWord('pt-BR', 'payout', state)}”: o banco não concluiu ${ref}.`,
  'transaction-unknown': ({ ref }) =>
    `${ref} não é uma transação que gaste moedas nossas além das que fizemos.`,
  'transaction-pays-another': () => 'A transação não paga a conta deste repasse.',
  'transaction-not-mined': () => 'A transação não está em nenhum bloco: ainda não pagou ninguém.',
  'transaction-too-small': ({ paidUnits, owedUnits, settledUnits }) => {
    const money = (units: bigint) => amount('pt-BR', units, 'BTC')
    const settled = settledUnits > 0n ? `; ${money(settledUnits)} já foram dados por pagos com ela` : ''
    return `A transação paga ${money(paidUnits)} à conta deste repasse, que é de ${money(owedUnits)}${settled}.`
  },
}

const en: Words = {
  'rail-not-configured': ({ asks }) =>
    asks === 'bank'
      ? 'The bank is not configured on this server, and it must be asked.'
      : 'The Bitcoin rail is not configured on this server, and addresses must be derived.',
  'payout-by-hand': () => 'This payout is handed over by people: nothing was sent.',
  'payout-on-chain': () => 'This payout goes out on the Bitcoin chain: this is for transfers at the bank.',
  'transfer-unknown': ({ ref }) =>
    `${ref}: the bank has no such transfer for the invoice of this payout, nor one of that id.`,
  'order-shown': ({ order, transfer }) =>
    `The bank shows order ${order} as transfer ${transfer}: name that one.`,
  'order-too-new': ({ order, at }) =>
    `Order ${order} was made at ${moment('en', at)}, and the bank may show it late: wait for a quarter of an hour.`,
  'order-settled': ({ order, state }) => `Order ${order} is “${stateWord('en', 'attempt', state)}” by now.`,
  'orders-changed': () =>
    'The orders of the payout changed while the bank was asked: look at it, and approve again.',
  'statement-too-long': ({ order, since }) =>
    `The bank’s statement since ${moment('en', since)} is too long to say that nothing was moved for order ${order}.`,
  'money-moved': ({ order, line }) =>
    `The bank’s statement has line ${line} for order ${order}, so money was moved for it.`,
  'transfer-made-for-another': ({ transfer, madeFor, as }) => {
    const other =
      'invoice' in madeFor
        ? `invoice ${madeFor.invoice}`
        : `order ${madeFor.order} of payout ${madeFor.payout}`
    const then =
      as === undefined ? '' : as === 'ours' ? ' It has not paid this one.' : ' Say of that one what it is.'
    return `Transfer ${transfer} is for ${other} by its tags.${then}`
  },
  'transfer-differs': ({ ref, status, shown, owed }) =>
    `The bank shows transfer ${ref} as ${enStatus[status]}, of ${amount('en', shown.units, 'BRL')} to ${placeOf(shown)}; ${amount('en', owed.units, 'BRL')} is owed to ${placeOf(owed)}.`,
  'transfer-disowned': ({ transfer }) =>
    `Two people said that transfer ${transfer} is not ours.${enOtherwise}`,
  'transfer-explained': ({ transfer, line }) =>
    `Transfer ${transfer} is explained already, by line ${line}.${enOtherwise}`,
  'transfer-too-early': ({ transfer, at }) =>
    `Transfer ${transfer} was made at ${moment('en', at)}, before the payment that would be passed on.${enOtherwise}`,
  'transfer-contradicts': ({ transfer }) => `Transfer ${transfer} contradicts the orders of this payout.`,
  'transfer-came-back': ({ transfer, order, status }) =>
    `${order === undefined ? `Transfer ${transfer}` : `Order ${order}`} came back, and the bank shows it as ${enStatus[status]}: it has paid nothing.`,
  'transfer-settled-another': ({ transfer, payout }) =>
    `Transfer ${transfer} has settled payout ${payout} already.`,
  'transfer-is-order': ({ transfer, order, payout }) =>
    `Transfer ${transfer} is order ${order} of payout ${payout}.`,
  'transfer-paid-it': ({ transfer, as }) =>
    as === 'ours'
      ? `Transfer ${transfer} is known already as the one that paid this payout.`
      : `Transfer ${transfer} has paid this payout, so it is ours.`,
  'transfer-not-alive': ({ transfer, status }) =>
    `The bank shows transfer ${transfer} as ${enStatus[status]}: it has paid nothing.`,
  'paid-by-another': ({ by, transfer }) =>
    `This payout was paid by transfer ${by}, so ${transfer} has not paid it: say of one of them that it is not ours.`,
  'payout-under-way': ({ state }) =>
    `This payout is “${stateWord('en', 'payout', state)}”, with an order of its own under way.`,
  'not-settled': ({ state, ref }) =>
    `This payout is “${stateWord('en', 'payout', state)}” still: the bank has not succeeded with ${ref}.`,
  'transaction-unknown': ({ ref }) =>
    `${ref} is no transaction that spends coins of ours beside those we made.`,
  'transaction-pays-another': () => 'The transaction does not pay the account of this payout.',
  'transaction-not-mined': () => 'The transaction is in no block: it has paid nobody yet.',
  'transaction-too-small': ({ paidUnits, owedUnits, settledUnits }) => {
    const money = (units: bigint) => amount('en', units, 'BTC')
    const settled = settledUnits > 0n ? `; ${money(settledUnits)} were settled with it before` : ''
    return `The transaction pays ${money(paidUnits)} to the account of this payout, which is of ${money(owedUnits)}${settled}.`
  },
}

export const transferRefusals: Both<Words> = { 'pt-BR': pt, en }
