/**
 * An installation as people meet it in a browser: the real program on a port, a simulated bank over real
 * HTTP, a Bitcoin node where asked for, and one clock.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDemoChain, type DemoChain } from '../../sim/demoChain.ts'
import { freePort } from '../../sim/port.ts'
import { noShopLimits } from '../../sim/shopLimits.ts'
import { startBank, type BankServer } from '../../sim/server.ts'
import type { Settings } from '../../sim/settings.ts'
import { scaledClock, systemClock } from '../../src/base/clock.ts'
import { readConfig } from '../../src/base/config.ts'
import type { Log } from '../../src/base/log.ts'
import type { Clock, Millis } from '../../src/base/world.ts'
import { runCli } from '../../src/cli/cli.ts'
import { openBase, serve, type Running } from '../../src/app.ts'
import { codeAt, stepAt } from '../../src/people/totp.ts'
import { sql } from '../../src/db/db.ts'
import { evidence, recentLog } from './evidence.ts'
import { openMailBox, type ReceivedMail } from './mailBox.ts'
import { until } from './until.ts'

export interface PageInstallation {
  /** `http://127.0.0.1:PORT`. */
  origin: string
  folder: string
  /** Its settings. */
  env: Readonly<Record<string, string>>
  running: Running
  bank: BankServer['bank']
  /** What the installation wrote to people. */
  letters: readonly ReceivedMail[]
  /** There where it was asked for. */
  chain: DemoChain | undefined
  /** Of installation and bank; the node's own stays what it is. */
  clock: Clock
  /** From now on no worker works: the pages are served at the same address by what it answers. */
  serveAlone(): Promise<Running>
  /** Puts the clock forward, and lets bank and worker do what falls due. */
  skip(ms: Millis): Promise<void>
  /** Somebody pays this invoice of ours by Pix; what follows of it comes by itself. */
  pay(invoiceId: string): Promise<void>
  /** The authenticators of its people, by name: who acts at the command line shows a code. */
  authenticators: Map<string, string>
  /** A command of `bin/repasse` on this installation; what it printed, or throws what it said. */
  repasse(...words: string[]): Promise<string>
  /** The same of one that takes `--json`. */
  ask<T>(...words: string[]): Promise<T>
  close(): Promise<void>
}

export interface PageInstallationOptions {
  /** `real`: a bitcoind on regtest; `simulated`: the simulated node; none otherwise. */
  chain?: 'real' | 'simulated'
  /** How the bank behaves; nobody pays unless told to. */
  bank?: Partial<Settings>
  /**
   * The hour of UTC at which its clock begins, whatever the machine's says: a schedule of a story falls due
   * when the story is told at that very minute.
   */
  hour?: number
  /** By which name people come: passkeys belong to a name, and `localhost` may have them without https. */
  host?: 'localhost'
  /** More of the environment. */
  env?: Record<string, string>
  log?: Log
}

const projectId = '5656565656565656'
// Whatever is waited for at the bank comes at once, so that a story waits for the installation alone.
const promptly: Partial<Settings> = {
  ...{ payRate: 0, fee: 50, payDelayMs: [0, 0], creditDelayMs: [50, 100], eventDelayMs: [10, 20] },
  transferDelayMs: [100, 200],
  // The bank's own library stamps requests with the machine's time, which is not put forward.
  skewSeconds: 10_000_000,
}

const untilHour = (hour: number, at: Millis): Millis => {
  const today = Math.floor(at / 86_400_000) * 86_400_000 + hour * 3_600_000
  return (today < at ? today + 86_400_000 : today) - at
}

