/**
 * The real program as whoever runs it meets it: child processes, a port, signals, and a simulated bank in a
 * process of its own.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from './testbed/eventually.ts'
import { answers, freePort, repasse, startWorker, type Worker } from '../sim/demoWorker.ts'
import { runCli } from '../src/cli/cli.ts'
import { evidence } from './testbed/evidence.ts'
import { trialAccountFlags } from './testbed/trial.ts'

interface Push {
  body: Buffer
  signature: string
  id: string
  kind: string
  invoiceId: string
}

const folder = mkdtempSync(join(tmpdir(), 'repasse-serve-'))
const key = join(folder, 'key.pem')
/** What the bank pushed, kept here, so that the test decides when the installation hears of it. */
const pushes: Push[] = []
const workers: Worker[] = []
let mailbox: Server
let bank: ChildProcess
let settings: Record<string, string>
let url: string

beforeAll(async () => {
  mailbox = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const { event } = JSON.parse(body.toString()) as {
        event: { id: string; subscription: string; log: { type: string; invoice?: { id: string } } }
      }
      pushes.push({
        body,
        signature: String(request.headers['digital-signature']),
        id: event.id,
        kind: `${event.subscription}.${event.log.type}`,
        invoiceId: event.log.invoice?.id ?? '',
      })
      response.end()
    })
  })
  await once(mailbox.listen(0, '127.0.0.1'), 'listening')

  const program = fileURLToPath(new URL('../sim/main.ts', import.meta.url))
  const flags = [
    '--port',
    '0',
    '--write-project-key',
    key,
    '--pay-rate',
    '1',
    '--fee',
    '50',
    '--time-scale',
    '20',
  ]
  const webhook = `http://127.0.0.1:${(mailbox.address() as AddressInfo).port}/`
  bank = spawn(process.execPath, [program, ...flags, '--webhook', webhook], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface(bank.stdout!), 'line')) as [string]
  const ready = JSON.parse(line) as { url: string; workspaceId: string; projectId: string }

  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  settings = {
    DATABASE_URL: `sqlite:${join(folder, 'repasse.db')}`,
    LISTEN: `127.0.0.1:${port}`,
    STARKBANK_API_URL: ready.url,
    STARKBANK_PROJECT_ID: ready.projectId,
    STARKBANK_WORKSPACE_ID: ready.workspaceId,
    STARKBANK_PRIVATE_KEY_FILE: key,
    STARKBANK_POLL_SECONDS: '86400',
  }
})
afterAll(async () => {
  for (const worker of workers) worker.kill()
  bank?.kill('SIGKILL')
  mailbox?.close()
  await Promise.all(workers.map(({ ended }) => ended))
  rmSync(folder, { recursive: true, force: true })
})

function serve(changed: Record<string, string> = {}): { worker: Worker; lines: string[] } {
  const lines: string[] = []
  const worker = startWorker(folder, line => void lines.push(line) as undefined, { ...settings, ...changed })
  workers.push(worker)
  evidence.keep(`repasse serve, pid ${worker.pid}`, () => lines.slice(-20))
  return { worker, lines }
}

/** A command in this process, which is quicker than one more child. */
async function command<T>(...words: string[]): Promise<T> {
  let out = ''
  let said = ''
  const outlet = {
    out: async (text: string) => void (out += text),
    err: (text: string) => void (said += text),
    colours: false,
  }
  const code = await runCli(['node', 'repasse', ...words], { ...settings, LOG_LEVEL: 'silent' }, outlet)
  if (code !== 0) throw new Error(`repasse ${words.join(' ')} ended with ${code}: ${said}`)
  return (words.includes('--json') ? JSON.parse(out) : out) as T
}
const events = () => command<{ id: string; state: string }[]>('event', 'list', '--json')
const states = async (what: 'invoice' | 'payout') =>
  (await command<{ state: string }[]>(what, 'list', '--json')).map(({ state }) => state).sort()

async function post({ body, signature }: Pick<Push, 'body' | 'signature'>): Promise<number> {
  const headers = { 'Digital-Signature': signature, 'Content-Type': 'application/json' }
  const response = await fetch(`${url}/webhooks/starkbank`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers,
  })
  await response.arrayBuffer()
  return response.status
}
const pushed = (kind: string) => pushes.filter(push => push.kind === kind)

