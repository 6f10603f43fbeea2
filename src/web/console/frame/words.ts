/**
 * The words of the console's frame: its navigation, roles, the switch that stops payouts, and what every list
 * and form says.
 */
import type { Stop } from '../../../payout/payout.ts'
import type { Role } from '../../../people/people.ts'
import type { Both } from '../../page/page.ts'

const pt = {
  skip: 'Ir para o conteúdo',
  console: 'Console',
  nav: 'Páginas do console',
  pages: {
    overview: 'Visão geral',
    schedules: 'Agendamentos',
    accounts: 'Contas de repasse',
    products: 'Produtos',
    invoices: 'Cobranças',
    payouts: 'Repasses',
    proposals: 'Propostas',
    events: 'Eventos',
    runs: 'Execuções',
    bitcoin: 'Bitcoin',
    audit: 'Auditoria',
    people: 'Pessoas',
  },
  me: 'Minha conta',
  signOut: 'Sair',
  otherLanguage: 'English',
  roles: {
    viewer: 'consulta',
    maker: 'operação',
    checker: 'aprovação',
    admin: 'administração',
  } satisfies Record<Role, string>,
  stopped: 'Repasses parados',
  /** Of what stops them besides a person. */
  stops: {
    books: 'Os livros não fecham.',
    bank: 'O banco não confere com os livros: saiu dinheiro sem ordem nossa, ou o saldo é outro.',
    chain: 'As moedas na rede não conferem com os livros.',
  } satisfies Record<Exclude<Stop['code'], 'hold'>, string>,
  stop: 'Parar todos os repasses',
  seeWhy: 'Ver os motivos',
  reason: 'Motivo',
  reasonHint: 'Fica no registro de auditoria.',
  reasonMissing: 'Diga o motivo.',
  codeLabel: 'Código do autenticador',
  codeHint: 'Pedido para o que move dinheiro ou dá acesso; vale cinco minutos.',
  code: {
    refused: 'O código do autenticador não confere ou já foi usado. Volte, espere o próximo e tente de novo.',
    throttled: 'Muitos códigos errados. Espere alguns minutos e tente de novo.',
  },
  filter: 'Filtrar',
  all: 'todos',
  nextPage: 'Próximos',
  firstPage: 'Do início',
  nothing: 'Nada aqui com estes filtros.',
  faults: 'Confira o que foi preenchido',
}

const en: typeof pt = {
  skip: 'Skip to the content',
  console: 'Console',
  nav: 'Pages of the console',
  pages: {
    overview: 'Overview',
    schedules: 'Schedules',
    accounts: 'Payout accounts',
    products: 'Products',
    invoices: 'Invoices',
    payouts: 'Payouts',
    proposals: 'Proposals',
    events: 'Events',
    runs: 'Runs',
    bitcoin: 'Bitcoin',
    audit: 'Audit log',
    people: 'People',
  },
  me: 'My account',
  signOut: 'Sign out',
  otherLanguage: 'Português',
  roles: { viewer: 'viewer', maker: 'maker', checker: 'checker', admin: 'admin' },
  stopped: 'Payouts are stopped',
  stops: {
    books: 'The books do not add up.',
    bank: 'The bank does not agree with the books: money left by no order of ours, or the balance differs.',
    chain: 'The coins on the chain do not agree with the books.',
  },
  stop: 'Stop all payouts',
  seeWhy: 'See the reasons',
  reason: 'Reason',
  reasonHint: 'Is kept in the audit log.',
  reasonMissing: 'Say the reason.',
  codeLabel: 'Code of your authenticator',
  codeHint: 'Asked for what moves money or gives access; good for five minutes.',
  code: {
    refused:
      'The code of your authenticator is wrong, or was used already. Go back, wait for the next one, and try again.',
    throttled: 'Too many wrong codes. Wait some minutes and try again.',
  },
  filter: 'Filter',
  all: 'all',
  nextPage: 'Next',
  firstPage: 'From the start',
  nothing: 'Nothing here with these filters.',
  faults: 'Look again at what was filled in',
}

export const frameWords: Both<typeof pt> = { 'pt-BR': pt, en }
