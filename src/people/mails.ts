/**
 * What is written to people of the console about one another, payout accounts and limits: what was done, by
 * whom, and where to object.
 */
import type { Asset } from '../base/money.ts'
import { escaped, type Mail } from '../mail/mail.ts'
import { accountNotices, limitNotices, type NoticeKind } from './notices.ts'
import type { Role } from './roles.ts'
import type { Language } from './row.ts'

/** One row of the outbox. */
export interface NoticeRow {
  id: string
  address: string
  language: Language
  kind: NoticeKind
  about: string
  detail: string
}

const given: readonly NoticeKind[] = [
  ...([
    'added',
    'role',
    'reset',
    'key',
    'account added',
    'account approved',
    'account changed',
    'limits lowered',
    'limits set',
  ] as const),
]
const ofAccounts: readonly string[] = accountNotices
const ofLimits: readonly string[] = limitNotices

/** Pure. `publicUrl`: without a slash at the end. */
export function composeNotice(
  { id, address, language, kind, about, detail }: NoticeRow,
  publicUrl: string,
): Mail {
  const say = words[language]
  const {
    role = 'viewer',
    by = '',
    approvedBy,
    why,
    ...said
  } = JSON.parse(detail) as Record<string, string | undefined>
  const name = said['name'] ?? (ofLimits.includes(kind) ? say.whole[said['asset'] as Asset] : '')
  const who = approvedBy === undefined ? by : say.and(by, approvedBy)
  const says = say.kinds[kind](name, say.roles[role as Role], who)
  const reason = why === undefined ? [] : [`${say.reason}: ${why}`]
  const url = `${publicUrl}/console/${pageOf(kind, about)}`
  const changes = changedLimits(said, say)
  const object = kind === 'opened twice' ? say.inviteAgain : given.includes(kind) ? say.object : say.see
  const html = [
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><title>Repasse</title></head>`,
    '<body style="font-family:sans-serif;line-height:1.5;max-width:36rem;margin:0 auto;padding:16px">',
    ...[says, ...changes, ...reason, object].map(text => `<p>${escaped(text)}</p>`),
    `<p><a href="${escaped(url)}">${escaped(url)}</a></p></body></html>`,
  ]
  return {
    ...{ id, to: address, language, subject: `Repasse: ${say.subjects[kind](name)}` },
    text: `${[says, ...changes, ...reason, object, url].join('\n\n')}\n`,
    html: html.join('\n'),
  }
}

const pageOf = (kind: NoticeKind, about: string): string => {
  if (ofAccounts.includes(kind)) return `accounts/${about}#objection`
  return ofLimits.includes(kind) ? `limits?of=${encodeURIComponent(about)}#objection` : `people/${about}`
}

/** One line for each limit that was changed: what it was, and what it is. */
function changedLimits(said: Readonly<Record<string, string | undefined>>, say: Words): string[] {
  const amount = (text: string | undefined) =>
    text === undefined || text === 'none' ? say.noLimit : `${say.decimal(text)} ${said['asset']}`
  const lines = (['Payout', 'Hour', 'Day'] as const).flatMap(per =>
    said[`per${per}`] === undefined
      ? []
      : [`${say.pers[per]}: ${amount(said[`per${per}Now`])} → ${amount(said[`per${per}`])}`],
  )
  return said['higherFrom'] === undefined ? lines : [...lines, say.higherFrom(said['higherFrom'])]
}

interface Words {
  /** Limits of all payouts in an asset. */
  whole: Record<Asset, string>
  pers: Record<'Payout' | 'Hour' | 'Day', string>
  noLimit: string
  /** An amount as the audit log has it, `10000.00`. */
  decimal(text: string): string
  higherFrom(at: string): string
  roles: Record<Role, string>
  and(one: string, other: string): string
  subjects: Record<NoticeKind, (name: string) => string>
  kinds: Record<NoticeKind, (name: string, role: string, who: string) => string>
  reason: string
  object: string
  see: string
  inviteAgain: string
}

/** `1234567.80` as people of a language write it: the whole part in threes. */
const grouped = (text: string, language: 'pt-BR' | 'en'): string => {
  const [whole = '', fraction = ''] = text.split('.')
  return `${new Intl.NumberFormat(language).format(BigInt(whole))}${language === 'en' ? '.' : ','}${fraction}`
}

const pt: Words = {
  whole: { BRL: 'toda a instalação, em reais', BTC: 'toda a instalação, em bitcoin' },
  pers: { Payout: 'Por repasse', Hour: 'Por hora', Day: 'Por dia' },
  noLimit: 'sem limite',
  decimal: text => grouped(text, 'pt-BR'),
  higherFrom: at =>
    `O que aumentou vale a partir de ${at.slice(0, 16).replace('T', ' ')} UTC; até lá vale o limite de antes.`,
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
    'limits lowered': name => `os limites de ${name} foram baixados`,
    'limits set': name => `os limites de ${name} mudaram`,
    'limits objected': name => `objeção aos limites de ${name}`,
    'limits cleared': name => `a objeção aos limites de ${name} foi encerrada`,
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
    objected: (name, _, who) =>
      `${who} tem uma objeção a ${name}, que não aprova nem propõe nada até que outras duas pessoas a encerrem.`,
    cleared: (name, _, who) => `A objeção a ${name} foi encerrada por ${who}.`,
    'opened twice': (name, _, who) =>
      `O convite de ${name}, feito por ${who}, foi aberto em dois navegadores. Outra pessoa pode ter visto o link, que não vale mais.`,
    'account added': (name, _, who) =>
      `A conta de repasse ${name} foi cadastrada por ${who} e espera aprovação.`,
    'account approved': (name, _, who) =>
      `A conta de repasse ${name} foi cadastrada por ${who}: repasses podem ir para lá.`,
    'account changed': (name, _, who) =>
      `Mudou se o que o favorecido da conta ${name} deve é descontado dos próximos repasses, por ${who}.`,
    'account objected': (name, _, who) =>
      `${who} tem uma objeção à conta de repasse ${name}: nada é repassado para lá até que duas pessoas a encerrem.`,
    'account cleared': (name, _, who) =>
      `A objeção à conta de repasse ${name} foi encerrada por ${who}: os repasses para lá seguem.`,
    'limits lowered': (name, _, who) => `Os limites de repasse de ${name} foram baixados por ${who}.`,
    'limits set': (name, _, who) => `Os limites de repasse de ${name} foram mudados por ${who}.`,
    'limits objected': (name, _, who) =>
      `${who} tem uma objeção aos limites de repasse de ${name}: vale o mais baixo entre antes e depois da mudança, e ninguém os aumenta até que duas pessoas a encerrem.`,
    'limits cleared': (name, _, who) =>
      `A objeção aos limites de repasse de ${name} foi encerrada por ${who}: valem os limites aprovados.`,
  },
  reason: 'Motivo',
  object: 'Se isto não deveria ter acontecido, registre uma objeção na página abaixo. Ela vale na hora.',
  see: 'Os detalhes estão na página abaixo.',
  inviteAgain: 'Confirme com a pessoa se foi ela, e faça um novo convite na página abaixo.',
}

