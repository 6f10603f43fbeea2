/** The words of receiving over the counter. */
import type { ReceiptRefusal, TakeBackRefusal } from '../../../webhooks/webhooks.ts'
import type { Both } from '../../page/page.ts'

interface Words {
  title: string
  hint: (amount: string) => string
  amount: string
  amountWrong: string
  note: string
  noteHint: string
  go: string
  refusals: Record<ReceiptRefusal, string>
  takeBack: {
    title: string
    hint: string
    /** Where it was handed over already. */
    passedOn: string
    go: string
    another: string
    refusals: Record<TakeBackRefusal, string>
  }
}

const pt: Words = {
  title: 'Registrar recebimento',
  hint: amount =>
    `Confirme só depois de contar o dinheiro: ${amount}, por inteiro. O líquido passa a ser devido ao favorecido.`,
  amount: 'Valor recebido',
  amountWrong: 'Escreva o valor em reais, como 120,00.',
  note: 'Referência',
  noteHint: 'O número do recibo, ou o que permita encontrá-lo.',
  go: 'Registrar',
  refusals: {
    'of-another-rail': 'Esta cobrança não é paga em espécie.',
    'not-issued': 'A cobrança ainda não foi emitida. Tente em alguns segundos.',
    received: 'Esta cobrança já foi recebida. O histórico diz por quem.',
    canceled: 'Esta cobrança foi cancelada ou recusada, então nada é recebido por ela. Devolva o dinheiro.',
    late: 'O prazo desta cobrança passou, então nada mais é recebido por ela. Emita outra ou devolva o dinheiro.',
    edited:
      'O valor desta cobrança não é o que foi emitido: foi alterado por fora deste programa. Não receba por ela até que seja corrigido.',
    'wrong-amount': 'O valor não é o da cobrança, que é recebida por inteiro ou não é.',
  },
  takeBack: {
    title: 'Desfazer o recebimento',
    hint: 'Para um recebimento registrado por engano. Outra pessoa precisa aprovar. O repasse é cancelado, e a cobrança pode ser recebida de novo até o vencimento.',
    passedOn: 'Este valor já foi entregue ao favorecido, que fica devendo o que recebeu.',
    go: 'Propor',
    another: 'Já há uma proposta em aberto para desfazer este recebimento. Decida-a primeiro.',
    refusals: {
      'of-another-rail': 'Esta cobrança não é paga em espécie.',
      'not-received': 'Não há recebimento desta cobrança a desfazer.',
      edited:
        'O valor recebido que consta nesta cobrança não é o dos livros: foi alterado por fora deste programa. Confira os livros.',
    },
  },
}

const en: Words = {
  title: 'Record a receipt',
  hint: amount =>
    `Confirm only once the money is counted: ${amount}, all of it. The net is owed to the payee then.`,
  amount: 'Amount received',
  amountWrong: 'Write the amount in reais, like 120.00.',
  note: 'Reference',
  noteHint: 'The number of the receipt, or what finds it again.',
  go: 'Record it',
  refusals: {
    'of-another-rail': 'This invoice is not paid in cash.',
    'not-issued': 'The invoice is not issued yet. Try again in some seconds.',
    received: 'This invoice was received before. Its history says by whom.',
    canceled: 'This invoice was canceled or refused, so nothing is received for it. Give the money back.',
    late: 'This invoice is past its due time, so nothing is received for it any more. Issue another, or give the money back.',
    edited:
      'The amount of this invoice is not what was issued: it was edited past this program. Receive nothing for it until it is put right.',
    'wrong-amount': 'The amount is not the invoice’s, which is received whole or not at all.',
  },
  takeBack: {
    title: 'Take back the receipt',
    hint: 'For a receipt that was recorded by mistake. Another person has to approve it. The payout is canceled, and the invoice can be received again until it is due.',
    passedOn: 'It was handed over already: the payee will owe what they got.',
    go: 'Propose it',
    another: 'It is proposed already to take this receipt back: decide that first.',
    refusals: {
      'of-another-rail': 'This invoice is not paid in cash.',
      'not-received': 'Nothing is received for this invoice, so there is no receipt to take back.',
      edited:
        'What this invoice says was received is not what the books have: it was edited past this program. Check the books.',
    },
  },
}

export const receiveWords: Both<Words> = { 'pt-BR': pt, en }
