/**
 * The words of proposals: the page's own, and one table that says what each proposed act, each of its details
 * and each of their values is called.
 */
import type { ProposalRow } from '../../../ledger/ledger.ts'
import { parseUnits, type Asset } from '../../../base/money.ts'
import { shownNowhere } from '../../../payout/payout.ts'
import { amount, moment, type Both, type Language } from '../../page/page.ts'

/**
 * By the names in `jobs/proposals.ts` and what those acts keep; what is not here is shown as it was written
 * down.
 */
interface ActWords {
  acts: Readonly<Record<string, string>>
  details: Readonly<Record<string, string>>
  /** By detail, then by what it says. */
  values: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** What it is about, where that is no id of ours. */
  subjects: Readonly<Record<string, string>>
}

interface ProposalWords extends ActWords {
  title: string
  one: string
  told: string
  open: string
  decided: string
  noneOpen: string
  noneDecided: string
  yours(count: number): string
  act: string
  about: string
  what: string
  by: string
  why: string
  made: string
  id: string
  state: string
  decidedBy: string
  decidedWhy: string
  decidedAt: string
  history: string
  heads: { at: string; from: string; to: string; why: string }
  states: Record<ProposalRow['state'], string>
  approve: {
    title: string
    told: string
    go: string
    done: string
    own(by: string): string
    others: string
    changed: string
    cannot: string
  }
  refuse: { title: string; told: string; go: string; done: string }
  withdraw: { title: string; told: string; go: string; done: string }
  already(state: string, by: string): string
}

const rolesPt = { viewer: 'consulta', maker: 'operação', checker: 'aprovação', admin: 'administração' }