/** An empty installation that serves: no user, no account, no schedule, no product. */
export async function openPageInstallation(options: PageInstallationOptions = {}): Promise<PageInstallation> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-pages-'))
  // What a story that failed has left is for a person to look at.
  const undo: (() => unknown)[] = [
    () => evidence.hasFailed() || rmSync(folder, { recursive: true, force: true }),
  ]
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    return { ...(await open(options, folder, undo)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function open(
  options: PageInstallationOptions,
  folder: string,
  undo: (() => unknown)[],
): Promise<Omit<PageInstallation, 'close'>> {
  const since = systemClock.now()
  const skips = join(folder, 'skips')
  let skipped = options.hour === undefined ? 0 : untilHour(options.hour, since)
  writeFileSync(skips, String(skipped))
  const clock = scaledClock(1, since, () => skipped)

  const server = await startBank({ clock, settings: { ...promptly, ...options.bank } })
  undo.push(() => server.close())
  const { bank } = server
  const chain = options.chain && (await startDemoChain(options.chain === 'simulated', () => undefined))
  if (chain) undo.push(() => chain.close())

  const letterBox = await openMailBox()
  undo.push(() => letterBox.close())

  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  const keyFile = join(folder, 'project.pem')
  writeFileSync(keyFile, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o400 })
  bank.addProject({
    id: projectId,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  })

  const listen = `127.0.0.1:${await freePort()}`
  const origin = options.host ? `http://${options.host}:${listen.split(':')[1]}` : `http://${listen}`
  const env: Record<string, string> = {
    DATABASE_URL: `sqlite:${join(folder, 'repasse.db')}`,
    LISTEN: listen,
    PUBLIC_URL: origin,
    SHOP_NAME: 'Armazém Jatobá',
    SMTP_URL: letterBox.url,
    MAIL_FROM: 'Armazém Jatobá <loja@example.com>',
    STARKBANK_ENVIRONMENT: 'sandbox',
    STARKBANK_PROJECT_ID: projectId,
    STARKBANK_WORKSPACE_ID: bank.settings.workspaceId,
    STARKBANK_PRIVATE_KEY_FILE: keyFile,
    STARKBANK_API_URL: server.url,
    STARKBANK_POLL_SECONDS: '5',
    CLOCK: `1x since ${new Date(since).toISOString()}, skips in ${skips}`,
    LOG_LEVEL: 'silent',
    ...noShopLimits,
    ...(chain && { ...chain.settings, BITCOIN_POLL_SECONDS: '1', BITCOIN_BATCH_SECONDS: '1' }),
    ...options.env,
  }
  const { log, recent } = recentLog()
  undo.push(
    evidence.keep(`repasse at ${origin}, its database kept in ${folder}`, () => [
      `${skipped / 1_000} s put forward`,
      ...recent(),
    ]),
  )
  const base = await openBase(readConfig(env), options.log ?? log)
  const app = await serve(base, ['web', 'worker'])
  let serving = app
  undo.push(() => serving.stop())
  const serveAlone = async (): Promise<Running> => {
    await serving.stop()
    serving = await serve(await openBase(readConfig(env), options.log ?? log), ['web'])
    return serving
  }
  bank.addWebhook(`${origin}/webhooks/starkbank`)

  // Any question makes the bank look at its clock, and at what was done to it behind its back.
  const stir = async () => void (await (await fetch(`${server.url}/sim/settings`)).arrayBuffer())
  const skip = async (ms: Millis) => {
    skipped += ms
    writeFileSync(skips, String(skipped))
    await stir()
  }
  const authenticators = new Map<string, string>()
  /** A code works once, so the clock is put past one that was shown. */
  const proofOf = async (words: readonly string[]): Promise<string[]> => {
    const by = words[words.lastIndexOf('--by') + 1]!.toLowerCase()
    const secret = words.includes('--by') ? authenticators.get(by) : undefined
    if (secret === undefined || words.includes('--code') || words.includes('--key')) return []
    const user = await base.db.one<{ totp_step: bigint }>(
      sql`select totp_step from users where folded = ${by} and state = 'active'`,
    )
    if (!user) return []
    while (stepAt(clock.now()) <= Number(user.totp_step)) await skip(30_000)
    return ['--code', codeAt(secret, stepAt(clock.now()))]
  }
  const repasse = async (...given: string[]): Promise<string> => {
    const words = [...given, ...(await proofOf(given))]
    let out = ''
    let said = ''
    const outlet = {
      out: async (text: string) => void (out += text),
      err: (text: string) => void (said += text),
      colours: false,
    }
    const code = await runCli(['node', 'repasse', ...words], env, outlet)
    if (code !== 0) throw new Error(`repasse ${words.join(' ')} ended with ${code}: ${said}${out}`)
    return out
  }
  return {
    ...{
      origin,
      folder,
      env,
      running: app,
      bank,
      chain,
      clock,
      repasse,
      skip,
      serveAlone,
      authenticators,
      letters: letterBox.letters,
    },
    ask: async (...words) => JSON.parse(await repasse(...words, '--json')),
    async pay(invoiceId) {
      const found = await until(
        () => bank.invoices().find(({ tags }) => tags.includes(invoiceId)),
        `invoice ${invoiceId} at the bank`,
      )
      if (!bank.pay(found.id))
        throw new Error(`invoice ${invoiceId} cannot be paid: the bank has it as ${found.status}`)
      await stir()
    },
  }
}
