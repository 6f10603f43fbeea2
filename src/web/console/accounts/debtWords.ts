/** The words of what a payee owes: what made it, whether it is kept back from payouts, and how it can end. */
import type { AccountProposed, DebtEnd, Recovery } from '../../../payout/payout.ts'
import type { Both } from '../../page/page.ts'

interface DebtWords {
  title: string
  owes: string
  tooMuch: string
  recover: string
  /** Before what the terms will be. */
  becomes: string
  recoveries: Record<Recovery, string>
  what: string
  invoice: string
  termsTitle: string
  termsHint: string
  terms: string
  endTitle: string
  endHint: string
  end: string
  returnTitle: string
  returnHint: string
  as: string
  ends: Record<DebtEnd, string>
  amount: string
  amountWrong: string
  another: string
  refusals: Record<Extract<AccountProposed, { is: 'impossible' }>['code'], string>
}

const pt: DebtWords = {
  title: 'Acerto com este favorecido',
  owes: 'Deve',
  tooMuch: 'Retido a mais, sai com o próximo repasse',
  recover: 'Compensação',
  becomes: 'Passa a ser',
  recoveries: { never: 'nunca é retido dos repasses', 'next-payouts': 'é retido dos próximos repasses' },
  what: 'O quê',
  invoice: 'Cobrança',
  termsTitle: 'Mudar a compensação',
  termsHint:
    'Diz se o que o favorecido deve é retido dos próximos repasses desta conta. Outra pessoa precisa aprovar.',
  terms: 'Propor a mudança',
  returnTitle: 'Dar por devolvido',
  returnHint:
    'O que foi retido a mais foi devolvido ao favorecido por outro meio. Outra pessoa precisa aprovar.',
  endTitle: 'Dar por paga ou perdoar',
  endHint: 'O favorecido pagou por outro meio, ou não precisa pagar. Outra pessoa precisa aprovar.',
  end: 'Propor',
  as: 'Como termina',
  ends: { paid: 'paga por outro meio', forgiven: 'perdoada', returned: 'devolvida por outro meio' },
  amount: 'Valor',
  amountWrong: 'Escreva um valor acima de zero, como 98,00.',
  another: 'Já há outra proposta em aberto. Decida-a primeiro.',
  refusals: {
    'not-bank': 'Contas em bitcoin não têm estorno a compensar.',
    same: 'A compensação já é esta.',
    'too-much': 'O favorecido não deve tanto.',
    'not-kept': 'Não foi retido tanto a mais.',
  },
}

const en: DebtWords = {
  title: 'Owed by or to this payee',
  owes: 'Owes',
  tooMuch: 'Kept back too much, goes out with the next payout',
  recover: 'Set off',
  becomes: 'Becomes',
  recoveries: { never: 'never kept back from payouts', 'next-payouts': 'kept back from the next payouts' },
  what: 'What',
  invoice: 'Invoice',
  termsTitle: 'Change the set-off',
  termsHint:
    'Says whether what the payee owes is kept back from the next payouts of this account. Another person has to approve it.',
  terms: 'Propose the change',
  returnTitle: 'Mark as returned',
  returnHint:
    'What was kept back too much was returned to the payee by other means. Another person has to approve it.',
  endTitle: 'Mark as paid or forgive',
  endHint: 'The payee has paid it by other means, or need not pay it. Another person has to approve it.',
  end: 'Propose',
  as: 'How it ends',
  ends: { paid: 'paid by other means', forgiven: 'forgiven', returned: 'returned by other means' },
  amount: 'Amount',
  amountWrong: 'Write an amount above zero, such as 98.00.',
  another: 'A proposal like this is open already: decide it first.',
  refusals: {
    'not-bank': 'On a chain nothing goes back, so there is nothing to set off.',
    same: 'The terms are so already.',
    'too-much': 'The payee does not owe that much.',
    'not-kept': 'Less than that was kept back too much.',
  },
}

export const debtWords: Both<DebtWords> = { 'pt-BR': pt, en }
