/** Why an act on an invoice was not done, in the page's words. */
import type { WordsOf } from '../../../base/refusal.ts'
import type { OwnInvoiceRefusal } from '../../../webhooks/webhooks.ts'
import { amount, type Both } from '../../page/page.ts'
import { invoiceActWords } from './actsWords.ts'
import { receiveWords } from './receiveWords.ts'

type Words = WordsOf<OwnInvoiceRefusal>

const pt: Words = {
  'invoice-unknown': ({ id }) => `Não há cobrança ${id}.`,
  'refund-refused': ({ code }) => invoiceActWords['pt-BR'].refusals[code],
  'reversal-refused': ({ code }) => invoiceActWords['pt-BR'].reversalRefusals[code],
  'receipt-refused': ({ code }) => receiveWords['pt-BR'].takeBack.refusals[code],
  'refund-changed': ({ left }) =>
    `Agora restam R$ ${left} desta cobrança para estornar, e não o que restava quando isto foi proposto: recuse esta proposta e faça outra.`,
  'reversal-changed': () =>
    'Mais dinheiro desta cobrança voltou desde que isto foi proposto: recuse esta proposta e faça outra.',
  'reversal-said': () => 'O banco já disse como o estorno terminou: a resposta é lida em alguns minutos.',
  'bank-silent': ({ said }) => `O banco não respondeu sobre esta cobrança: ${said}`,
  'invoices-unread': () =>
    'As cobranças do banco desde o backup ainda não foram todas lidas, então pode haver outras: espere alguns segundos.',
  'nothing-to-accept': refusal =>
    refusal.cause === 'accepted-already'
      ? `Esta cobrança já foi aceita por ${refusal.by}.`
      : 'Nada desta cobrança espera uma pessoa agora: o estado dela mudou. Volte à página dela.',
  'refund-not-on-chain': () => 'Esta cobrança foi paga pelo banco: isto é para pagamentos em bitcoin.',
  'refund-takes-an-address': () => 'Informe um endereço só, dado pelo pagador: uma devolução é paga uma vez.',
  'refund-to-ourselves': () => 'Este endereço é da nossa própria carteira: informe um endereço do pagador.',
  'nothing-to-refund': ({ depth }) =>
    `Nada desta cobrança pode ser devolvido agora: só o que está a ${depth} blocos de profundidade, e não foi creditado nem gasto.`,
  'refund-too-much': ({ maxUnits }) =>
    `O valor é maior do que o que pode ser devolvido: ${amount('pt-BR', maxUnits, 'BTC')}.`,
  'refund-too-small': ({ minUnits }) =>
    `O valor se perderia em taxas: no mínimo ${amount('pt-BR', minUnits, 'BTC')}.`,
  'refund-by-our-books': () => 'Esta transação foi feita por este sistema: não é uma devolução à mão.',
  'refund-spends-nothing': () =>
    'Esta transação não gasta nenhum pagamento desta cobrança que não tenha sido creditado: informe a que a página mostra, depois que o nó a tiver visto.',
  'refund-known': () => 'Esta transação já está nos livros como a devolução desta cobrança.',
}

const en: Words = {
  'invoice-unknown': ({ id }) => `There is no invoice ${id}.`,
  'refund-refused': ({ code }) => invoiceActWords.en.refusals[code],
  'reversal-refused': ({ code }) => invoiceActWords.en.reversalRefusals[code],
  'receipt-refused': ({ code }) => receiveWords.en.takeBack.refusals[code],
  'refund-changed': ({ left }) =>
    `R$ ${left} of this invoice is left to give back now, and not what was left when this was proposed: refuse this proposal and make another.`,
  'reversal-changed': () =>
    'More of this invoice went back since this was proposed: refuse this proposal and make another.',
  'reversal-said': () => 'The bank has said by now how it ended: that is read within minutes.',
  'bank-silent': ({ said }) => `The bank did not answer about this invoice: ${said}`,
  'invoices-unread': () =>
    'The bank’s invoices since the backup are not all read yet, so there may be more: wait some seconds.',
  'nothing-to-accept': refusal =>
    refusal.cause === 'accepted-already'
      ? `This invoice was accepted already, by ${refusal.by}.`
      : 'Nothing of this invoice waits for a person now: it has moved on. Go back to its page.',
  'refund-not-on-chain': () => 'This invoice was paid through the bank: this is for payments in bitcoin.',
  'refund-takes-an-address': () => 'Give one address, which the payer gives: a refund is paid once.',
  'refund-to-ourselves': () => 'This address is of our own wallet: give an address of the payer’s.',
  'nothing-to-refund': ({ depth }) =>
    `Nothing of this invoice can be given back now: only what lies ${depth} blocks deep, and neither counts nor is spent.`,
  'refund-too-much': ({ maxUnits }) =>
    `The amount is more than can be given back: ${amount('en', maxUnits, 'BTC')}.`,
  'refund-too-small': ({ minUnits }) =>
    `The amount would be lost in fees: at least ${amount('en', minUnits, 'BTC')}.`,
  'refund-by-our-books': () => 'This transaction was made by this system: it is no refund by hand.',
  'refund-spends-nothing': () =>
    'This transaction spends no payment of this invoice that was not credited: give the one that the page names, once the node has seen it.',
  'refund-known': () => 'This transaction is in the books already as the refund of this invoice.',
}

export const invoiceRefusals: Both<Words> = { 'pt-BR': pt, en }
