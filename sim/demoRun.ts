/** One demonstration from start to end: builds its folder, starts bank and worker, shows the figures, judges, and leaves nothing running. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bank } from './bank.ts'
import { equationLines, equations, newsOf, oneLine, picture, progress, type Figures } from './demoFigures.ts'
import { answers, freePort, mustRepasse, program, repasse, startWorker, type Worker } from './demoWorker.ts'
import { startBank, type BankServer } from './server.ts'
import type { Settings } from './settings.ts'

export interface DemoOptions {
  once: boolean
  /** Leaves the folder behind. */
  keep?: boolean
  signal: AbortSignal
  out: NodeJS.WritableStream & { isTTY?: boolean; columns?: number }
  /** Other waits than the demonstration's own, for tests. */
  settings?: Partial<Settings>
}

const projectId = '5656565656565656'
const settings: Partial<Settings> = { payRate: 0.85, payDelayMs: [2_000, 10_000], fee: 50, transferFee: 0 }
const pauseMs = 1_000
const mostMs = 120_000
/** Nothing more comes from the bank within this: what remains are due dates, days away. */
const quietMs = 30_000

/** Runs it and answers the exit code. */
export async function runDemo({ once, keep = false, signal, out, settings: other = {} }: DemoOptions): Promise<number> {
  const say = (line: string) => void out.write(`${line}\n`)
  const folder = mkdtempSync(join(tmpdir(), 'repasse-demo-'))
  let bank: BankServer | undefined
  let worker: Worker | undefined
  let code = 1
  try {
    bank = await startBank({ settings: { ...settings, ...other } })
    const url = await furnish(folder, bank)
    say(`A simulated bank on ${bank.url}; the worker on ${url}, with its SQLite in ${folder}`)
    say(
      once
        ? 'One batch of 8 to 12 invoices to made-up payers, R$ 20.00 to 1000.00; about one in seven never pays.'
        : 'Every minute 8 to 12 invoices to made-up payers, R$ 20.00 to 1000.00; about one in seven never pays.',
    )
    say(
      `What is credited is paid on to account "main", less R$ 0.50 for the bank and 1.5 % commission. ${once ? 'It takes about half a minute.' : 'Ctrl-C stops it all.'}`,
    )
    say('')
    await configure(folder, once)

    worker = startWorker(folder, newsOf)
    if (!(await answers(url, worker))) throw new Error(`the worker did not start: ${worker.recent().join(' · ')}`)
    bank.bank.addWebhook(`${url}/webhooks/starkbank`)
    await mustRepasse(folder, ['schedule', 'run', 'demo'])

    const end = await watch({ once, signal, out, folder, bank: bank.bank, worker })
    if (end === 'settled') code = await judge(folder, bank.bank, say)
    else if (end === 'stopped') code = 0
    else say(end)
  } catch (error) {
    if (signal.aborted) code = 0
    else say(`The demonstration failed: ${error instanceof Error ? error.message : String(error)}`)
  }
  await worker?.stop()
  await bank?.close()
  if (signal.aborted) say('Stopped: the worker and the bank are gone.')
  // Books that do not add up are what a person wants to look at.
  if (keep || (code !== 0 && !signal.aborted)) say(`Left behind: ${folder} (look with: cd ${folder} && ${program} status)`)
  else rmSync(folder, { recursive: true, force: true })
  return code
}

/** Writes the project's key and the settings; answers where the worker will listen. */
async function furnish(folder: string, { bank, url }: BankServer): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  const keyFile = join(folder, 'project.pem')
  writeFileSync(keyFile, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o400 })
  bank.addProject({ id: projectId, publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }) as string })

  const listen = `127.0.0.1:${await freePort()}`
  const lines = {
    DATABASE_URL: `sqlite:${join(folder, 'repasse.db')}`,
    LISTEN: listen,
    LOG_LEVEL: 'info',
    STARKBANK_ENVIRONMENT: 'sandbox',
    STARKBANK_PROJECT_ID: projectId,
    STARKBANK_WORKSPACE_ID: bank.settings.workspaceId,
    STARKBANK_PRIVATE_KEY_FILE: keyFile,
    STARKBANK_API_URL: url,
    STARKBANK_POLL_SECONDS: '10',
  }
  writeFileSync(
    join(folder, '.env'),
    Object.entries(lines)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  return `http://${listen}`
}

/** One person adds the account, another approves it: the same commands as for real. */
async function configure(folder: string, once: boolean): Promise<void> {
  const account = { name: 'main', holder: 'Stark Bank S.A.', 'tax-id': '20.018.183/0001-80', bank: '20018183', branch: '0001' }
  await mustRepasse(folder, ['account', 'add', ...flags({ ...account, number: '6341320293482496', type: 'payment', by: 'maker' })])
  await mustRepasse(folder, ['account', 'approve', 'main', '--by', 'checker'])

  // One batch is asked for by hand, so the clock must not add another: New Year's midnight is far enough.
  const when = { cron: once ? '0 0 1 1 *' : '* * * * *', 'time-zone': 'America/Sao_Paulo', 'due-in': '2d' }
  const what = { count: '8..12', amount: '20.00..1000.00', payers: 'random', 'pay-to': 'main', commission: '1.5%' }
  await mustRepasse(folder, ['schedule', 'add', ...flags({ name: 'demo', rail: 'starkbank', ...when, ...what })])
}

const flags = (named: Record<string, string>) => Object.entries(named).flatMap(([name, value]) => [`--${name}`, value])

interface Watching extends Required<Pick<DemoOptions, 'once' | 'signal' | 'out'>> {
  folder: string
  bank: Bank
  worker: Worker
}

