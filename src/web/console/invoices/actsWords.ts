/**
 * The words of what a person does about an invoice: money that went back, its refunds, a cancelation, and
 * asking again.
 */
import type { CancelRefusal, RefundRefusal, RefundState, ReissueRefusal } from '../../../invoice/invoice.ts'
import type { ReversalRefusal } from '../../../webhooks/webhooks.ts'
import type { Both } from '../../page/page.ts'

interface InvoiceActWords {
  title: string
  back: string
  /** Of a receipt in cash. */
  takenBack: string
  goingBack: string
  goingBackHint: string
  /** Where it was passed on already. */
  goingBackPassedOn: string
  cancelAsked: string
  bankSaid: string
  reissuedAs: string
  reissueOf: string
  reissuedBy: string
  refunds: string
  approved: string
  madeBy: string
  approvedBy: string
  reason: string
  states: Record<RefundState, string>
  refundTitle: string
  refundHint(left: string): string
  refundPassedOn: string
  amount: string
  amountHint: string
  amountWrong: string
  refund: string
  another: string
  reversalTitle: string
  reversalHint: string
  returned: string
  returnedHint: string
  returnedWrong: string
  reversal: string
  cancelTitle: string
  cancelHint: string
  cancel: string
  canceled: string
  cancelLater: string
  cancelPaid: string
  cancelOver: string
  notCanceled: string
  reissueTitle: string
  reissueHint: string
  reissue: string
  reissued: string
  adopted: string
  reissueAs: string
  reissueAsHint: string
  noBank: string
  refusals: Record<RefundRefusal, string>
  reversalRefusals: Record<ReversalRefusal, string>
  cancelRefusals: Record<CancelRefusal, string>
  reissueRefusals: Record<ReissueRefusal, string>
}

