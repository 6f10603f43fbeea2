/** The words of the ledger: its accounts and each movement of the chart. */
import type { Account, MovementName } from '../../../ledger/ledger.ts'
import type { Both } from '../../page/page.ts'

interface LedgerWords {
  title: string
  transaction: string
  source: string
  at: string
  lines: string
  account: string
  amount: string
  line: string
  invoice: string
  zero: string
  accounts: Record<Account, string>
  movements: Record<MovementName, string>
}

const pt: LedgerWords = {
  title: 'Lançamento',
  transaction: 'Transação',
  source: 'De quê',
  at: 'Lançado em',
  lines: 'As duas partidas',
  account: 'Conta',
  amount: 'Valor',
  line: 'Linha',
  invoice: 'Cobrança',
  zero: 'As partidas somam zero: o que sai de uma conta entra na outra.',
  accounts: {
    bank: 'em caixa',
    payable: 'a repassar',
    'in-transit': 'em trânsito',
    commission: 'comissão',
    'transfer-fee': 'custo de transferências',
    'owed-to-payers': 'a estornar a pagadores',
    'bank-fee': 'tarifas bancárias por nossa conta',
    external: 'de terceiros',
    suspense: 'a identificar',
    pending: 'pendente na rede',
  },
  movements: {
    'invoice credited': 'cobrança creditada',
    'bank fee': 'tarifa do banco',
    commission: 'comissão',
    'transfer fee withheld': 'tarifa de transferência retida',
    'commission returned': 'comissão devolvida',
    'transfer fee returned': 'tarifa retida devolvida',
    'payout ordered': 'repasse ordenado',
    'payout returned': 'repasse devolvido',
    'payout settled': 'repasse liquidado',
    'transfer fee': 'tarifa da transferência',
    'transfer fee refunded': 'tarifa da transferência devolvida',
    'payout refunded': 'repasse estornado',
    'payout paid elsewhere': 'repasse pago por fora',
    'invoice reversed': 'cobrança estornada',
    'duplicate credited': 'cobrança duplicada creditada',
    'duplicate fee': 'tarifa da cobrança duplicada',
    'duplicate refunded': 'cobrança duplicada estornada',
    'duplicate refund undone': 'estorno de cobrança duplicada desfeito',
    'duplicate kept': 'cobrança duplicada resolvida por fora',
    'duplicate reopened': 'cobrança duplicada reaberta',
    'external in': 'entrada de terceiros',
    'external out': 'saída de terceiros',
    'suspense in': 'entrada a identificar',
    'suspense out': 'saída a identificar',
    'suspense in cleared': 'entrada identificada',
    'suspense out cleared': 'saída identificada',
    'coin received': 'moeda recebida',
    'coin orphaned': 'moeda órfã',
    'payment credited': 'pagamento creditado',
    'payment uncredited': 'crédito desfeito',
    'payout mined': 'repasse em bloco',
    'payout unmined': 'repasse fora de bloco',
    'network fee': 'taxa da rede',
    'network fee returned': 'taxa da rede devolvida',
    'fee bump': 'aumento da taxa',
    'fee bump returned': 'aumento da taxa devolvido',
    'dust given up': 'troco ínfimo cedido',
    'dust returned': 'troco ínfimo devolvido',
  },
}

const en: LedgerWords = {
  title: 'Posting',
  transaction: 'Transaction',
  source: 'Of what',
  at: 'Posted',
  lines: 'Both lines',
  account: 'Account',
  amount: 'Amount',
  line: 'Line',
  invoice: 'Invoice',
  zero: 'The lines sum to zero: what leaves one account goes to the other.',
  accounts: {
    bank: 'in hand',
    payable: 'owed to payees',
    'in-transit': 'in transit',
    commission: 'commission',
    'transfer-fee': 'cost of transfers',
    'owed-to-payers': 'owed to payers',
    'bank-fee': 'bank fees we bear',
    external: 'not ours',
    suspense: 'to be identified',
    pending: 'pending on the chain',
  },
  movements: {
    'invoice credited': 'invoice credited',
    'bank fee': 'bank fee',
    commission: 'commission',
    'transfer fee withheld': 'transfer fee withheld',
    'commission returned': 'commission returned',
    'transfer fee returned': 'transfer fee returned',
    'payout ordered': 'payout ordered',
    'payout returned': 'payout returned',
    'payout settled': 'payout settled',
    'transfer fee': 'transfer fee',
    'transfer fee refunded': 'transfer fee refunded',
    'payout refunded': 'payout refunded',
    'payout paid elsewhere': 'payout paid elsewhere',
    'invoice reversed': 'invoice reversed',
    'duplicate credited': 'duplicate credited',
    'duplicate fee': 'duplicate fee',
    'duplicate refunded': 'duplicate refunded',
    'duplicate refund undone': 'refund of a duplicate undone',
    'duplicate kept': 'duplicate kept',
    'duplicate reopened': 'duplicate reopened',
    'external in': 'external in',
    'external out': 'external out',
    'suspense in': 'came in, to be identified',
    'suspense out': 'went out, to be identified',
    'suspense in cleared': 'what came in is identified',
    'suspense out cleared': 'what went out is identified',
    'coin received': 'coin received',
    'coin orphaned': 'coin orphaned',
    'payment credited': 'payment credited',
    'payment uncredited': 'payment uncredited',
    'payout mined': 'payout mined',
    'payout unmined': 'payout unmined',
    'network fee': 'network fee',
    'network fee returned': 'network fee returned',
    'fee bump': 'fee bump',
    'fee bump returned': 'fee bump returned',
    'dust given up': 'dust given up',
    'dust returned': 'dust returned',
  },
}

export const ledgerWords: Both<LedgerWords> = { 'pt-BR': pt, en }