const pt: ProposalWords = {
  title: 'Propostas',
  one: 'Proposta',
  told: 'O que uma pessoa propõe e outra aprova. Só é feito com a aprovação, exatamente como foi proposto.',
  open: 'Em aberto',
  decided: 'Decididas',
  noneOpen: 'Nenhuma proposta em aberto.',
  noneDecided: 'Nenhuma proposta decidida ainda.',
  yours: count =>
    count === 1 ? '1 proposta espera a sua aprovação.' : `${count} propostas esperam a sua aprovação.`,
  act: 'Ato',
  about: 'Sobre',
  what: 'O que será feito',
  by: 'Proposta por',
  why: 'Motivo',
  made: 'Proposta em',
  id: 'Identificador',
  state: 'Estado',
  decidedBy: 'Decidida por',
  decidedWhy: 'Motivo da decisão',
  decidedAt: 'Decidida em',
  history: 'Histórico',
  heads: { at: 'Quando', from: 'De', to: 'Para', why: 'Motivo' },
  states: { open: 'em aberto', approved: 'aprovada e feita', refused: 'recusada', withdrawn: 'retirada' },
  approve: {
    title: 'Aprovar',
    told: 'Você aprova exatamente o que está acima, e é feito na hora.',
    go: 'Aprovar e fazer',
    done: 'A proposta foi aprovada e feita.',
    own: by => `${by} fez esta proposta, então outra pessoa precisa aprová-la.`,
    others:
      'Espera a aprovação de quem tem o papel de aprovação (ou, sobre pessoas, também o de administração).',
    changed: 'A proposta não é mais a que você viu. Confira abaixo como ela está agora.',
    cannot: 'Isto não pode mais ser feito, e nada foi aprovado:',
  },
  refuse: {
    title: 'Recusar',
    told: 'Nada é feito, e a proposta termina.',
    go: 'Recusar a proposta',
    done: 'A proposta foi recusada. Nada foi feito.',
  },
  withdraw: {
    title: 'Retirar',
    told: 'Nada é feito, e a sua proposta termina.',
    go: 'Retirar a proposta',
    done: 'A proposta foi retirada. Nada foi feito.',
  },
  already: (state, by) => `Esta proposta já foi decidida por ${by}: ${state}.`,
  acts: {
    'account.debt': 'encerrar o que um favorecido deve ou tem a receber de volta',
    'account.terms': 'mudar a compensação de uma conta de repasse',
    'invoice.refund': 'estornar uma cobrança ao pagador',
    'invoice.reversal': 'dizer como terminou um estorno',
    'invoice.not-received': 'desfazer um recebimento em espécie',
    'line.accept': 'aceitar uma linha do extrato que não é nossa',
    'rule.add': 'criar uma regra para linhas que não são nossas',
    'limits.set': 'mudar os limites de repasse',
    'payout.approve': 'repassar além dos limites',
    'bitcoin.refund': 'devolver um pagamento em bitcoin',
    'bitcoin.refund-made': 'registrar uma devolução feita por fora',
    'payout.adjudicate': 'dizer o que é uma transferência',
    'payout.redirect': 'repassar a outra conta do mesmo favorecido',
    'suspense.close': 'dar como de terceiros um valor a identificar',
    'user.add': 'dar acesso a uma pessoa',
    'user.role': 'mudar o papel de uma pessoa',
    'user.reset': 'esquecer a senha e o autenticador de uma pessoa',
    'account.clear': 'encerrar uma objeção a uma conta de repasse',
    'limits.clear': 'encerrar uma objeção a limites de repasse',
    'user.clear': 'encerrar uma objeção a uma pessoa',
  },
  details: {
    account: 'conta',
    ...{ name: 'nome', role: 'papel', fromRole: 'papel hoje', language: 'idioma', email: 'e-mail' },
    ...{ objection: 'identificador da objeção', objectedBy: 'objeção de', because: 'motivo da objeção' },
    recover: 'compensação',
    as: 'como termina',
    description: 'descrição',
    at: 'data',
    direction: 'sentido',
    field: 'campo comparado',
    match: 'comparação',
    text: 'texto',
    mostUnits: 'máximo por linha',
    period: 'período',
    periodUnits: 'máximo no período',
    amount: 'valor',
    ...{ receipt: 'recebimento', receivedBy: 'recebido por' },
    left: 'restava da cobrança',
    returned: 'voltou ao todo',
    before: 'tinha voltado antes',
    satoshis: 'satoshis',
    to: 'para o endereço',
    transaction: 'transação',
    transfer: 'transferência',
    verdict: 'o que é',
    shown: 'o que o banco mostra',
    status: 'estado no banco',
    paidTo: 'conta que recebeu',
    fromAccount: 'da conta',
    toAccount: 'para a conta',
    accountId: 'identificador da conta',
    place: 'onde fica a conta',
    bears: 'identificação que leva',
    perPayout: 'limite por repasse',
    perHour: 'limite por hora',
    perDay: 'limite por dia',
    perPayoutNow: 'limite por repasse hoje',
    perHourNow: 'limite por hora hoje',
    perDayNow: 'limite por dia hoje',
  },
  values: {
    ...{ role: rolesPt, fromRole: rolesPt, language: { 'pt-BR': 'português', en: 'inglês' } },
    recover: { never: 'nunca', 'next-payouts': 'nos próximos repasses' },
    as: { paid: 'paga por outro meio', forgiven: 'perdoada', returned: 'devolvida por outro meio' },
    verdict: { ours: 'é nossa: pagou este repasse', 'not-ours': 'não é nossa' },
    shown: {
      [shownNowhere]: 'nada: nem transferência com este identificador ou esta chave, nem linha do extrato',
    },
    status: {
      ...{ created: 'criada', processing: 'em processamento', success: 'concluída', failed: 'não feita' },
      ...{ canceled: 'cancelada', unknown: 'desconhecido' },
    },
    direction: { in: 'entrada', out: 'saída' },
    field: { description: 'descrição', source: 'origem' },
    match: { equals: 'igual a', starts: 'começa com' },
    period: { day: 'dia', month: 'mês' },
    ...Object.fromEntries(
      ['perPayout', 'perHour', 'perDay', 'perPayoutNow', 'perHourNow', 'perDayNow'].map(name => [
        name,
        { none: 'sem limite' },
      ]),
    ),
  },
  subjects: {
    'installation BRL': 'toda a instalação, em reais',
    'installation BTC': 'toda a instalação, em bitcoin',
  },
}

