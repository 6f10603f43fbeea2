/**
 * One demonstration from start to end: builds its folder, starts bank, chain and worker, shows the figures,
 * judges, and leaves nothing running.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bank } from './bank.ts'
import { startDemoChain, type DemoChain } from './demoChain.ts'
import { newsOf, plainLines, type Figures } from './demoFigures.ts'
import { configure, furnish, requestsOf } from './demoInstallation.ts'
import { isSettled, areActorsSettled, judge, type Settled } from './demoJudge.ts'
import { screen, type Out } from './demoScreen.ts'
import { invitePeople, openShop } from './demoShop.ts'
import { startShoppers, type Manner, type Shoppers } from './demoShoppers.ts'
import { startActors, type DemoActors, type ActorsPace } from './demoActors.ts'
import { answers, ask, mustAsk, program, startWorker, type Worker } from './demoWorker.ts'
import { startPayerServer, type PayerServer } from './payerServer.ts'
import { startBank, type BankServer } from './server.ts'
import type { Settings } from './settings.ts'

export interface DemoOptions {
  once: boolean
  /** Leaves the folder behind. */
  keep?: boolean
  /** `any`: a real bitcoind where one is to be had, else the simulated node. */
  bitcoin?: 'any' | 'simulated' | 'none'
  signal: AbortSignal
  out: Out
  /** Other waits than the demonstration's own, for tests. */
  settings?: Partial<Settings>
  pace?: Partial<ActorsPace>
  /** What a test does when all is settled, before the books are judged. */
  beforeJudging?: (settled: Settled) => Promise<unknown>
}

const settings: Partial<Settings> = {
  payRate: 0.85,
  waitsTag: 'ord_',
  payDelayMs: [2_000, 10_000],
  fee: 50,
  transferFee: 0,
}
const paces: Record<'once' | 'on', ActorsPace> = {
  once: { blockMs: 1_000, payDelayMs: [500, 6_000], dueIn: '15s' },
  on: { blockMs: 3_000, payDelayMs: [1_000, 15_000], dueIn: '30s' },
}
const manners: Record<'once' | 'on', readonly Manner[]> = {
  once: ['pix', 'coins in two parts', 'pix', 'coins', 'pix'],
  on: ['pix', 'coins', 'never', 'pix', 'coins in two parts'],
}
const shopperEveryMs = 20_000
const pauseMs = 1_000
const maxMs = 260_000

/** Runs it and answers the exit code. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { once, keep = false, bitcoin = 'any', signal, out } = options
  const pace = { ...paces[once ? 'once' : 'on'], ...options.pace }
  const say = (line: string) => void out.write(`${line}\n`)
  const folder = mkdtempSync(join(tmpdir(), 'repasse-demo-'))
  let bank: BankServer | undefined
  let chain: DemoChain | undefined
  let actors: DemoActors | undefined
  let worker: Worker | undefined
  let app: PayerServer | undefined
  let shoppers: Shoppers | undefined
  let code = 1
  try {
    bank = await startBank({ settings: { ...settings, ...options.settings } })
    if (bitcoin !== 'none')
      chain = await startDemoChain(bitcoin === 'simulated', line => (signal.aborted ? undefined : say(line)))
    // What a Ctrl-C ended by itself is not tried another way.
    signal.throwIfAborted()
    app = await startPayerServer({
      pix: brcode => payPix(bank!, brcode),
      coins: chain && ((address, units) => actors!.payers.payAtShop(address, units)),
    })
    const url = await furnish(folder, bank, chain, app.url)
    for (const line of opening({ once, bank, chain, url, folder, blockMs: pace.blockMs })) say(line)
    const schedules = await configure(folder, { once, chain, dueIn: pace.dueIn })
    await openShop(folder, chain ? ['starkbank', 'bitcoin'] : ['starkbank'])
    for (const line of addresses(url, await invitePeople(folder))) say(line)

    worker = startWorker(folder, newsOf)
    if (!(await answers(url, worker)))
      throw new Error(`the worker did not start: ${worker.recent().join(' · ')}`)
    bank.bank.addWebhook(`${url}/webhooks/starkbank`)
    for (const name of schedules) await mustAsk(folder, ['schedule', 'run', name])
    if (chain) actors = startActors(chain, pace, () => requestsOf(folder))
    const all = manners[once ? 'once' : 'on'].filter(manner => chain || !manner.startsWith('coins'))
    shoppers = startShoppers({ url, manners: all, everyMs: once ? undefined : shopperEveryMs })

    const end = await watch({ once, signal, out, folder, bank: bank.bank, worker, actors, shoppers })
    if (end === 'settled') {
      await shoppers.rest()
      await actors?.rest()
      const settled = { folder, bank: bank.bank, actors, shoppers }
      await options.beforeJudging?.(settled)
      code = await judge(settled, say)
    } else if (end === 'stopped') code = 0
    else say(end)
  } catch (error) {
    if (signal.aborted) code = 0
    else say(`The demonstration failed: ${error instanceof Error ? error.message : String(error)}`)
  }
  await shoppers?.rest()
  await actors?.rest()
  await worker?.stop()
  await app?.close()
  await chain?.close()
  await bank?.close()
  if (signal.aborted) say('Stopped: everything it started is gone.')
  // Books that do not add up are what a person wants to look at.
  if (keep || (code !== 0 && !signal.aborted))
    say(`Left behind: ${folder} (look with: cd ${folder} && ${program} status)`)
  else rmSync(folder, { recursive: true, force: true })
  return code
}

interface Stage {
  once: boolean
  bank: BankServer
  chain: DemoChain | undefined
  url: string
  folder: string
  blockMs: number
}

function opening({ once, bank, chain, url, folder, blockMs }: Stage): string[] {
  const batch = once ? 'One batch' : 'Every minute a batch'
  return [
    `A simulated bank on ${bank.url}${chain ? `, and ${chain.is} on ${chain.url}` : ''}; the worker on ${url}, with its SQLite in ${folder}`,
    `${once ? 'A few shoppers' : 'Every 20 s a shopper'} at the shop; ${once ? 'each pays' : 'most pay'} by its button.`,
    `${batch} of 8 to 12 invoices by Pix, R$ 20.00 to 1000.00; about one in seven never pays.`,
    ...(chain
      ? [
          `${batch} of 8 to 12 requests for bitcoin at R$ 600 000.00; most pay at once, and some in two parts, too little, late, by a better`,
          `fee, or take it back before it is mined. A block every ${blockMs / 1_000} s; six blocks deep it is paid on.`,
        ]
      : []),
    `What is credited is paid on${chain ? ', each on its own rail' : ' to account "main"'}, less ${chain ? 'R$ 0.50 for the bank or the network fee, and' : 'R$ 0.50 for the bank and'} 1.5 % commission. ${once ? `It takes about ${chain ? 'a minute' : 'half a minute'}.` : 'Ctrl-C stops it all.'}`,
    '',
  ]
}

/** Where to look, and who may come in. */
const addresses = (url: string, people: Awaited<ReturnType<typeof invitePeople>>): string[] => [
  `The shop:    ${url}/`,
  `The console: ${url}/console; each of these links lets one person in, once:`,
  ...people.map(({ name, role, link }) => `  ${`${name}, ${role}`.padEnd(15)} ${link}`),
  '',
]

