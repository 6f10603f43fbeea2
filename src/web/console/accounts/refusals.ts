/** Why an act on payout accounts, or on limits, was not done, in the page's words. */
import type { WordsOf } from '../../../base/refusal.ts'
import type { AccountRefusal } from '../../../payout/payout.ts'
import { amount, type Both } from '../../page/page.ts'

type Words = WordsOf<AccountRefusal>

const ptPer = { payout: 'repasse', hour: 'hora', day: 'dia' } as const

const pt: Words = {
  'account-unknown': ({ name }) => `Não há conta com o nome ${name}.`,
  'account-name-taken': () => 'Já existe uma conta com este nome. Escolha outro.',
  'account-own': ({ account }) =>
    `${account.added_by} cadastrou esta conta, então outra pessoa com o papel de aprovação precisa aprovar.`,
  'account-approved-already': ({ account }) => `${account.approved_by} já aprovou esta conta.`,
  'account-closed': () => 'A conta está encerrada e não pode ser aprovada.',
  'account-place-objected': ({ objection }) =>
    `${objection.made_by} registrou uma objeção a este destino (conta ${objection.account}). A conta só pode ser aprovada depois que duas pessoas a encerrarem.`,
  'account-changed': () =>
    'A conta mudou desde que você abriu a página, então nada foi aprovado. Confira de novo o que está acima.',
  'debt-changed': ({ owingUnits, sinceUnits }) => {
    const [owing, since] = [owingUnits, sinceUnits].map(units => amount('pt-BR', units, 'BRL'))
    const part = sinceUnits > 0n ? `, dos quais ${since} desde que isto foi proposto` : ''
    return `A conta agora deve ${owing}${part}: recuse esta proposta e faça outra.`
  },
  'proposal-unreadable': ({ says }) =>
    `A proposta diz “${says}”, que esta versão não conhece: recuse-a e faça outra.`,
  'limits-objected': ({ by }) =>
    `${by} registrou uma objeção a estes limites: ninguém os aumenta até que duas pessoas a encerrem.`,
  'limit-changed': ({ per, now, proposed }) =>
    `O limite por ${ptPer[per]} agora é ${now === 'none' ? 'nenhum' : now}, e era ${proposed === 'none' ? 'nenhum' : proposed} quando isto foi proposto: proponha de novo.`,
  'limits-never-set': () => 'Nenhum limite foi definido aqui, então não há a que objetar.',
  'no-limit-waits': () => 'Este repasse não espera por nenhum limite.',
}

const en: Words = {
  'account-unknown': ({ name }) => `There is no account called ${name}.`,
  'account-name-taken': () => 'There is an account of this name. Choose another.',
  'account-own': ({ account }) =>
    `${account.added_by} added this account, so somebody else with the role of checker has to approve it.`,
  'account-approved-already': ({ account }) => `${account.approved_by} approved this account already.`,
  'account-closed': () => 'The account is closed and cannot be approved.',
  'account-place-objected': ({ objection }) =>
    `${objection.made_by} objects to this destination (account ${objection.account}). The account can be approved once two people have cleared that.`,
  'account-changed': () =>
    'The account changed since you opened the page, so nothing was approved. Look again at what is shown above.',
  'debt-changed': ({ owingUnits, sinceUnits }) => {
    const [owing, since] = [owingUnits, sinceUnits].map(units => amount('en', units, 'BRL'))
    const part = sinceUnits > 0n ? `, ${since} of it since this was proposed` : ''
    return `The account owes ${owing} by now${part}: refuse this proposal and make another.`
  },
  'proposal-unreadable': ({ says }) =>
    `The proposal says “${says}”, which this version does not know: refuse it and make another.`,
  'limits-objected': ({ by }) =>
    `${by} objects to these limits: nobody raises them until two people have cleared that.`,
  'limit-changed': ({ per, now, proposed }) =>
    `The limit for each ${per} is ${now} now, and was ${proposed} when this was proposed: propose it again.`,
  'limits-never-set': () => 'No limit is set here, so there is nothing to object to.',
  'no-limit-waits': () => 'This payout waits for no limit.',
}

export const accountRefusals: Both<Words> = { 'pt-BR': pt, en }
