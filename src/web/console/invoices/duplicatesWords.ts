/** The words of duplicate invoices: what each is, why it moved, and what a person may decide. */
import type { Refusal, TwinState } from '../../../invoice/invoice.ts'
import type { Both } from '../../page/page.ts'

interface DuplicateWords {
  title: string
  hint: string
  atBank: string
  asked: string
  paid: string
  fee: string
  returned: string
  owed: string
  decidedBy: string
  reason: string
  found: string
  states: Record<TwinState, string>
  /** What moved it, by the code that was written down. */
  reasons: Record<string, string>
  refundTitle: string
  refundHint: string
  refund: string
  keepTitle: string
  keepHint: string
  keep: string
  stopped: string
  refusals: Record<Refusal, string>
}

const pt: DuplicateWords = {
  title: 'Cobranças duplicadas',
  hint: 'Outra cobrança no banco com o mesmo identificador desta. O dinheiro que entrou por ela é do pagador.',
  atBank: 'No banco',
  asked: 'Cobrado',
  paid: 'Recebido',
  fee: 'Tarifa do banco, por nossa conta',
  returned: 'Estornado',
  owed: 'A devolver ao pagador',
  decidedBy: 'Decidido por',
  reason: 'Motivo',
  found: 'Encontrada em',
  states: {
    open: 'em aberto, sendo cancelada',
    canceled: 'cancelada',
    paid: 'paga, ainda não creditada',
    credited: 'paga: requer ação',
    approved: 'estorno aprovado',
    refunding: 'pedindo o estorno',
    unsure: 'estorno incerto, em consulta',
    sent: 'estorno em andamento',
    refunded: 'estornada',
    kept: 'resolvida por fora',
  },
  reasons: {
    'seen-in-event': 'vista em um evento do banco',
    'seen-by-tag': 'encontrada no banco pelo identificador',
    'canceled-here': 'cancelada por nós no banco',
    'over-at-bank': 'encerrada no banco',
    'paid-meanwhile': 'paga antes que fosse cancelada',
    'credited-at-bank': 'o banco creditou o dinheiro',
    decided: 'decidido por uma pessoa',
    'asking-bank': 'pedindo o estorno ao banco',
    'taken-on': 'o banco aceitou o estorno',
    'no-answer': 'o banco não respondeu',
    later: 'o banco pediu para tentar mais tarde',
    refused: 'o banco recusou',
    'not-taken-on': 'o banco não recebeu o pedido: será feito de novo',
    'not-as-approved': 'não é o que foi aprovado: alguém alterou o banco de dados por fora do programa',
    'came-back': 'o dinheiro estornado voltou para a conta',
    restored: 'banco de dados restaurado: confira antes de estornar de novo',
    failed: 'o banco não conseguiu devolver',
    'returned-at-bank': 'o pagador recebeu de volta',
  },
  refundTitle: 'Estornar ao pagador',
  refundHint: 'O banco devolve ao pagador o que ainda é devido por esta cobrança duplicada. Não se desfaz.',
  refund: 'Estornar',
  keepTitle: 'Já foi resolvida de outro modo',
  keepHint:
    'Nada é devolvido pelo banco: o dinheiro deixa de ser devido ao pagador. Diga no motivo como foi resolvida.',
  keep: 'Dar por resolvida',
  stopped: 'Os repasses estão parados: o estorno sai quando voltarem.',
  refusals: {
    'not-found': 'Esta cobrança não tem uma duplicada com este identificador no banco.',
    'not-paid': 'Esta cobrança duplicada não foi paga: não há o que estornar.',
    'not-credited': 'O banco ainda não creditou esta cobrança duplicada: tente de novo em um minuto.',
    decided: 'Já foi decidido o que fazer com esta cobrança duplicada. Volte à página da cobrança.',
  },
}

const en: DuplicateWords = {
  title: 'Duplicates',
  hint: 'Another invoice at the bank under the tag of this one. What came for it is the payer’s.',
  atBank: 'At the bank',
  asked: 'Asked',
  paid: 'Received',
  fee: 'Bank fee, which we bear',
  returned: 'Refunded',
  owed: 'Owed to the payer',
  decidedBy: 'Decided by',
  reason: 'Reason',
  found: 'Found',
  states: {
    open: 'open, being canceled',
    canceled: 'canceled',
    paid: 'paid, not credited yet',
    credited: 'paid: needs attention',
    approved: 'refund approved',
    refunding: 'asking for the refund',
    unsure: 'refund unsure, being looked up',
    sent: 'being refunded',
    refunded: 'refunded',
    kept: 'settled otherwise',
  },
  reasons: {
    'seen-in-event': 'seen in an event of the bank',
    'seen-by-tag': 'found at the bank by its tag',
    'canceled-here': 'canceled by us at the bank',
    'over-at-bank': 'over at the bank',
    'paid-meanwhile': 'paid before it could be canceled',
    'credited-at-bank': 'the bank credited the money',
    decided: 'decided by a person',
    'asking-bank': 'asking the bank for the refund',
    'taken-on': 'the bank accepted the refund',
    'no-answer': 'the bank did not answer',
    later: 'the bank asked to try later',
    refused: 'the bank refused',
    'not-taken-on': 'the bank did not receive the request: it is made again',
    'not-as-approved': 'it is not what was approved: somebody has changed the database past this program',
    'came-back': 'the refunded money came back',
    restored: 'the database was restored: check before refunding again',
    failed: 'the bank could not give it back',
    'returned-at-bank': 'the payer got the money back',
  },
  refundTitle: 'Refund the payer',
  refundHint: 'The bank gives the payer back what is still owed for this duplicate. This cannot be undone.',
  refund: 'Refund',
  keepTitle: 'It was settled otherwise',
  keepHint:
    'The bank gives nothing back: the money is no longer owed to the payer. Say in the reason how it was settled.',
  keep: 'Mark as settled',
  stopped: 'Payouts are stopped: the refund is made once they go on.',
  refusals: {
    'not-found': 'This invoice has no duplicate with this id at the bank.',
    'not-paid': 'This duplicate was not paid: there is nothing to give back.',
    'not-credited': 'The bank has not credited this duplicate yet: try again in a minute.',
    decided: 'What becomes of this duplicate was decided before. Go back to the page of its invoice.',
  },
}

export const duplicateWords: Both<DuplicateWords> = { 'pt-BR': pt, en }
