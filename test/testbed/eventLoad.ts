/**
 * A hundred signed events a second through nginx with TLS, for as long as a redeploy takes, and a bank that
 * only tells the key they are signed with.
 */
import { createServer } from 'node:http'
import { Agent, request } from 'node:https'
import { makeEvent, publicKeyPem } from '../../bench/events.ts'

export interface Load {
  /** How many were answered so far, however. */
  answered(): number
  /**
   * Sends no more, waits for the last answer, and says how it went. `refused` has a line for each that was
   * not answered with 200.
   */
  stop(): Promise<{ sent: number; refused: string[]; p99Ms: number }>
}

const everyMs = 20
const eachTime = 2
const maxOpen = 40

/**
 * Begins to send to `address`, with events from number `from` on: most over connections that are kept, every
 * tenth over one of its own.
 */
export function startLoad(address: string, from: number): Load {
  const [kept, own] = [true, false].map(
    keepAlive => new Agent({ keepAlive, maxSockets: 50, rejectUnauthorized: false }),
  )
  const refused: string[] = []
  const waits: number[] = []
  const open = new Set<Promise<void>>()
  let sent = 0
  const send = () => {
    const { body, signature } = makeEvent(from + sent)
    const agent = sent++ % 10 === 0 ? own : kept
    const startedAt = performance.now()
    const answered = new Promise<string>(resolve => {
      const headers = {
        'Digital-Signature': signature,
        'Content-Type': 'application/json',
        'Content-Length': body.length,
      }
      const ask = request(
        {
          host: address,
          path: '/webhooks/starkbank',
          method: 'POST',
          agent: agent!,
          headers,
          timeout: 60_000,
        },
        answer => answer.resume().on('end', () => resolve(String(answer.statusCode))),
      )
      ask.on('timeout', () => ask.destroy(new Error('no answer in 60 s')))
      ask.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      ask.end(body)
    }).then(what => {
      waits.push(performance.now() - startedAt)
      if (what !== '200') refused.push(`${new Date().toISOString()} ${what}`)
      open.delete(answered)
    })
    open.add(answered)
  }
  const timer = setInterval(() => {
    // A machine that cannot keep up is not asked for more: what waits here in our own queue would tell
    // nothing of the installation.
    for (let times = 0; times < eachTime && open.size < maxOpen; times++) send()
  }, everyMs)
  return {
    answered: () => waits.length,
    async stop() {
      clearInterval(timer)
      await Promise.all(open)
      kept!.destroy()
      own!.destroy()
      waits.sort((a, b) => a - b)
      return { sent, refused, p99Ms: Math.round(waits[Math.floor(waits.length * 0.99)] ?? 0) }
    },
  }
}

/** Tells the public key at `host`, as the bank does, and knows nothing else. */
export async function startKeyTeller(host: string): Promise<{ url: string; stop(): void }> {
  const server = createServer((asked, answer) => {
    asked.resume()
    const known = asked.url?.startsWith('/v2/public-key')
    answer.writeHead(known ? 200 : 404, { 'Content-Type': 'application/json' })
    answer.end(
      JSON.stringify(known ? { cursor: null, publicKeys: [{ content: publicKeyPem }] } : { errors: [] }),
    )
  })
  await new Promise<void>(resolve => server.listen(0, host, resolve))
  const { port } = server.address() as { port: number }
  return { url: `http://${host}:${port}`, stop: () => void server.close() }
}