const pt: InvoiceActWords = {
  title: 'Estorno, cancelamento e nova emissão',
  back: 'Estornado ao pagador',
  takenBack: 'Recebimento desfeito',
  goingBack: 'Em estorno desde',
  goingBackHint: 'O repasse espera e segue sozinho quando o banco disser como terminou.',
  goingBackPassedOn:
    'Esta cobrança já foi repassada: quem recebeu o repasse fica devendo o que voltar ao pagador, assim que o banco disser como terminou.',
  cancelAsked: 'Cancelamento pedido por',
  bankSaid: 'O banco respondeu',
  reissuedAs: 'Emitida de novo como',
  reissueOf: 'Emitida no lugar de',
  reissuedBy: 'Nova emissão pedida por',
  refunds: 'Estornos',
  approved: 'Aprovado em',
  madeBy: 'Proposto por',
  approvedBy: 'Aprovado por',
  reason: 'Motivo',
  states: {
    approved: 'aprovado, a fazer',
    refunding: 'pedindo ao banco',
    unsure: 'incerto, em consulta',
    sent: 'em andamento no banco',
    refunded: 'feito',
    failed: 'não feito',
  },
  refundTitle: 'Propor estorno',
  refundHint: left =>
    `O banco devolve o valor ao pagador por Pix. Restam ${left}. Outra pessoa precisa aprovar. O repasse passa a ser do que sobrar.`,
  refundPassedOn: 'Esta cobrança já foi repassada: quem recebeu o repasse fica devendo o que for estornado.',
  amount: 'Valor a estornar',
  amountHint: 'Por exemplo 60,00. Vazio: tudo o que resta.',
  amountWrong: 'Escreva um valor acima de zero e até o que resta, como 60,00.',
  refund: 'Propor estorno',
  another: 'Já há outra proposta de estorno em aberto para esta cobrança. Decida-a primeiro.',
  reversalTitle: 'Dizer como terminou o estorno',
  reversalHint:
    'Para um estorno cujo fim o banco não informa. Confira antes a cobrança no banco. Outra pessoa precisa aprovar, e o banco é consultado mais uma vez.',
  returned: 'Voltou ao pagador, ao todo',
  returnedHint: 'Por exemplo 40,00. 0,00 se nada voltou.',
  returnedWrong: 'Escreva um valor de zero até o que foi pago, como 40,00.',
  reversal: 'Propor',
  cancelTitle: 'Cancelar a cobrança',
  cancelHint: 'Ninguém mais poderá pagá-la. Se alguém pagar antes, vale o que o banco disser.',
  cancel: 'Cancelar a cobrança',
  canceled: 'A cobrança foi cancelada.',
  cancelLater: 'O banco ainda não respondeu. O pedido é repetido até que responda.',
  cancelPaid: 'A cobrança foi paga antes do cancelamento. O dinheiro entra como qualquer outro.',
  cancelOver: 'A cobrança já tinha terminado.',
  notCanceled: 'O banco não cancelou a cobrança.',
  reissueTitle: 'Emitir de novo',
  reissueHint:
    'Emite uma nova cobrança no lugar desta, com o mesmo valor e o mesmo pagador, uma única vez. As outras do agendamento não mudam.',
  reissue: 'Emitir de novo',
  reissued: 'Esta é a nova cobrança. Ela é enviada ao banco em instantes.',
  adopted:
    'O banco já tinha esta cobrança, emitida de novo antes da restauração. Ela volta a estes livros, e ninguém é cobrado outra vez.',
  reissueAs: 'Identificação no banco (se já existir lá)',
  reissueAsHint: 'Só depois de uma restauração, quando o banco tem mais de uma cobrança parecida.',
  noBank: 'O banco não está configurado.',
  refusals: {
    'of-another-rail': 'Esta cobrança não foi paga pelo banco.',
    'not-credited': 'Esta cobrança não foi creditada: não há o que estornar.',
    'nothing-left': 'Não resta nada desta cobrança para estornar.',
    'too-much': 'O valor é maior do que o que resta desta cobrança.',
    'under-way': 'Já há dinheiro desta cobrança voltando ao pagador. Espere o banco dizer como terminou.',
  },
  reversalRefusals: {
    'not-going-back': 'Não há dinheiro desta cobrança voltando ao pagador.',
    'too-soon': 'O estorno corre há menos de meia hora: o banco ainda pode dizer como terminou.',
    'being-asked': 'Um estorno desta cobrança ainda está sendo pedido ao banco.',
    'too-much': 'O valor é maior do que o que foi pago.',
    'too-little': 'O banco já disse que voltou mais do que isso.',
  },
  cancelRefusals: {
    'of-another-rail': 'Um pedido em bitcoin não se cancela: termina sozinho no fim do prazo.',
    'not-known-yet': 'Ainda não se sabe se o banco tem esta cobrança. Tente de novo em alguns minutos.',
    paid: 'Esta cobrança foi paga: proponha um estorno.',
    over: 'Esta cobrança já terminou.',
  },
  reissueRefusals: {
    'of-another-rail': 'Um pedido em bitcoin não se emite de novo.',
    'of-an-order': 'Esta cobrança é de um pedido da loja: quem compra pede de novo na página do pedido.',
    'not-over': 'Esta cobrança ainda pode ser paga.',
    forgotten: 'Os dados do pagador desta cobrança foram eliminados: não há a quem cobrar de novo.',
    reissued: 'Esta cobrança já foi emitida de novo.',
    'paid-there': 'O banco mostra que esta cobrança foi paga: o aviso ainda está a caminho.',
    'asked-there':
      'O banco tem cobranças deste agendamento, do mesmo pagador e valor, que não estão nestes livros, como depois de uma restauração, e há mais de uma parecida aqui. Informe abaixo a identificação no banco da que corresponde a esta.',
    'not-there':
      'O banco não tem essa cobrança deste agendamento, pagador e valor, ou ela já está nestes livros.',
    'not-known': 'O banco não disse se esta cobrança foi paga. Tente de novo mais tarde.',
    unreadable:
      'Os dados do pagador não podem ser decifrados, por isso a cobrança não é feita de novo. Veja “repasse keys status”.',
  },
}

