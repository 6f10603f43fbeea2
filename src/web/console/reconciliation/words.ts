/** The words of the page on money at the bank that is none of ours. */
import type { Both } from '../../page/page.ts'
import type { ExternalRuleRow, StrangerRow } from '../../../reconcile/reconcile.ts'
import type { SuspendedMoney } from '../../../ledger/ledger.ts'

interface ReconciliationWords {
  title: string
  told: string
  open: string
  noneOpen: string
  decided: string
  noneDecided: string
  heads: Record<'line' | 'at' | 'state' | 'amount' | 'description' | 'source' | 'why', string>
  states: Record<StrangerRow['state'], string>
  accept: { title: string; told: string; go: string }
  suspense: Record<
    'title' | 'told' | 'none' | 'atBank' | 'bears' | 'act' | 'ofPayout' | 'close' | 'closeTold' | 'go',
    string
  > & {
    abouts: Record<SuspendedMoney['about'], string>
  }
  rules: string
  noRules: string
  ruleHeads: Record<'name' | 'state' | 'when' | 'most' | 'inAll' | 'by', string>
  ruleStates: Record<ExternalRuleRow['state'], string>
  when: (rule: Pick<ExternalRuleRow, 'direction' | 'field' | 'match'>) => string
  periods: Record<ExternalRuleRow['period'], string>
  add: Record<
    'title' | 'told' | 'name' | 'direction' | 'field' | 'match' | 'text' | 'most' | 'period' | 'inAll' | 'go',
    string
  >
  directions: Record<ExternalRuleRow['direction'], string>
  fields: Record<ExternalRuleRow['field'], string>
  matches: Record<ExternalRuleRow['match'], string>
  badAmount: string
  badName: string
  close: string
}

const pt: ReconciliationWords = {
  title: 'Conciliação bancária',
  told: 'Linhas do extrato que não são de cobranças nem de repasses nossos. Uma saída interrompe os repasses até que duas pessoas vejam o que foi, ou que uma regra aprovada cubra a linha. Uma entrada é só listada.',
  open: 'Em aberto',
  noneOpen: 'Nenhuma linha em aberto.',
  decided: 'Vistas ou cobertas',
  noneDecided: 'Nenhuma ainda.',
  heads: {
    line: 'Linha',
    at: 'Quando',
    state: 'Estado',
    amount: 'Valor',
    description: 'Descrição',
    source: 'Origem',
    why: 'Motivo',
  },
  states: {
    open: 'em aberto',
    opening: 'anterior aos livros',
    ruled: 'coberta por regra',
    accepted: 'aceita',
  },
  accept: {
    title: 'Aceitar a linha',
    told: 'Outra pessoa precisa aprovar. Diga o que foi este dinheiro.',
    go: 'Propor',
  },
  suspense: {
    title: 'A identificar',
    told: 'Movimentos no banco que levam a nossa identificação e que estes livros não conhecem, como depois de uma restauração. Ficam à parte até que o banco os explique ou que duas pessoas digam o que são.',
    none: 'Nada a identificar.',
    abouts: { invoice: 'Cobrança', payout: 'Transferência', other: 'Movimento' },
    atBank: 'No banco',
    bears: 'Identificação',
    act: 'O que fazer',
    ofPayout: 'Ver o repasse',
    close: 'Dar como de terceiros',
    closeTold:
      'Outra pessoa precisa aprovar, e o banco é consultado de novo antes. O valor deixa de ser nosso nos livros. Diga o que foi.',
    go: 'Propor',
  },
  rules: 'Regras',
  noRules: 'Nenhuma regra ainda.',
  ruleHeads: {
    name: 'Regra',
    state: 'Estado',
    when: 'Quando vale',
    most: 'Máximo por linha',
    inAll: 'Máximo no período',
    by: 'Proposta e aprovada por',
  },
  ruleStates: { active: 'ativa', closed: 'encerrada' },
  when: ({ direction, field, match }) =>
    `${direction === 'out' ? 'saída' : 'entrada'}, ${field === 'description' ? 'descrição' : 'origem'} ${match === 'equals' ? 'igual a' : 'que começa com'}`,
  periods: { day: 'por dia', month: 'por mês' },
  add: {
    title: 'Criar uma regra',
    told: 'Para o que se repete, como a tarifa mensal do banco. O texto é comparado letra por letra. Outra pessoa precisa aprovar.',
    name: 'Nome',
    direction: 'Sentido',
    field: 'O que se compara',
    match: 'Como',
    text: 'Texto',
    most: 'Máximo por linha (R$)',
    period: 'Período',
    inAll: 'Máximo no período (R$)',
    go: 'Propor a regra',
  },
  directions: { out: 'saída', in: 'entrada' },
  fields: { description: 'descrição', source: 'origem' },
  matches: { equals: 'igual a', starts: 'começa com' },
  badAmount: 'Escreva um valor em reais acima de zero, como 49,90.',
  badName: 'Use no nome letras, números, ponto, hífen e sublinhado, sem espaços.',
  close: 'Encerrar a regra',
}