/** Over HTTP, as everything at the bank, so that what follows of it comes in its time. */
async function payPix({ bank, url }: BankServer, brcode: string): Promise<boolean> {
  const invoice = bank.invoices().find(each => each.brcode === brcode)
  if (!invoice) return false
  const answer = await fetch(`${url}/sim/pay/${invoice.id}`, { method: 'POST' })
  return ((await answer.json()) as { paid?: boolean }).paid === true
}

interface Watching extends Required<Pick<DemoOptions, 'once' | 'signal' | 'out'>> {
  folder: string
  bank: Bank
  worker: Worker
  actors: DemoActors | undefined
  shoppers: Shoppers
}

/** Shows the figures until there is an end: asked for, reached, or come upon. */
async function watch({
  once,
  signal,
  out,
  folder,
  bank,
  worker,
  actors,
  shoppers,
}: Watching): Promise<'stopped' | 'settled' | (string & {})> {
  const show = screen(out)
  const until = Date.now() + maxMs
  let gone: { code: number | null; signal: NodeJS.Signals | null } | undefined
  let fault: unknown
  void worker.ended.then(how => (gone = how))
  const over = new Promise<void>(resolve => {
    signal.addEventListener('abort', () => resolve())
    void worker.ended.then(() => resolve())
    actors?.broken.catch(why => ((fault = why), resolve()))
    shoppers.broken.catch(why => ((fault = why), resolve()))
  })
  while (!signal.aborted && !gone && !fault) {
    // Before the figures are read: what comes after them is not in them.
    const isShopDone = shoppers.isDone()
    const { code, stdout, stderr } = await ask(folder, ['status', '--json'])
    if (signal.aborted || gone || fault) break
    const figures = code === 0 || stdout.trim() !== '' ? (JSON.parse(stdout) as Figures) : undefined
    if (!figures) return `The figures could not be read: ${stderr.trim()}`
    show(figures, worker.recent())
    if (once && isShopDone && isSettled(figures, bank) && areActorsSettled(figures, actors)) return 'settled'
    if (once && Date.now() > until)
      return `After ${maxMs / 1_000} s not everything was paid on:\n${plainLines(figures).join('\n')}`
    await Promise.race([over, new Promise(resolve => setTimeout(resolve, pauseMs))])
  }
  if (signal.aborted) return 'stopped'
  if (gone)
    return `The worker ended by itself (${gone.signal ?? `exit code ${gone.code}`}). Its last lines:\n${worker.recent().join('\n')}`
  return `The payers, the shop or the node failed: ${fault instanceof Error ? fault.message : String(fault)}`
}
