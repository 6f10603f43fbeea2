/** What is written to people of the console about one another and about payout accounts: what was done, by whom, and where to object. */
import { escaped, type Letter } from '../mail/mail.ts'
import { accountNotices, type NoticeKind } from './notices.ts'
import type { Role } from './roles.ts'
import type { Language } from './user.ts'

/** One row of the outbox. */
export interface NoticeRow {
  id: string
  address: string
  language: Language
  kind: NoticeKind
  about: string
  detail: string
}

const given: readonly NoticeKind[] = ['added', 'role', 'reset', 'key', 'account added', 'account approved', 'account changed']
const ofAccounts: readonly string[] = accountNotices

/** Pure. `publicUrl`: without a slash at the end. */
export function composeNotice({ id, address, language, kind, about, detail }: NoticeRow, publicUrl: string): Letter {
  const say = words[language]
  const { name = '', role = 'viewer', by = '', approvedBy, why } = JSON.parse(detail) as Record<string, string | undefined>
  const who = approvedBy === undefined ? by : say.and(by, approvedBy)
  const says = say.kinds[kind](name, say.roles[role as Role], who)
  const reason = why === undefined ? [] : [`${say.reason}: ${why}`]
  const url = ofAccounts.includes(kind) ? `${publicUrl}/console/accounts/${about}#objection` : `${publicUrl}/console/people/${about}`
  const object = kind === 'opened twice' ? say.inviteAgain : given.includes(kind) ? say.object : say.see
  const html = [
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><title>Repasse</title></head>`,
    '<body style="font-family:sans-serif;line-height:1.5;max-width:36rem;margin:0 auto;padding:16px">',
    ...[says, ...reason, object].map(text => `<p>${escaped(text)}</p>`),
    `<p><a href="${escaped(url)}">${escaped(url)}</a></p></body></html>`,
  ]
  return {
    ...{ id, to: address, language, subject: `Repasse: ${say.subjects[kind](name)}` },
    text: `${[says, ...reason, object, url].join('\n\n')}\n`,
    html: html.join('\n'),
  }
}

interface Words {
  roles: Record<Role, string>
  and(one: string, other: string): string
  subjects: Record<NoticeKind, (name: string) => string>
  kinds: Record<NoticeKind, (name: string, role: string, who: string) => string>
  reason: string
  object: string
  see: string
  inviteAgain: string
}

const pt: Words = {
  roles: { viewer: 'consulta', maker: 'operação', checker: 'aprovação', admin: 'administração' },
  and: (one, other) => `${one}, com a aprovação de ${other}`,
  subjects: {
    added: name => `${name} terá acesso`,
    role: name => `${name} mudou de papel`,
    reset: name => `${name} terá nova senha e novo autenticador`,
    locked: name => `o acesso de ${name} foi bloqueado`,
    removed: name => `o acesso de ${name} foi removido`,
    key: name => `${name} tem uma nova chave de assinatura`,
    objected: name => `objeção a ${name}`,
    cleared: name => `a objeção a ${name} foi encerrada`,
    'opened twice': name => `o convite de ${name} foi aberto em dois navegadores`,
    'account added': name => `nova conta de repasse ${name}`,
    'account approved': name => `a conta de repasse ${name} foi aprovada`,
    'account changed': name => `a conta de repasse ${name} mudou`,
    'account objected': name => `objeção à conta de repasse ${name}`,
    'account cleared': name => `a objeção à conta de repasse ${name} foi encerrada`,
  },
  kinds: {
    added: (name, role, who) => `${name} terá acesso ao console, com o papel de ${role}, por ${who}.`,
    role: (name, role, who) => `${name} passou a ter o papel de ${role}, por ${who}.`,
    reset: (name, role, who) =>
      `A senha e o autenticador de ${name}, do papel de ${role}, foram esquecidos por ${who}; um novo convite permite cadastrar outros.`,
    locked: (name, role, who) => `O acesso de ${name}, com o papel de ${role}, foi bloqueado por ${who}.`,
    removed: (name, role, who) => `O acesso de ${name}, com o papel de ${role}, foi removido por ${who}.`,
    key: (name, role, who) =>
      `Uma nova chave ou passkey assina por ${name}, com o papel de ${role}: foi registrada por ${who}. Se não foi você nem essa pessoa, encerre a chave.`,
    objected: (name, _, who) => `${who} tem uma objeção a ${name}, que não aprova nem propõe nada até que outras duas pessoas a encerrem.`,
    cleared: (name, _, who) => `A objeção a ${name} foi encerrada por ${who}.`,
    'opened twice': (name, _, who) =>
      `O convite de ${name}, feito por ${who}, foi aberto em dois navegadores. Outra pessoa pode ter visto o link, que não vale mais.`,
    'account added': (name, _, who) => `A conta de repasse ${name} foi cadastrada por ${who} e espera aprovação.`,
    'account approved': (name, _, who) => `A conta de repasse ${name} foi cadastrada por ${who}: repasses podem ir para lá.`,
    'account changed': (name, _, who) =>
      `Mudou se o que o favorecido da conta ${name} deve é descontado dos próximos repasses, por ${who}.`,
    'account objected': (name, _, who) =>
      `${who} tem uma objeção à conta de repasse ${name}: nada é repassado para lá até que duas pessoas a encerrem.`,
    'account cleared': (name, _, who) => `A objeção à conta de repasse ${name} foi encerrada por ${who}: os repasses para lá seguem.`,
  },
  reason: 'Motivo',
  object: 'Se isto não deveria ter acontecido, registre uma objeção na página abaixo. Ela vale na hora.',
  see: 'Os detalhes estão na página abaixo.',
  inviteAgain: 'Confirme com a pessoa se foi ela, e faça um novo convite na página abaixo.',
}

const en: Words = {
  roles: { viewer: 'viewer', maker: 'maker', checker: 'checker', admin: 'admin' },
  and: (one, other) => `${one}, approved by ${other}`,
  subjects: {
    added: name => `${name} is given access`,
    role: name => `${name} has another role`,
    reset: name => `${name} gets a new password and authenticator`,
    locked: name => `${name} is locked out`,
    removed: name => `${name} is removed`,
    key: name => `${name} has a new signing key`,
    objected: name => `objection to ${name}`,
    cleared: name => `the objection to ${name} is cleared`,
    'opened twice': name => `the invitation of ${name} was opened in two browsers`,
    'account added': name => `new payout account ${name}`,
    'account approved': name => `payout account ${name} was approved`,
    'account changed': name => `payout account ${name} was changed`,
    'account objected': name => `objection to payout account ${name}`,
    'account cleared': name => `the objection to payout account ${name} is cleared`,
  },
  kinds: {
    added: (name, role, who) => `${name} is given access to the console as ${role}, by ${who}.`,
    role: (name, role, who) => `${name} was made ${role}, by ${who}.`,
    reset: (name, role, who) =>
      `Password and authenticator of ${name}, who is ${role}, were reset by ${who}; a new invitation lets others be set.`,
    locked: (name, role, who) => `${name}, who is ${role}, was locked out by ${who}.`,
    removed: (name, role, who) => `${name}, who was ${role}, was removed by ${who}.`,
    key: (name, role, who) =>
      `A new key or passkey signs for ${name}, who is ${role}: it was registered by ${who}. If that was neither you nor them, retire it.`,
    objected: (name, _, who) => `${who} objects to ${name}, who neither approves nor proposes until two others clear it.`,
    cleared: (name, _, who) => `The objection to ${name} was cleared by ${who}.`,
    'opened twice': (name, _, who) =>
      `The invitation of ${name}, made by ${who}, was opened in two browsers. Somebody else may have seen the link, which is withdrawn.`,
    'account added': (name, _, who) => `The payout account ${name} was added by ${who}, and awaits approval.`,
    'account approved': (name, _, who) => `The payout account ${name} was added by ${who}: payouts may go there.`,
    'account changed': (name, _, who) =>
      `Whether what the payee of account ${name} owes is kept back from its next payouts was changed by ${who}.`,
    'account objected': (name, _, who) =>
      `${who} objects to the payout account ${name}: nothing is paid there until two people clear the objection.`,
    'account cleared': (name, _, who) => `The objection to the payout account ${name} was cleared by ${who}: its payouts go on.`,
  },
  reason: 'Reason',
  object: 'If this should not have happened, object on the page below. It holds at once.',
  see: 'The details are on the page below.',
  inviteAgain: 'Ask that person whether it was them, and make a new invitation on the page below.',
}

const words: Record<Language, Words> = { 'pt-BR': pt, en }
