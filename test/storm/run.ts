/** One storm on real processes: `bin/repasse serve` killed again and again under a bank that misbehaves, then the calm, then the audit. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bank, Faults, Settings } from '../../sim/bank.ts'
import { freePort, mustRepasse, startWorker, type Worker } from '../../sim/demoWorker.ts'
import { startBank } from '../../sim/server.ts'
import { noFaults } from '../../sim/settings.ts'
import { hastyClock, seededRandom, systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { instant, type Clock, type World } from '../../src/base/world.ts'
import { connectStarkbank } from '../../src/rails/starkbank/starkbank.ts'
import { openStore, sql, type Store } from '../../src/store/store.ts'
import { makeInbox, settleInbox } from '../../src/webhooks/webhooks.ts'
import { audit } from '../simulation/oracle.ts'
import { allHeard, attend, nextDue } from '../simulation/settled.ts'
import { openDoor } from './door.ts'
import { crashAt, namedPoints } from './points.ts'

export interface StormOptions {
  seed: number
  kills: number
  /** `sqlite:` is kept in the storm's own folder; else the URL of an empty database. */
  databaseUrl: string
  workers: number
  say?: (line: string) => void
}

export interface Told {
  /** What does not hold, as sentences; empty is the proof. */
  faults: string[]
  /** How often a process died where; `anywhere` is a kill from outside. */
  deaths: Map<string, number>
  figures: { invoices: number; credited: number; transfers: number; events: number; seconds: number; virtualMinutes: number }
  /** The folder with databases and logs, left behind when something does not hold. */
  folder: string | undefined
}

const projectId = '5656565656565656'
const speed = 30
const minute = 60_000
const longestCalmMs = 180_000

const settings: Partial<Settings> = {
  // The SDK signs with the machine's time, and this bank has another.
  skewSeconds: 1e9,
  payRate: 0.85,
  payDelayMs: [2_000, 90_000],
  fee: 50,
  transferFailRate: 0.05,
  reversalRate: 0,
  startingBalance: 0,
  // Sooner than the bank's own 5, 30 and 120 minutes, so that the last of them is over before patience is.
  retryDelaysMs: [20_000, minute, 3 * minute],
}

const faults: Partial<Faults> = {
  duplicate: 0.1,
  delay: 0.1,
  reorder: 0.1,
  drop: 0.1,
  wrongSignature: 0.05,
  foreignWorkspace: 0.05,
  tampered: 0.05,
  status429: 0.03,
  status500: 0.03,
  status502Html: 0.03,
  html200: 0.02,
  hang: 0.01,
  hangAfterCommit: 0.02,
  resetBefore: 0.02,
  resetAfterCommit: 0.03,
}

/** One place a worker runs in: its folder holds its `.env` and its log over all its lives. */
interface Place {
  folder: string
  port: number
  worker: Worker | undefined
}