test('on a fresh database it answers, issues, takes signed events alone, and ends in order when told', async () => {
  const { worker, lines } = serve()
  expect(await answers(url, worker), worker.recent().join('\n')).toBe(true)
  const ready = await fetch(`${url}/ready`)
  expect([ready.status, ((await ready.json()) as { ready: boolean }).ready]).toEqual([200, true])

  await command('account', 'add', ...trialAccountFlags)
  await command('account', 'approve', 'main', '--by', 'checker')
  const rule = [
    '--cron',
    '0 0 1 1 *',
    '--time-zone',
    'Etc/UTC',
    '--payers',
    'random',
    '--due-in',
    '2d',
    '--pay-to',
    'main',
  ]
  await command('schedule', 'add', '--name', 'trial', ...rule, '--count', '3', '--amount', '20.00')
  await command('schedule', 'run', 'trial')
  await eventually(() => pushed('invoice.credited').length).toBe(3)

  const [first] = pushed('invoice.credited')
  expect(await post(first!)).toBe(200)
  expect(await post(first!)).toBe(200)
  expect(await post({ ...first!, body: Buffer.concat([first!.body, Buffer.from(' ')]) })).toBe(401)
  expect(await post({ ...first!, signature: 'junk' })).toBe(401)
  await eventually(() => states('invoice')).toEqual(['credited', 'issued', 'issued'])
  expect((await events()).map(({ id }) => id)).toEqual([first!.id])

  // The port is taken: whoever comes second says so and goes.
  const second = serve()
  expect((await second.worker.ended).code).toBe(2)
  expect(second.lines.join('\n')).toContain('LISTEN is what another program has')

  // Whoever does not end in time is killed, and then has a signal.
  await worker.stop()
  expect(await worker.ended).toEqual({ code: 0, signal: null })
  expect(lines.at(-1)).toContain('"msg":"stopped"')
})

test('what was answered with 200 is settled after kill -9', async () => {
  // Without a worker the event is kept, and nothing more, when the process dies.
  const { worker } = serve({ ROLES: 'web' })
  expect(await answers(url, worker), worker.recent().join('\n')).toBe(true)
  const kept = pushed('invoice.credited')[1]!
  expect(await post(kept)).toBe(200)
  worker.kill()
  expect((await worker.ended).signal).toBe('SIGKILL')
  expect((await events()).find(({ id }) => id === kept.id)?.state).toBe('new')

  const next = serve().worker
  await eventually(async () => (await events()).find(({ id }) => id === kept.id)?.state).toBe('done')
  // The poll at start finds the third, whose push never came here.
  await eventually(() => states('invoice')).toEqual(['credited', 'credited', 'credited'])
  await eventually(() => pushed('transfer.success').length).toBe(3)
  for (const push of pushed('transfer.success')) expect(await post(push)).toBe(200)
  await eventually(() => states('payout')).toEqual(['paid', 'paid', 'paid'])
  expect(await command('ledger', 'check')).toMatch(/^OK/)
  await next.stop()
  expect((await next.ended).code).toBe(0)
})

test('a wrong .env ends it with 2, every fault named; so does a key that cannot be read [security 18]', async () => {
  const other = join(folder, 'other')
  mkdirSync(other)
  writeFileSync(
    join(other, '.env'),
    'LISTEN=nowhere\nROLES=boss\nSTARKBANK_PROJECT=1\nDATABASE_URL=mysql://x\n',
  )
  const wrong = await repasse(other, ['serve'])
  expect([wrong.code, wrong.stdout]).toEqual([2, ''])
  expect(wrong.stderr).toContain('4 faults')
  for (const name of [
    'LISTEN is set, and not shown',
    'ROLES is set',
    'STARKBANK_PROJECT is not a setting',
    'DATABASE_URL is set, and not shown',
  ])
    expect(wrong.stderr).toContain(name)

  const missing = join(folder, 'no-key.pem')
  const { worker, lines } = serve({ STARKBANK_PRIVATE_KEY_FILE: missing })
  expect((await worker.ended).code).toBe(2)
  expect(lines.join('\n')).toContain(missing)
})