const en: ProposalWords = {
  title: 'Proposals',
  one: 'Proposal',
  told: 'What one person proposes and another approves. It is done only once approved, exactly as it was proposed.',
  open: 'Open',
  decided: 'Decided',
  noneOpen: 'No proposal is open.',
  noneDecided: 'No proposal was decided yet.',
  yours: count =>
    count === 1 ? '1 proposal awaits your approval.' : `${count} proposals await your approval.`,
  act: 'Act',
  about: 'About',
  what: 'What will be done',
  by: 'Proposed by',
  why: 'Reason',
  made: 'Proposed',
  id: 'Id',
  state: 'State',
  decidedBy: 'Decided by',
  decidedWhy: 'Reason of the decision',
  decidedAt: 'Decided',
  history: 'History',
  heads: { at: 'When', from: 'From', to: 'To', why: 'Reason' },
  states: { open: 'open', approved: 'approved and done', refused: 'refused', withdrawn: 'withdrawn' },
  approve: {
    title: 'Approve',
    told: 'You approve exactly what is shown above, and it is done at once.',
    go: 'Approve and do it',
    done: 'The proposal is approved and done.',
    own: by => `${by} made this proposal, so someone else has to approve it.`,
    others: 'It awaits the approval of somebody with the role checker (or, about people, admin).',
    changed: 'The proposal is not the one you were shown any more. Look again at how it is now.',
    cannot: 'This cannot be done any more, and nothing was approved:',
  },
  refuse: {
    title: 'Refuse',
    told: 'Nothing is done, and the proposal ends.',
    go: 'Refuse the proposal',
    done: 'The proposal is refused. Nothing was done.',
  },
  withdraw: {
    title: 'Withdraw',
    told: 'Nothing is done, and your proposal ends.',
    go: 'Withdraw the proposal',
    done: 'The proposal is withdrawn. Nothing was done.',
  },
  already: (state, by) => `This proposal was decided by ${by} already: ${state}.`,
  acts: {
    'account.debt': 'settle what a payee owes or is owed back',
    'account.terms': 'change whether a payee’s debt is set off',
    'invoice.refund': 'refund an invoice to its payer',
    'invoice.reversal': 'say how a reversal ended',
    'invoice.not-received': 'take back a receipt in cash',
    'line.accept': 'accept a statement line that is not ours',
    'rule.add': 'add a rule for statement lines that are not ours',
    'limits.set': 'change the limits of payouts',
    'payout.approve': 'pay beyond the limits',
    'bitcoin.refund': 'refund a payment in bitcoin',
    'bitcoin.refund-made': 'record a refund made by hand',
    'payout.adjudicate': 'say what a transfer is',
    'payout.redirect': 'pay to another account of the same payee',
    'suspense.close': 'book unidentified money as not ours',
    'user.add': 'give a person access',
    'user.role': 'give a person another role',
    'user.reset': 'reset a person’s password and authenticator',
    'account.clear': 'clear an objection to a payout account',
    'limits.clear': 'clear an objection to limits of payouts',
    'user.clear': 'clear an objection to a person',
  },
  details: {
    account: 'account',
    ...{ name: 'name', role: 'role', fromRole: 'role now', language: 'language', email: 'e-mail' },
    ...{ objection: 'id of the objection', objectedBy: 'objection by', because: 'reason of the objection' },
    recover: 'set off',
    as: 'how it ends',
    description: 'description',
    at: 'date',
    direction: 'direction',
    field: 'what is compared',
    match: 'how',
    text: 'text',
    mostUnits: 'most of one line',
    period: 'period',
    periodUnits: 'most in the period',
    amount: 'amount',
    ...{ receipt: 'receipt', receivedBy: 'received by' },
    left: 'was left of the invoice',
    returned: 'went back in all',
    before: 'had gone back before',
    satoshis: 'satoshis',
    to: 'to the address',
    transaction: 'transaction',
    transfer: 'transfer',
    verdict: 'what it is',
    shown: 'what the bank shows',
    status: 'state at the bank',
    paidTo: 'account it went to',
    fromAccount: 'from account',
    toAccount: 'to account',
    accountId: 'account id',
    place: 'where the account is',
    bears: 'tag it bears',
    perPayout: 'limit per payout',
    perHour: 'limit per hour',
    perDay: 'limit per day',
    perPayoutNow: 'limit per payout now',
    perHourNow: 'limit per hour now',
    perDayNow: 'limit per day now',
  },
  values: {
    language: { 'pt-BR': 'Portuguese', en: 'English' },
    recover: { never: 'never', 'next-payouts': 'against the next payouts' },
    as: { paid: 'paid by other means', forgiven: 'forgiven', returned: 'returned by other means' },
    verdict: { ours: 'ours: it paid this payout', 'not-ours': 'not ours' },
    shown: { [shownNowhere]: 'nothing: no transfer of its id or its key, and no line of the statement' },
    status: {
      ...{ created: 'created', processing: 'processing', success: 'succeeded', failed: 'failed' },
      ...{ canceled: 'canceled', unknown: 'unknown' },
    },
    direction: { in: 'in', out: 'out' },
    field: { description: 'description', source: 'source' },
    match: { equals: 'equals', starts: 'begins with' },
    period: { day: 'day', month: 'month' },
    ...Object.fromEntries(
      ['perPayout', 'perHour', 'perDay', 'perPayoutNow', 'perHourNow', 'perDayNow'].map(name => [
        name,
        { none: 'no limit' },
      ]),
    ),
  },
  subjects: {
    'installation BRL': 'the whole installation, in reais',
    'installation BTC': 'the whole installation, in bitcoin',
  },
}