const en: Words = {
  whole: { BRL: 'the whole installation, in reais', BTC: 'the whole installation, in bitcoin' },
  pers: { Payout: 'For one payout', Hour: 'Within an hour', Day: 'Within a day' },
  noLimit: 'no limit',
  decimal: text => grouped(text, 'en'),
  higherFrom: at =>
    `What is higher counts from ${at.slice(0, 16).replace('T', ' ')} UTC; until then the limit is as before.`,
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
    'limits lowered': name => `limits of ${name} were lowered`,
    'limits set': name => `limits of ${name} were changed`,
    'limits objected': name => `objection to limits of ${name}`,
    'limits cleared': name => `the objection to limits of ${name} is cleared`,
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
    objected: (name, _, who) =>
      `${who} objects to ${name}, who neither approves nor proposes until two others clear it.`,
    cleared: (name, _, who) => `The objection to ${name} was cleared by ${who}.`,
    'opened twice': (name, _, who) =>
      `The invitation of ${name}, made by ${who}, was opened in two browsers. Somebody else may have seen the link, which is withdrawn.`,
    'account added': (name, _, who) => `The payout account ${name} was added by ${who}, and awaits approval.`,
    'account approved': (name, _, who) =>
      `The payout account ${name} was added by ${who}: payouts may go there.`,
    'account changed': (name, _, who) =>
      `Whether what the payee of account ${name} owes is kept back from its next payouts was changed by ${who}.`,
    'account objected': (name, _, who) =>
      `${who} objects to the payout account ${name}: nothing is paid there until two people clear the objection.`,
    'account cleared': (name, _, who) =>
      `The objection to the payout account ${name} was cleared by ${who}: its payouts go on.`,
    'limits lowered': (name, _, who) => `The limits of payouts of ${name} were lowered by ${who}.`,
    'limits set': (name, _, who) => `The limits of payouts of ${name} were changed by ${who}.`,
    'limits objected': (name, _, who) =>
      `${who} objects to the limits of payouts of ${name}: the lower of before and after the change counts, and nobody raises them until two people clear the objection.`,
    'limits cleared': (name, _, who) =>
      `The objection to the limits of payouts of ${name} was cleared by ${who}: the approved limits count.`,
  },
  reason: 'Reason',
  object: 'If this should not have happened, object on the page below. It holds at once.',
  see: 'The details are on the page below.',
  inviteAgain: 'Ask that person whether it was them, and make a new invitation on the page below.',
}

const words: Record<Language, Words> = { 'pt-BR': pt, en }
