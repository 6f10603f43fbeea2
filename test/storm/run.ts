/**
 * One storm on real processes: `bin/repasse serve` killed again and again under a bank that misbehaves, then
 * the calm, then the audit.
 */
import { rmSync } from 'node:fs'
import { systemClock } from '../../src/base/clock.ts'
import { calmAndAudit } from './calm.ts'
import type { CoinStage } from './coins.ts'
import { peopleOf } from './people.ts'
import { crashAt, stormPoints } from './points.ts'
import { pause, setStage, startIn, type Place, type Stage, type StageOptions } from './stage.ts'

export interface Told {
  /** What does not hold, as sentences; empty is the proof. */
  faults: string[]
  /** How often a process died where; `anywhere` is a kill from outside. */
  deaths: Map<string, number>
  figures: {
    invoices: number
    credited: number
    transfers: number
    events: number
    seconds: number
    virtualMinutes: number
    /** How long the storm's clock stood still, because the machine gave some process no processor. */
    stoodSeconds: number
  }
  /** The folder with databases and logs, left behind when something does not hold. */
  folder: string | undefined
  /**
   * What a person needs when something does not hold: the seed, the folder, the last lines of each worker.
   */
  evidence: string[]
}

/** The bank and the way to it, at their worst. */
export const weather: Pick<StageOptions, 'settings' | 'faults'> = {
  settings: {
    payRate: 0.85,
    payDelayMs: [2_000, 90_000],
    fee: 50,
    transferFailRate: 0.05,
    // Sooner than the bank's own 5, 30 and 120 minutes, so that the last of them is over before patience is.
    retryDelaysMs: [20_000, 60_000, 180_000],
  },
  faults: {
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
  },
}

/** What is going on while workers die and are started again. */
export interface Scene {
  stage: Stage
  /** How many have died. */
  died: () => number
  /** Things that must not be, as they are seen; more than a few end the scene. */
  found: string[]
  killOne: () => void
}

export interface PlayOptions extends StageOptions {
  /** For `CRASH_AT` of each life. */
  fate: (deaths: ReadonlyMap<string, number>, stage: Stage) => string
  /** Resolves when it has gone on for long enough. */
  meanwhile: (scene: Scene) => Promise<void>
  /**
   * Operators act while it goes on, money goes back whole and in part, and the bank turns us away now and
   * then.
   */
  people?: boolean
  /** A last look at what is left, after the audit. */
  last?: (stage: Stage) => Promise<void>
  say?: (line: string) => void
}

