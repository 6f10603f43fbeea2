/**
 * Where real processes live: a folder, a bank on a real port, a server in nginx's place, and one clock that all
 * of them share.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bank, Faults, Settings } from '../../sim/bank.ts'
import { freePort, mustAsk, startWorker, type Worker } from '../../sim/demoWorker.ts'
import { startBank } from '../../sim/server.ts'
import { seededRandom, systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import type { Millis, World } from '../../src/base/world.ts'
import type { App } from '../../src/jobs/jobs.ts'
import { connectStarkbank } from '../../src/rails/starkbank/starkbank.ts'
import { openDb, type Db } from '../../src/db/db.ts'
import { makeInbox } from '../../src/webhooks/webhooks.ts'
import { trialAccountFlags } from '../testbed/trial.ts'
import { keepClock, type KeptClock } from './clock.ts'
import { openCoinStage, type CoinStage } from './coins.ts'
import { openFront } from './front.ts'

/** One place a worker runs in: its folder holds its `.env` and its log over all its lives. */
export interface Place {
  folder: string
  port: number
  worker: Worker | undefined
}

export interface Stage {
  folder: string
  places: Place[]
  bank: Bank
  /** The Bitcoin rail's half, where there is one. */
  coins: CoinStage | undefined
  world: World
  db: Db
  /** The installation as the audit uses it, beside the workers. */
  app: App
  startedAt: Millis
  /** What everybody's time comes from; undefined where it is the machine's. */
  kept: KeptClock | undefined
  /** A command of the first worker's folder. */
  command(...words: string[]): Promise<string>
  close(): Promise<void>
}

export interface StageOptions {
  seed: number
  /** `sqlite:` is kept in the stage's own folder; else the URL of an empty database. */
  databaseUrl: string
  workers: number
  settings: Partial<Settings>
  faults: Partial<Faults>
  /** What `schedule add` is told, besides what every schedule here has. */
  rule: string[]
  /** The same for a second schedule, which asks for bitcoin; without it there is no Bitcoin rail. */
  coinRule?: string[]
  /**
   * The machine's own time for everybody, instead of one that is twenty times as fast and waits for who is
   * starved.
   */
  trueClock?: boolean
  say?: (line: string) => void
}

/**
 * How many of the clock's seconds pass in one: short enough to wait for, long enough for an honest request to
 * be answered in time on two busy cores.
 */
const speed = 20
const projectId = '5656565656565656'

