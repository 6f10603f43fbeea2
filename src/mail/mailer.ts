/** The mailer: hands one letter to an SMTP server, and says in ours words what it answered. */
import type { Transporter } from 'nodemailer'
import { done, refused, unsure, type Answer } from '../base/answer.ts'
import { isAddress, type Sender } from '../base/mailAddress.ts'
import type { Clock } from '../base/world.ts'

export interface Mail {
  /** Ours: the Message-ID is made of it, so that a letter that is sent again is the same letter. */
  id: string
  /** An address alone; who it is stands nowhere. */
  to: string
  language: string
  subject: string
  text: string
  html: string
}

export interface Mailer {
  /**
   * `done` with what the server said: it has taken the letter on. `refused` for good, or to be tried again.
   */
  send(letter: Mail): Promise<Answer<string>>
}

export interface MailSettings {
  /**
   * `smtp://user:password@host:port`, with STARTTLS where the server has it and always before a password;
   * `smtps://` for TLS from the start.
   */
  url: string
  from: Sender
  clock: Clock
}

const patienceMs = 20_000

export function connectMail({ url, from, clock }: MailSettings): Mailer {
  const { protocol, hostname, port, username, password } = new URL(url)
  const secure = protocol === 'smtps:'
  const isHere = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
  const options = {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    ...(username !== '' && {
      auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) },
    }),
    requireTLS: !secure && username !== '' && !isHere,
    connectionTimeout: patienceMs,
    greetingTimeout: patienceMs,
    socketTimeout: patienceMs,
    // A letter is made of what we hand in, and of no file or address.
    disableFileAccess: true,
    disableUrlAccess: true,
  }
  let transport: Transporter | undefined
  const domain = from.address.slice(from.address.indexOf('@') + 1)
  const hidden = secretsOf(options.auth)

  return {
    async send({ id, to, language, subject, text, html }) {
      if (!isAddress(to)) return refused('its address is none')
      // Most processes that could write never do, so what writes is loaded with the first letter.
      transport ??= (await import('nodemailer')).default.createTransport(options)
      try {
        const { response } = (await transport.sendMail({
          from,
          to: { name: '', address: to },
          subject: subject.replace(/\p{Cc}+/gu, ' '),
          text,
          html,
          messageId: `<${id}@${domain}>`,
          date: new Date(clock.now()),
          headers: { 'Auto-Submitted': 'auto-generated', 'Content-Language': language },
        })) as { response: string }
        return done(response)
      } catch (error) {
        return judged(error as SmtpError, to, hidden)
      }
    },
  }
}

/** What nodemailer throws: the server's own number and words where it answered. */
interface SmtpError extends Error {
  code?: string
  responseCode?: number
  response?: string
  command?: string
  syscall?: string
}

/**
 * The password as it is, and as AUTH PLAIN and LOGIN send it (RFC 4616): a server that does not know the
 * command repeats its line.
 */
function secretsOf(auth: { user: string; pass: string } | undefined): string[] {
  if (auth === undefined || auth.pass === '') return []
  const { user, pass } = auth
  const inBase64 = [`\0${user}\0${pass}`, pass].map(text => Buffer.from(text).toString('base64'))
  return [...inBase64, pass]
}

/**
 * What is said is kept in a history that nothing is taken out of, so it names neither whom the letter was to
 * nor our password.
 */
function judged(
  { code, responseCode, response, command, syscall, message }: SmtpError,
  to: string,
  hidden: readonly string[],
): Answer<never> {
  const told = (response ?? message ?? 'an unknown surprise').replaceAll(to, 'the address')
  const said = hidden.reduce((text, secret) => text.replaceAll(secret, '…'), told)
  const why = said.replace(/\p{Cc}+/gu, ' ').slice(0, 300)
  // A wrong password or a server that wants another sender is mended by a person, and then the letter still
  // goes.
  const isOfLetter = command !== undefined && /^(RCPT TO|DATA)/i.test(command)
  if (responseCode !== undefined && responseCode >= 500 && isOfLetter) return refused(why)
  const neverBegan = syscall === 'connect' || ['EAUTH', 'ETLS', 'EDNS'].includes(code ?? '')
  if (responseCode !== undefined || neverBegan) return refused(why, true)
  // The line went dead: it may have been taken on. Sent again it bears the same Message-ID.
  return unsure(why)
}
