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