export async function storm({ seed, kills, databaseUrl, workers, say = () => undefined }: StormOptions): Promise<Told> {
  const startedAt = systemClock.now()
  const clock = hastyClock(speed, startedAt)
  const random = seededRandom(seed)
  const folder = mkdtempSync(join(tmpdir(), 'repasse-storm-'))
  const url = databaseUrl === 'sqlite:' ? `sqlite:${join(folder, 'house.db')}` : databaseUrl
  const found: string[] = []
  const deaths = new Map<string, number>()
  const died = () => [...deaths.values()].reduce((sum, count) => sum + count, 0)

  const bank = await startBank({ clock, random: seededRandom(seed ^ 0x5eed), settings, deliveryTimeoutMs: 2_000 })
  const places: Place[] = []
  for (let place = 0; place < workers; place++)
    places.push({ folder: join(folder, `w${place + 1}`), port: await freePort(), worker: undefined })
  const door = await openDoor(
    places.map(({ port }) => port),
    random,
  )
  const lives: Promise<void>[] = []
  const closing: (() => unknown)[] = [() => door.close(), () => bank.close()]
  try {
    const { privateKeyPem } = furnish(places, bank.bank, { url, apiUrl: bank.url, clock: `${speed}x since ${instant(startedAt)}`, folder })
    const home = places[0]!.folder
    await configure(home)
    bank.bank.addWebhook(`${door.url}/webhooks/starkbank`)
    bank.bank.setFaults(faults)

    say(`${workers} ${workers === 1 ? 'worker' : 'workers'} on ${url.split(':')[0]}, one second is ${speed}, seed ${seed}`)
    const over = new AbortController()
    for (const place of places) lives.push(liveAndDie(place, over.signal))
    await killThem(over)
    say(`${died()} deaths in ${Math.round((systemClock.now() - startedAt) / 1_000)} s; now the calm`)

    bank.bank.setFaults(noFaults)
    bank.bank.setSettings({ transferFailRate: 0 })
    // What transfers cost must be coverable, or the last payouts wait for ever.
    bank.bank.deposit(10_000_000)
    await Promise.all(lives)
    for (const place of places) place.worker = startWorker(place.folder, line => line)
    await mustRepasse(home, ['schedule', 'pause', 'trial', '--why', 'the storm is over'])

    const world: World = { clock, random, log: silentLog, at: () => undefined }
    const store = await openStore(url, { clock, random, virtual: true })
    closing.unshift(() => store.close())
    const open = await settled(store, bank.bank, clock, say)
    if (open !== undefined) found.push(open)
    for (const { worker } of places) {
      const { code, signal } = (await worker!.stop(), await worker!.ended)
      if (code !== 0) found.push(`a worker that was asked to end ended with ${code ?? signal}`)
    }

    const workspaceId = bank.bank.settings.workspaceId
    const rail = connectStarkbank({ environment: 'sandbox', projectId, workspaceId, privateKeyPem, apiUrl: bank.url, ...world })
    closing.unshift(() => rail.close())
    const terms = { transferFeeBy: 'receiver', transferFeeUnits: 0n } as const
    const desk = { store, world, worker: 'the audit', rail, inbox: makeInbox(store, world), terms, pollSeconds: 60 }
    // The last poll may have brought what was known already, a moment before its worker ended.
    await settleInbox(desk)
    found.push(...(await audit(store, bank.bank, desk)))
    if (store.engine === 'sqlite') {
      const [{ integrity_check: integrity }] = (await store.all<{ integrity_check: string }>(sql`pragma integrity_check`)) as [
        { integrity_check: string },
      ]
      if (integrity !== 'ok') found.push(`the database is damaged: ${integrity}`)
    }
  } catch (error) {
    found.push(`the storm itself failed: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    for (const { worker } of places) worker?.kill()
    await Promise.allSettled(lives)
    for (const close of closing) await close()
  }
  const invoices = bank.bank.invoices()
  if (invoices.length === 0) found.push('nothing was issued, so nothing was shown')
  if (found.length === 0) rmSync(folder, { recursive: true, force: true })
  return {
    faults: found,
    deaths,
    figures: {
      invoices: invoices.length,
      credited: invoices.filter(({ id }) => bank.bank.isCredited(id)).length,
      transfers: bank.bank.transfers().length,
      events: bank.bank.eventsCreated().length,
      seconds: Math.round((systemClock.now() - startedAt) / 1_000),
      virtualMinutes: Math.round((clock.now() - startedAt) / minute),
    },
    folder: found.length === 0 ? undefined : folder,
  }

  /** Starts a worker again each time it is gone; each is to die somewhere else. */
  async function liveAndDie(place: Place, over: AbortSignal): Promise<void> {
    const points = namedPoints()
    while (!over.aborted) {
      let where = 'anywhere'
      const worker = startWorker(place.folder, line => ((where = killedAt(line) ?? where), line), {
        CRASH_AT: crashAt(points, deaths, random),
      })
      place.worker = worker
      const { code, signal } = await worker.ended
      if (signal !== 'SIGKILL') found.push(`a worker ended by itself (${signal ?? code}): ${worker.recent().slice(-2).join(' ')}`)
      deaths.set(where, (deaths.get(where) ?? 0) + 1)
      if (found.length > 5) return
    }
  }

  /** Kills from outside, at moments of no meaning, until enough have died in either way. */
  async function killThem(over: AbortController): Promise<void> {
    while (died() < kills && found.length <= 5) {
      // A worker needs about a second to stand; some are killed before that.
      await sleep(random.between(400, 6_000) / Math.min(workers, 2))
      places[random.between(0, places.length - 1)]!.worker?.kill()
    }
    over.abort()
    for (const { worker } of places) worker?.kill()
  }
}

const killedAt = (line: string): string | undefined => /^\{"killedAt":"([^"]+)"\}$/.exec(line)?.[1]

/** A key, and for each worker a folder with its `.env`. */
function furnish(
  places: Place[],
  bank: Bank,
  { url, apiUrl, clock, folder }: { url: string; apiUrl: string; clock: string; folder: string },
): { privateKeyPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  const keyFile = join(folder, 'project.pem')
  const privateKeyPem = privateKey.export({ type: 'sec1', format: 'pem' }) as string
  writeFileSync(keyFile, privateKeyPem, { mode: 0o400 })
  bank.addProject({ id: projectId, publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }) as string })
  for (const place of places) {
    mkdirSync(place.folder)
    const lines = {
      DATABASE_URL: url,
      LISTEN: `127.0.0.1:${place.port}`,
      LOG_LEVEL: 'info',
      STARKBANK_ENVIRONMENT: 'sandbox',
      STARKBANK_PROJECT_ID: projectId,
      STARKBANK_WORKSPACE_ID: bank.settings.workspaceId,
      STARKBANK_PRIVATE_KEY_FILE: keyFile,
      STARKBANK_API_URL: apiUrl,
      STARKBANK_POLL_SECONDS: '60',
      CLOCK: clock,
    }
    const text = Object.entries(lines).map(([name, value]) => `${name}=${value}\n`)
    writeFileSync(join(place.folder, '.env'), text.join(''))
  }
  return { privateKeyPem }
}

/** An approved account, and slots that fall due all the time. */
async function configure(home: string): Promise<void> {
  await mustRepasse(home, ['migrate'])
  const account =
    '--name main --tax-id 20.018.183/0001-80 --bank 20018183 --branch 0001 --number 6341320293482496 --type payment --by maker'
  await mustRepasse(home, ['account', 'add', ...account.split(' '), '--holder', 'Stark Bank S.A.'])
  await mustRepasse(home, ['account', 'approve', 'main', '--by', 'checker'])
  const rule =
    '--name trial --rail starkbank --time-zone America/Sao_Paulo --due-in 2d --count 3..8 --amount 20.00..1000.00 --payers random'
  await mustRepasse(home, ['schedule', 'add', ...rule.split(' '), '--pay-to', 'main', '--commission', '1.5%', '--cron', '*/2 * * * *'])
}

/** Waits until nothing is open here and nothing is under way there; answers what still is when that takes too long. */
async function settled(store: Store, bank: Bank, clock: Clock, say: (line: string) => void): Promise<string | undefined> {
  for (const until = systemClock.now() + longestCalmMs; systemClock.now() < until; await sleep(500)) {
    await attend(store)
    const bankNext = bank.nextDueAt() ?? Infinity
    const next = await nextDue(store)
    if (next === undefined && bankNext > clock.now() + 10 * minute && (await allHeard(store, bank))) {
      say(`settled at ${instant(clock.now())}`)
      return undefined
    }
  }
  return `it did not settle: ${await nextDue(store)} is due at ${instant(clock.now())}`
}