const en: ReconciliationWords = {
  title: 'Bank reconciliation',
  told: 'Lines of the statement that are about no invoice and no payout of ours. What left stops payouts until two people have looked at it or an approved rule covers it. What came is only listed.',
  open: 'Open',
  noneOpen: 'No line is open.',
  decided: 'Looked at or covered',
  noneDecided: 'None yet.',
  heads: {
    line: 'Line',
    at: 'When',
    state: 'State',
    amount: 'Amount',
    description: 'Description',
    source: 'Source',
    why: 'Reason',
  },
  states: { open: 'open', opening: 'older than the books', ruled: 'covered by a rule', accepted: 'accepted' },
  accept: {
    title: 'Accept the line',
    told: 'Another person has to approve it. Say what this money was.',
    go: 'Propose',
  },
  suspense: {
    title: 'To be identified',
    told: 'What moved at the bank under a tag of ours and these books do not know, as after a restore. It waits apart until the bank explains it or two people say what it is.',
    none: 'Nothing waits to be identified.',
    abouts: { invoice: 'Invoice', payout: 'Transfer', other: 'Movement' },
    atBank: 'At the bank',
    bears: 'Tag',
    act: 'What to do',
    ofPayout: 'See the payout',
    close: 'Book as not ours',
    closeTold:
      'Another person has to approve it, and the bank is asked once more before. In the books the money is not ours any more. Say what it was.',
    go: 'Propose',
  },
  rules: 'Rules',
  noRules: 'No rule yet.',
  ruleHeads: {
    name: 'Rule',
    state: 'State',
    when: 'When it holds',
    most: 'Most of one line',
    inAll: 'Most in the period',
    by: 'Proposed and approved by',
  },
  ruleStates: { active: 'active', closed: 'closed' },
  when: ({ direction, field, match }) =>
    `${direction}, ${field} ${match === 'equals' ? 'is' : 'begins with'}`,
  periods: { day: 'a day', month: 'a month' },
  add: {
    title: 'Make a rule',
    told: 'For what comes again, such as the bank’s monthly fee. The text is compared letter by letter. Another person has to approve it.',
    name: 'Name',
    direction: 'Direction',
    field: 'What is compared',
    match: 'How',
    text: 'Text',
    most: 'Most of one line (R$)',
    period: 'Period',
    inAll: 'Most in the period (R$)',
    go: 'Propose the rule',
  },
  directions: { out: 'out', in: 'in' },
  fields: { description: 'description', source: 'source' },
  matches: { equals: 'equals', starts: 'begins with' },
  badAmount: 'Write an amount in reais above zero, such as 49.90.',
  badName: 'Use letters, digits, points, hyphens and underscores in the name, and no spaces.',
  close: 'Close the rule',
}

export const reconciliationWords: Both<ReconciliationWords> = { 'pt-BR': pt, en }