/** Sets the stage, lets workers live and die until `meanwhile` is over, and judges what is left. */
export async function play({
  fate,
  meanwhile,
  last,
  people: withPeople = false,
  say = () => undefined,
  ...options
}: PlayOptions): Promise<Told> {
  const stage = await setStage({ ...options, say })
  const { bank, folder, places, startedAt, world } = stage
  const found: string[] = []
  const deaths = new Map<string, number>()
  const died = () => [...deaths.values()].reduce((sum, count) => sum + count, 0)
  const killOne = () => places[world.random.between(0, places.length - 1)]!.worker?.kill()
  const secondsSo = () => Math.round((systemClock.now() - startedAt) / 1_000)
  say(
    `${places.length} ${places.length === 1 ? 'worker' : 'workers'} on ${stage.db.engine}${stage.coins ? `, with ${stage.coins.is}` : ''}, seed ${options.seed}`,
  )
  try {
    const over = new AbortController()
    const lives = places.map(place => liveAndDie(place, over.signal))
    const chainActors = stage.coins && onChain(stage.coins, stage, over.signal)
    const people = withPeople ? peopleOf(stage) : undefined
    const acting = people?.act(over.signal)
    await meanwhile({ stage, died, found, killOne }).finally(() => {
      over.abort()
      for (const { worker } of places) worker?.kill()
    })
    await Promise.all([...lives, chainActors, acting])
    await people?.settle()
    say(`${died()} deaths in ${secondsSo()} s; now the calm`)
    found.push(...(await calmAndAudit(stage, say)))
    found.push(...(people?.found ?? []))
    for (const [is, { done, refused }] of people?.figures ?? [])
      say(`  ${String(done).padStart(5)} times: ${is} (and ${refused} refused)`)
    await last?.(stage)
  } catch (error) {
    found.push(`the storm itself failed: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    await stage.close()
  }
  const invoices = bank.invoices()
  const credited = invoices.filter(({ id }) => bank.isCredited(id)).length
  if (credited === 0) found.push('nothing was paid, so nothing was shown')
  if (found.length === 0) rmSync(folder, { recursive: true, force: true })
  return {
    faults: found,
    deaths,
    figures: {
      invoices: invoices.length,
      credited,
      transfers: bank.transfers().length,
      events: bank.eventsCreated().length,
      seconds: secondsSo(),
      virtualMinutes: Math.round((world.clock.now() - startedAt) / 60_000),
      stoodSeconds: Math.round((stage.kept?.stoodMs() ?? 0) / 1_000),
    },
    folder: found.length === 0 ? undefined : folder,
    evidence: [
      `seed ${options.seed}; the folder is ${folder}; a storm like it: ./dev-utils.sh storm --seed ${options.seed} --workers ${places.length}`,
      ...places.flatMap(({ folder: own, worker }) => [
        `${own}:`,
        ...(worker?.recent() ?? []).map(line => `  ${line}`),
      ]),
    ],
  }

  /** Blocks come, and what is asked for is paid, whoever of the installation is alive. */
  async function onChain(coins: CoinStage, { db }: Stage, over: AbortSignal): Promise<void> {
    for (; !over.aborted; await pause(world, world.random.between(300, 900))) await coins.step(db)
  }

  /** Starts a worker again each time it is gone. Only kill -9 may end one. */
  async function liveAndDie(place: Place, over: AbortSignal): Promise<void> {
    while (!over.aborted && found.length <= maxFound) {
      let where = 'anywhere'
      const worker = startIn(stage, place, fate(deaths, stage), line => (where = killedAt(line) ?? where))
      const { code, signal } = await worker.ended
      if (signal !== 'SIGKILL')
        found.push(`a worker ended by itself (${signal ?? code}): ${worker.recent().slice(-2).join(' ')}`)
      deaths.set(where, (deaths.get(where) ?? 0) + 1)
    }
  }
}

export const maxFound = 5
const fewestPayments = 3
const killedAt = (line: string): string | undefined => /^\{"killedAt":"([^"]+)"\}$/.exec(line)?.[1]

export interface StormOptions {
  seed: number
  kills: number
  databaseUrl: string
  workers: number
  trueClock?: boolean
  people?: boolean
  say?: (line: string) => void
}

/**
 * Kills from outside at moments of no meaning, and from inside wherever fewest have died, until `kills` are
 * dead.
 */
export function storm({ kills, ...options }: StormOptions): Promise<Told> {
  const points = stormPoints()
  return play({
    ...options,
    ...weather,
    ...(options.people && {
      settings: {
        ...weather.settings,
        reversalRate: 0.15,
        reversalPartRate: 0.5,
        reversalDelayMs: [500, 120_000],
      },
    }),
    rule: ['--cron', '*/2 * * * *', '--time-zone', 'America/Sao_Paulo', '--count', '3..8'],
    coinRule: ['--cron', '*/2 * * * *', '--time-zone', 'America/Sao_Paulo', '--count', '1..3'],
    fate: (deaths, { world }) => crashAt(points, deaths, world.random),
    async meanwhile({ stage, died, found, killOne }) {
      // However soon enough have died: a few must have paid, or nothing would be shown.
      const paid = () => stage.coins!.figures.payments
      while ((died() < kills || paid() < fewestPayments) && found.length <= maxFound) {
        // A worker needs about a second to stand; some are killed before that. At the machine's own speed
        // what it does takes longer.
        const lifeMs = stage.world.random.between(400, 6_000) * (stage.kept ? 1 : 5)
        await pause(stage.world, lifeMs / Math.min(stage.places.length, 2))
        killOne()
      }
    },
  })
}
