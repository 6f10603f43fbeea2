/**
 * The words of personal data on the console: a tax id that is shown, what is handed out, and forgetting
 * somebody.
 */
import type { HeldWhy } from '../../../privacy/privacy.ts'
import type { Both } from '../../page/page.ts'

const pt = {
  show: 'Mostrar inteiro',
  forgotten: 'dados eliminados em',
  wholeCsv: 'Baixar CSV com CPFs inteiros',
  wholeHint: 'A exportação fica registrada na auditoria.',
  rosterHint: 'Baixar a lista (fica registrado na auditoria)',
  title: 'Dados pessoais',
  export: 'Exportar tudo o que há sobre esta pessoa',
  exportHint: 'Um arquivo JSON para entregar ao titular (LGPD, artigo 18). Fica registrado na auditoria.',
  forgetOrder: 'Eliminar os dados do comprador deste pedido',
  forgetPayer: 'Eliminar os dados desta pessoa em todas as cobranças e pedidos',
  forgetHint:
    'Nome, e-mail e CPF são apagados e não voltam; valores, lançamentos e repasses ficam. O que a lei manda guardar, ou ainda está em andamento, fica, e é listado com o motivo. Não escreva nomes no motivo.',
  keptElsewhere: 'Onde os documentos fiscais estão guardados',
  keptElsewhereHint:
    'Por exemplo “NF-e 1042”. Em branco, nome e CPF do que foi pago ficam pelos cinco anos fiscais.',
  done: 'Dados eliminados',
  kept: 'O que fica',
  keptNone: 'Nada: tudo o que havia foi eliminado.',
  what: 'O quê',
  why: 'Motivo',
  until: 'Até',
  all: 'tudo',
  identity: 'nome e CPF',
  counts: (orders: string, invoices: string) =>
    `Eliminados: pedidos, ${orders}; cobranças de agendamentos, ${invoices}.`,
  of: 'de',
  accounts: (names: string) => `Continua como titular da conta de repasse ${names}, que é outro contrato.`,
  inRoster: (names: string) =>
    `Nada foi eliminado: a pessoa está na lista de pagadores de ${names} e seria cobrada de novo. Tire-a da lista primeiro.`,
  unknown: 'Não há dados desta pessoa aqui.',
  held: {
    open: 'ainda pode ser pago ou espera o banco',
    'under-way': 'há dinheiro, devolução ou proposta em andamento',
    attention: 'o pedido espera uma pessoa',
    payable: 'ainda pode ser pago com atraso',
    reversible: 'o Pix pode ser devolvido por 90 dias',
    fiscal: 'foi pago: a Receita pode pedir por cinco anos',
  } satisfies Record<HeldWhy, string>,
}

const en: typeof pt = {
  show: 'Show in full',
  forgotten: 'forgotten',
  wholeCsv: 'Download CSV with whole CPFs',
  wholeHint: 'The export is written into the audit log.',
  rosterHint: 'Download the roster (written into the audit log)',
  title: 'Personal data',
  export: 'Export everything held on this person',
  exportHint: 'A JSON file to hand to them (LGPD, article 18). It is written into the audit log.',
  forgetOrder: 'Forget the buyer of this order',
  forgetPayer: 'Forget this person in every invoice and order',
  forgetHint:
    'Name, e-mail and tax id are blanked and do not come back; amounts, postings and payouts stay. What the law wants kept, or is under way, stays and is listed with the reason. Name nobody in the reason.',
  keptElsewhere: 'Where the fiscal records are kept',
  keptElsewhereHint:
    'Such as “NF-e 1042”. Left empty, the name and the tax id of what was paid stay for the five fiscal years.',
  done: 'Forgotten',
  kept: 'What stays',
  keptNone: 'Nothing: all there was is forgotten.',
  what: 'What',
  why: 'Why',
  until: 'Until',
  all: 'all of it',
  identity: 'name and tax id',
  counts: (orders, invoices) => `Forgotten: orders, ${orders}; invoices of schedules, ${invoices}.`,
  of: 'of',
  accounts: names => `They stay the holder of payout account ${names}, which is another contract.`,
  inRoster: names =>
    `Nothing was forgotten: the roster of ${names} names this person, so they would be asked again. Take them out of it first.`,
  unknown: 'Nothing is held on this person here.',
  held: {
    open: 'it can still be paid, or waits for the bank',
    'under-way': 'money, a refund or a proposal is under way',
    attention: 'the order needs a person',
    payable: 'it may still be paid late',
    reversible: 'its Pix may be given back for 90 days',
    fiscal: 'it was paid: the tax authority may ask for five years',
  },
}

export const privacyWords: Both<typeof pt> = { 'pt-BR': pt, en }