/** Sets everything up but the workers: a migrated database, an approved account, a schedule, a webhook. */
export async function setStage({
  seed,
  databaseUrl,
  workers,
  settings,
  faults,
  rule,
  coinRule,
  trueClock = false,
  say = () => undefined,
}: StageOptions): Promise<Stage> {
  const startedAt = systemClock.now()
  const folder = mkdtempSync(join(tmpdir(), 'repasse-storm-'))
  const url = databaseUrl === 'sqlite:' ? `sqlite:${join(folder, 'repasse.db')}` : databaseUrl
  const kept = trueClock ? undefined : keepClock(join(folder, 'clock'), speed, startedAt)
  const clock = kept?.clock ?? systemClock
  const random = seededRandom(seed)
  const world: World = { clock, random, log: silentLog, at: () => undefined }

  const bank = await startBank({
    clock,
    random: seededRandom(seed ^ 0x5eed),
    // The SDK signs with the machine's time, and this bank may have another.
    settings: { ...(kept && { skewSeconds: 1e9 }), ...settings },
    deliveryTimeoutMs: 2_000,
  })
  const places: Place[] = []
  for (let place = 1; place <= workers; place++)
    places.push({ folder: join(folder, `w${place}`), port: await freePort(), worker: undefined })
  const front = await openFront(
    places.map(({ port }) => port),
    random,
  )

  const coins = coinRule && (await openCoinStage(world, say))
  const { keyFile, privateKeyPem } = makeKey(folder, bank.bank)
  for (const { folder: own, port } of places) {
    mkdirSync(own)
    const lines = {
      DATABASE_URL: url,
      LISTEN: `127.0.0.1:${port}`,
      LOG_LEVEL: 'info',
      STARKBANK_ENVIRONMENT: 'sandbox',
      STARKBANK_PROJECT_ID: projectId,
      STARKBANK_WORKSPACE_ID: bank.bank.settings.workspaceId,
      STARKBANK_PRIVATE_KEY_FILE: keyFile,
      STARKBANK_API_URL: bank.url,
      STARKBANK_POLL_SECONDS: '60',
      ...(kept && { CLOCK: kept.setting }),
      ...coins?.settings,
    }
    // Unquoted, what follows a # would be a comment.
    const text = Object.entries(lines).map(
      ([name, value]) => `${name}=${value.includes('#') ? `"${value}"` : value}\n`,
    )
    writeFileSync(join(own, '.env'), text.join(''))
  }
  const command = (...words: string[]) => mustAsk(places[0]!.folder, words)
  await configure(command, rule)
  if (coins && coinRule) await configureCoins(command, coins, coinRule)
  bank.bank.addWebhook(`${front.url}/webhooks/starkbank`)
  bank.bank.setFaults(faults)

  const db = await openDb(url, { clock, random, virtual: kept !== undefined })
  const { workspaceId } = bank.bank.settings
  const rail = connectStarkbank({
    environment: 'sandbox',
    projectId,
    workspaceId,
    privateKeyPem,
    apiUrl: bank.url,
    ...world,
  })
  const terms = { transferFeeBy: 'receiver', transferFeeUnits: 0n } as const
  const app: App = {
    db,
    world,
    worker: 'the audit',
    rails: { starkbank: rail },
    inbox: makeInbox(db, world),
    terms,
    pollSeconds: 60,
  }
  return {
    folder,
    places,
    bank: bank.bank,
    coins,
    world,
    db,
    app,
    startedAt,
    kept,
    command,
    async close() {
      for (const { worker } of places) worker?.kill()
      for (const { worker } of places) await worker?.ended
      rail.close()
      await db.close()
      await front.close()
      await coins?.close()
      await bank.close()
      kept?.stop()
    },
  }
}

export function startIn(
  { kept }: Stage,
  place: Place,
  crashAt?: string,
  news: (line: string) => void = () => undefined,
): Worker {
  const worker = startWorker(
    place.folder,
    line => (news(line), line),
    crashAt === undefined ? {} : { CRASH_AT: crashAt },
  )
  if (worker.pid !== undefined) kept?.waitFor(worker.pid)
  return (place.worker = worker)
}

function makeKey(folder: string, bank: Bank): { keyFile: string; privateKeyPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  const keyFile = join(folder, 'project.pem')
  const privateKeyPem = privateKey.export({ type: 'sec1', format: 'pem' }) as string
  writeFileSync(keyFile, privateKeyPem, { mode: 0o400 })
  bank.addProject({
    id: projectId,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  })
  return { keyFile, privateKeyPem }
}

async function configure(command: Stage['command'], rule: string[]): Promise<void> {
  await command('migrate')
  await command('account', 'add', ...trialAccountFlags)
  await command('account', 'approve', 'main', '--by', 'checker')
  const always =
    '--name trial --rail starkbank --due-in 2d --amount 20.00..1000.00 --payers random --pay-to main --commission 1.5%'
  await command('schedule', 'add', ...always.split(' '), ...rule)
}

async function configureCoins(
  command: Stage['command'],
  { payee, height }: CoinStage,
  rule: string[],
): Promise<void> {
  await command('account', 'add', '--name', 'coins', '--kind', 'bitcoin', '--address', payee, '--by', 'maker')
  await command('account', 'approve', 'coins', '--by', 'checker')
  const always =
    '--name coins --rail bitcoin --due-in 2d --amount 20.00..1000.00 --payers random --pay-to coins --commission 1.5%'
  await command('schedule', 'add', ...always.split(' '), ...rule)
  // The first look at a chain makes two thousand addresses: a worker that lives for a second might never be
  // through with it.
  await command('bitcoin', 'scan', '--from', String(height))
}

/** As long as the machine takes for `ms` when it starves nobody. */
export const pause = ({ clock }: World, ms: Millis): Promise<void> => clock.sleep(ms * (clock.speed ?? 1))