/** Shows the figures until there is an end: asked for, reached, or come upon. */
async function watch({ once, signal, out, folder, bank, worker }: Watching): Promise<'stopped' | 'settled' | (string & {})> {
  const show = out.isTTY ? drawer(out) : liner(out)
  const until = Date.now() + mostMs
  let gone: { code: number | null; signal: NodeJS.Signals | null } | undefined
  void worker.ended.then(how => (gone = how))
  const over = new Promise<void>(resolve => {
    signal.addEventListener('abort', () => resolve())
    void worker.ended.then(() => resolve())
  })
  while (!signal.aborted && !gone) {
    const { code, stdout, stderr } = await repasse(folder, ['status', '--json'])
    if (signal.aborted || gone) break
    const figures = code === 0 || stdout.trim() !== '' ? (JSON.parse(stdout) as Figures) : undefined
    if (!figures) return `The figures could not be read: ${stderr.trim()}`
    show(figures, worker.recent())
    if (once && isSettled(figures, bank)) return 'settled'
    if (once && Date.now() > until) return `After ${mostMs / 1_000} s not everything was paid on: ${oneLine(figures)}`
    await Promise.race([over, new Promise(resolve => setTimeout(resolve, pauseMs))])
  }
  if (signal.aborted) return 'stopped'
  return `The worker ended by itself (${gone?.signal ?? `exit code ${gone?.code}`}). Its last lines:\n${worker.recent().join('\n')}`
}

/** All that will be paid is paid on: the bank has nothing more to do for now, and the house has done what it heard. */
export function isSettled(figures: Figures, bank: Pick<Bank, 'nextDueAt' | 'invoices' | 'isCredited'>, now = Date.now()): boolean {
  const next = bank.nextDueAt()
  const { issued, credited, paidOn } = progress(figures)
  const creditedThere = bank.invoices().filter(({ id }) => bank.isCredited(id)).length
  const unread = (figures.events['new'] ?? 0) + (figures.events['waiting'] ?? 0)
  const quiet = next === undefined || next > now + quietMs
  return quiet && issued > 0 && issued === bank.invoices().length && credited === creditedThere && paidOn === credited && unread === 0
}

/** The product's own checks, then the bank's side of it, added up from the bank's rows. */
async function judge(folder: string, bank: Bank, say: (line: string) => void): Promise<number> {
  const findings: string[] = []
  for (const args of [['reconcile'], ['ledger', 'check']]) {
    const { code, stdout, stderr } = await repasse(folder, args)
    say(`repasse ${args.join(' ')}: ${(stdout.trim() || stderr.trim() || 'well').replaceAll('\n', '\n  ')}`)
    if (code !== 0) findings.push(`repasse ${args.join(' ')} ended with ${code}`)
  }
  const figures = JSON.parse(await mustRepasse(folder, ['status', '--json'])) as Figures
  findings.push(...disagreements(figures, bank))
  const { issued, paid, credited, paidOn } = progress(figures)
  say('')
  say(`${issued} invoices issued, ${paid} paid, ${credited} credited, ${paidOn} paid on`)
  for (const line of equationLines(figures)) say(line)
  if (findings.length === 0) say('The books add up, and the bank agrees.')
  for (const finding of findings) say(`✗ ${finding}`)
  return findings.length === 0 ? 0 : 1
}

const sum = (cents: number[]) => cents.reduce((total, amount) => total + BigInt(amount), 0n)

/** Where the house's figures differ from what the bank itself has, and where they do not add up. */
export function disagreements(figures: Figures, bank: Pick<Bank, 'invoices' | 'isCredited' | 'transfers' | 'balanceUnits'>): string[] {
  const { asked, credited } = equations(figures)
  const invoices = bank.invoices()
  const paidThere = sum(invoices.filter(({ id }) => bank.isCredited(id)).map(({ amount }) => amount))
  const sentThere = sum(
    bank
      .transfers()
      .filter(({ status }) => status === 'success')
      .map(({ amount }) => amount),
  )
  const left = credited.credited - credited.bank - credited.paidOut - credited.reversed
  return [
    ...(asked.holds ? [] : ['asked is not open + paid + expired']),
    ...(credited.holds ? [] : ['credited is not fees + paid out + still owed']),
    ...(credited.owed === 0n ? [] : [`${credited.owed} cents are still owed`]),
    ...(credited.credited === paidThere ? [] : [`the books have ${credited.credited} cents credited, the bank ${paidThere}`]),
    ...(credited.paidOut === sentThere ? [] : [`the books have ${credited.paidOut} cents paid out, the bank ${sentThere}`]),
    ...(bank.balanceUnits() === left ? [] : [`the bank holds ${bank.balanceUnits()} cents, the books leave ${left}`]),
    ...figures.needsPerson,
  ]
}

/** Draws over what it drew before. */
function drawer(out: DemoOptions['out']) {
  let drawn = 0
  return (figures: Figures, recent: string[]) => {
    const width = out.columns ?? 100
    // A line that wraps would count as two when it is drawn over.
    const lines = picture(figures, recent).map(line => line.slice(0, width - 1))
    out.write(`${drawn === 0 ? '' : `\u001b[${drawn}A`}\u001b[J${lines.join('\n')}\n`)
    drawn = lines.length
  }
}

/** Writes a line whenever something changed. */
function liner(out: DemoOptions['out']) {
  let before = ''
  return (figures: Figures) => {
    const line = oneLine(figures)
    if (line !== before) out.write(`${new Date().toISOString().slice(11, 19)}  ${line}\n`)
    before = line
  }
}
