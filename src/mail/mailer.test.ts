/**
 * The mailer against a real SMTP server: what arrives, what cannot be smuggled in, and what each of the
 * server's answers means.
 */
import { afterEach, expect, test } from 'vitest'
import { startSmtpSink, type SmtpSink } from '../../test/testbed/smtpSink.ts'
import { systemClock } from '../base/clock.ts'
import { connectMail, type Mail } from './mail.ts'

let sink: SmtpSink | undefined
afterEach(() => sink?.close())

const letter: Mail = {
  id: 'mai_01kcafe',
  to: 'ana@example.com',
  language: 'pt-BR',
  subject: 'Loja: pagamento confirmado – café',
  text: 'O pagamento foi confirmado.\n.\nFim.\n',
  html: '<p>O pagamento foi confirmado.</p>',
}
const from = { name: 'Loja da Ána', address: 'loja@example.com' }
const open = async (options: Parameters<typeof startSmtpSink>[0] = {}, host = '127.0.0.1', who = '') => {
  sink = await startSmtpSink(options)
  return { sink, mailer: connectMail({ url: `smtp://${who}${host}:${sink.port}`, from, clock: systemClock }) }
}
const headersOf = (raw: string) => raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ')
const decoded = (text: string) =>
  text.replace(/\?= =\?/g, '?==?').replace(/=\?UTF-8\?(B|Q)\?(.*?)\?=/gi, (_, kind: string, body: string) =>
    kind.toUpperCase() === 'B'
      ? Buffer.from(body, 'base64').toString()
      : Buffer.from(
          body
            .replace(/_/g, ' ')
            .replace(/=([0-9A-F]{2})/gi, (__, hex: string) => String.fromCharCode(parseInt(hex, 16))),
          'latin1',
        ).toString(),
  )

test('a letter arrives as text and as HTML, says in what language it is and that a machine wrote it', async () => {
  const { sink: server, mailer } = await open()
  expect(await mailer.send(letter)).toMatchObject({ is: 'done' })
  const [{ from: sender, to, raw }] = server.taken as [SmtpSink['taken'][number]]
  expect([sender, to]).toEqual(['loja@example.com', ['ana@example.com']])
  const headers = headersOf(raw)
  expect(headers).toContain('Message-ID: <mai_01kcafe@example.com>')
  expect(headers).toContain('To: ana@example.com')
  expect(headers).toContain('Auto-Submitted: auto-generated')
  expect(headers).toContain('Content-Language: pt-BR')
  expect(decoded(headers)).toContain('Subject: Loja: pagamento confirmado – café')
  expect(decoded(headers)).toMatch(/From: "?Loja da Ána"? <loja@example\.com>/)
  expect(raw).toContain('multipart/alternative')
  expect(raw).toContain('Fim.')
  expect(raw).toContain('<p>O pagamento foi confirmado.</p>')
})

test('sent again it is the same letter', async () => {
  const { sink: server, mailer } = await open()
  await mailer.send(letter)
  await mailer.send(letter)
  expect(server.taken.map(({ raw }) => /^Message-ID: (.*)$/m.exec(raw)![1])).toEqual([
    '<mai_01kcafe@example.com>',
    '<mai_01kcafe@example.com>',
  ])
})

test('what breaks lines makes no header, and no second receiver [security injection]', async () => {
  const { sink: server, mailer } = await open()
  await mailer.send({ ...letter, subject: 'Hello\r\nBcc: eve@example.com\r\n\r\nbody', language: 'en' })
  const headers = headersOf(server.taken[0]!.raw)
  expect(headers).not.toMatch(/^Bcc:/m)
  expect(headers).toMatch(/^Subject: Hello Bcc: eve@example\.com body$/m)
  expect(server.taken[0]!.to).toEqual(['ana@example.com'])
  for (const to of [
    'ana@example.com\r\nRCPT TO:<eve@example.com>',
    'ana@example.com, eve@example.com',
    '<ana@example.com>',
    'file:///etc/passwd',
  ])
    expect(await mailer.send({ ...letter, to })).toMatchObject({ is: 'refused', again: false })
  expect(server.taken).toHaveLength(1)
})

test.each([
  ['the receiver is unknown', 'RCPT', 550, { is: 'refused', again: false }],
  ['the receiver’s box is full', 'RCPT', 452, { is: 'refused', again: true }],
  ['it is taken for spam', 'DATA', 554, { is: 'refused', again: false }],
  ['there is no room', 'DATA', 451, { is: 'refused', again: true }],
  ['the line goes dead after it was told', 'DATA', 'drop', { is: 'unsure' }],
] as const)('%s', async (_, step, code, outcome) => {
  const { sink: server, mailer } = await open()
  server.refuse(step, code, 'no\r\nway')
  const answer = await mailer.send(letter)
  expect(answer).toMatchObject(outcome)
  expect((answer as { why: string }).why).not.toMatch(/[\r\n]/)
  expect(server.taken).toHaveLength(0)
  expect(await mailer.send(letter)).toMatchObject({ is: 'done' })
})

test('a password is told where it is asked for; a wrong one, or no server at all, is tried again later', async () => {
  const { sink: server, mailer } = await open(
    { user: 'shop', password: 'p/w@1' },
    '127.0.0.1',
    'shop:p%2Fw%401@',
  )
  expect(await mailer.send(letter)).toMatchObject({ is: 'done' })
  expect(server.taken[0]!.user).toBe('shop')
  const wrong = connectMail({ url: `smtp://shop:other@127.0.0.1:${server.port}`, from, clock: systemClock })
  expect(await wrong.send(letter)).toMatchObject({ is: 'refused', again: true })
  await server.close()
  expect(await mailer.send(letter)).toMatchObject({ is: 'refused', again: true })
})

test('a password goes nowhere without TLS, except to this machine', async () => {
  const { sink: server, mailer } = await open({ user: 'shop', password: 'secret' }, '0.0.0.0', 'shop:secret@')
  expect(await mailer.send(letter)).toMatchObject({ is: 'refused', again: true })
  expect([server.visits(), server.taken.length]).toEqual([1, 0])
})