export const proposalWords: Both<ProposalWords> = { 'pt-BR': pt, en }

const wordOf = (words: Readonly<Record<string, string>> | undefined, name: string): string =>
  words !== undefined && Object.hasOwn(words, name) ? words[name]! : name

/** What a proposed act is called on a page. */
export const proposedAct = (lang: Language, act: string): string => wordOf(proposalWords[lang].acts, act)

/** What it is about, where that is no id of ours. */
export const proposedSubject = (lang: Language, subject: string): string =>
  wordOf(proposalWords[lang].subjects, subject)

/** Those that are amounts. */
const amounts = new Set([
  ...['amount', 'left', 'returned', 'before'],
  ...['perPayout', 'perHour', 'perDay', 'perPayoutNow', 'perHourNow', 'perDayNow'],
])
/** What is kept for the program beside the same amount for people: the program's own is shown. */
const doubled: Readonly<Record<string, string>> = { most: 'mostUnits', mostInPeriod: 'periodUnits' }
/** Amounts that are kept as cents. */
const cents = new Set(Object.values(doubled))

/** What an act keeps of itself, as name and value. */
export function proposedDetail(
  lang: Language,
  detail: Readonly<Record<string, string>>,
): [name: string, value: string][] {
  const { details, values } = proposalWords[lang]
  const asset: Asset = detail['asset'] === 'BTC' ? 'BTC' : 'BRL'
  const said = (name: string, value: string): string => {
    if (name === 'at' && /^\d{4}-.*Z$/.test(value)) return moment(lang, value)
    if (cents.has(name)) return amount(lang, BigInt(value), 'BRL')
    return (
      (amounts.has(name) && written(lang, value, asset)) ||
      wordOf(Object.hasOwn(values, name) ? values[name] : undefined, value)
    )
  }
  const isSaid = detail['asset'] !== undefined && Object.keys(detail).some(name => amounts.has(name))
  return Object.entries(detail)
    .filter(
      ([name]) =>
        !(isSaid && name === 'asset') &&
        !(Object.hasOwn(doubled, name) && detail[doubled[name]!] !== undefined),
    )
    .map(([name, value]) => [wordOf(details, name), said(name, value)])
}

/**
 * An amount that an act wrote down (`60.00`, `-R$ 60.00`, `0.00012345 BTC`) as the page writes amounts;
 * undefined where it is none.
 */
function written(lang: Language, value: string, asset: Asset): string | undefined {
  const [, sign, reais, digits, bitcoin] = /^(-?)(R\$ )?([\d.]+)( BTC)?$/.exec(value) ?? []
  const of: Asset = reais ? 'BRL' : bitcoin ? 'BTC' : asset
  const units = digits === undefined ? undefined : parseUnits(digits, of)
  return units === undefined ? undefined : amount(lang, sign === '-' ? -units : units, of)
}
