/** A mail server that keeps what it takes, and refuses as it is told. */
import type { Socket } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { freePort } from '../../sim/port.ts'

export interface Taken {
  from: string
  to: string[]
  /** Headers and body as they came. */
  raw: string
  user: string | undefined
}

export interface SmtpSink {
  port: number
  taken: Taken[]
  /** How many connections were opened. */
  visits(): number
  /** What is said next at a step, once: a code and words, or `drop` for a line that goes dead. */
  refuse(step: 'RCPT' | 'DATA' | 'AUTH', code: number | 'drop', words?: string): void
  close(): Promise<void>
}

export async function startSmtpSink({
  user,
  password,
}: { user?: string; password?: string } = {}): Promise<SmtpSink> {
  const taken: Taken[] = []
  const refusals: { step: string; code: number | 'drop'; words: string }[] = []
  let visits = 0
  const refusal = (step: string): (Error & { responseCode?: number }) | undefined | 'drop' => {
    const place = refusals.findIndex(each => each.step === step)
    if (place < 0) return undefined
    const [{ code, words }] = refusals.splice(place, 1) as [(typeof refusals)[number]]
    return code === 'drop' ? 'drop' : Object.assign(new Error(words), { responseCode: code })
  }
  const server = new SMTPServer({
    disabledCommands: user === undefined ? ['AUTH', 'STARTTLS'] : ['STARTTLS'],
    allowInsecureAuth: true,
    authOptional: user === undefined,
    closeTimeout: 100,
    onConnect(_session, done) {
      visits++
      done()
    },
    onAuth(auth, _session, done) {
      const wrong = refusal('AUTH')
      if (wrong && wrong !== 'drop') return done(wrong)
      if (auth.username !== user || auth.password !== password)
        return done(new Error('that is another password'))
      done(null, { user: auth.username })
    },
    onRcptTo(_address, _session, done) {
      const wrong = refusal('RCPT')
      done(wrong === 'drop' ? undefined : wrong)
    },
    onData(stream, session, done) {
      const wrong = refusal('DATA')
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        if (wrong === 'drop') {
          for (const connection of server.connections)
            (connection as unknown as { _socket: Socket })._socket.destroy()
          return
        }
        if (wrong) return done(wrong)
        const { mailFrom, rcptTo } = session.envelope
        taken.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString('utf8'),
          user: typeof session.user === 'string' ? session.user : undefined,
        })
        done()
      })
    },
  })
  // A line that goes dead is a story here, and no reason to end.
  server.on('error', () => undefined)
  const port = await freePort()
  await new Promise<void>(resolve => void server.listen(port, '127.0.0.1', () => resolve()))
  return {
    port,
    taken,
    visits: () => visits,
    refuse: (step, code, words = 'no') => void refusals.push({ step, code, words }),
    close: () => new Promise(resolve => server.close(() => resolve())),
  }
}