const en: InvoiceActWords = {
  title: 'Refund, cancelation and reissue',
  back: 'Went back to the payer',
  takenBack: 'Receipt taken back',
  goingBack: 'Going back since',
  goingBackHint: 'The payout waits, and goes on by itself when the bank says how it ended.',
  goingBackPassedOn:
    'This invoice was passed on already: what goes back to the payer, the payee will owe, once the bank says how it ended.',
  cancelAsked: 'Cancelation asked for by',
  bankSaid: 'The bank answered',
  reissuedAs: 'Reissued as',
  reissueOf: 'Issued in place of',
  reissuedBy: 'Reissue asked for by',
  refunds: 'Refunds',
  approved: 'Approved',
  madeBy: 'Proposed by',
  approvedBy: 'Approved by',
  reason: 'Reason',
  states: {
    approved: 'approved, to be made',
    refunding: 'asking the bank',
    unsure: 'unsure, being looked up',
    sent: 'under way at the bank',
    refunded: 'made',
    failed: 'not made',
  },
  refundTitle: 'Propose a refund',
  refundHint: left =>
    `The bank gives the money back to the payer by Pix. ${left} is left. Another person has to approve it. The payout is reduced to what remains.`,
  refundPassedOn: 'This invoice was passed on already: the payee will owe what is refunded.',
  amount: 'Amount to refund',
  amountHint: 'For example 60.00. Empty: all that is left.',
  amountWrong: 'Write an amount above zero and up to what is left, such as 60.00.',
  refund: 'Propose the refund',
  another: 'A refund of this invoice is proposed already: decide that one first.',
  reversalTitle: 'Say how the reversal ended',
  reversalHint:
    'For a reversal whose end the bank does not report. Look at the invoice at the bank first. Another person has to approve it, and the bank is asked once more.',
  returned: 'Went back to the payer in all',
  returnedHint: 'For example 40.00. 0.00 where nothing did.',
  returnedWrong: 'Write an amount from zero up to what was paid, such as 40.00.',
  reversal: 'Propose it',
  cancelTitle: 'Cancel the invoice',
  cancelHint: 'Nobody can pay it any more. Where somebody pays before that, what the bank says counts.',
  cancel: 'Cancel the invoice',
  canceled: 'The invoice is canceled.',
  cancelLater: 'The bank has not answered yet. It is asked again until it has.',
  cancelPaid: 'The invoice was paid before it could be canceled. Its money comes as any other.',
  cancelOver: 'The invoice was over already.',
  notCanceled: 'The bank did not cancel the invoice.',
  reissueTitle: 'Reissue the invoice',
  reissueHint:
    'Issues a new invoice in place of this one, of the same amount and payer, once. The others of its slot do not change.',
  reissue: 'Reissue',
  reissued: 'This is the new invoice. It is sent to the bank in a moment.',
  adopted:
    'The bank had this invoice already, reissued before the restore. It is in these books again, and nobody is asked twice.',
  reissueAs: 'The bank’s id (if it has it already)',
  reissueAsHint: 'Only after a restore, where the bank has several that are alike.',
  noBank: 'The bank is not configured.',
  refusals: {
    'of-another-rail': 'This invoice was not paid through the bank.',
    'not-credited': 'This invoice is not credited: there is nothing to give back.',
    'nothing-left': 'Nothing of this invoice is left to give back.',
    'too-much': 'The amount is more than what is left of this invoice.',
    'under-way': 'Money of this invoice is going back already. Wait until the bank says how it ended.',
  },
  reversalRefusals: {
    'not-going-back': 'No money of this invoice is going back.',
    'too-soon': 'It has been going back for less than half an hour: the bank may still say how it ended.',
    'being-asked': 'A refund of this invoice is still being asked for.',
    'too-much': 'The amount is more than what was paid.',
    'too-little': 'The bank has said already that more than that went back.',
  },
  cancelRefusals: {
    'of-another-rail':
      'A request on the chain cannot be taken back: it ends by itself when its time is over.',
    'not-known-yet': 'It is not known yet whether the bank has this invoice. Try again in some minutes.',
    paid: 'This invoice was paid: propose a refund.',
    over: 'This invoice is over already.',
  },
  reissueRefusals: {
    'of-another-rail': 'A request on the chain is not reissued.',
    'of-an-order':
      'This invoice belongs to an order of the shop: its buyer asks again on the page of the order.',
    'not-over': 'This invoice may still be paid.',
    forgotten: 'The payer of this invoice was forgotten: there is nobody to ask again.',
    reissued: 'This invoice was reissued already.',
    'paid-there': 'The bank shows that this invoice was paid: its event is still on its way.',
    'asked-there':
      'The bank has invoices of this slot, payer and amount that these books do not have, as after a restore, and more than one here is like them. Give the bank’s id of the one that is this invoice’s.',
    'not-there': 'The bank has no such invoice of this slot, payer and amount, or these books have it.',
    'not-known': 'The bank did not say whether this invoice was paid. Try again later.',
    unreadable:
      'The payer’s details cannot be decrypted, so the invoice is not issued again. See “repasse keys status”.',
  },
}

export const invoiceActWords: Both<InvoiceActWords> = { 'pt-BR': pt, en }
