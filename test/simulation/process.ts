/**
 * One process of the installation, which may end between any two effects as kill -9 ends it: what it held in
 * memory is gone, nothing of it runs on.
 */
import type { Bank } from '../../sim/bank.ts'
import type { Chain } from '../../sim/chain/chain.ts'
import type { Log } from '../../src/base/log.ts'
import type { Retention } from '../../src/base/retentionSettings.ts'
import type { Random } from '../../src/base/world.ts'
import { newWatching } from '../../src/chain/chain.ts'
import { hearDenied } from '../../src/ledger/ledger.ts'
import { Crash, type BitcoinSetup, type App } from '../../src/jobs/jobs.ts'
import type { Terms } from '../../src/payout/payout.ts'
import { bitcoinRail, type AccountParts } from '../../src/rails/bitcoin/bitcoin.ts'
import { networks } from '../../src/rails/bitcoin/network.ts'
import { chainNode } from '../../src/rails/bitcoin/node.ts'
import { rpcClient } from '../../src/rails/bitcoin/rpc.ts'
import type { ChainRail } from '../../src/rails/chain.ts'
import { starkbankRail } from '../../src/rails/starkbank/starkbank.ts'
import { DbUnavailable, type Reader, type Db, type Tx } from '../../src/db/db.ts'
import { makeInbox, type Inbox } from '../../src/webhooks/webhooks.ts'
import type { Busy } from './busy.ts'
import type { VirtualClock } from './clock.ts'
import { wallClock, type Wall } from './jumps.ts'
import { nodeWire } from './nodeWire.ts'
import { lagging, oneByOne } from './together.ts'
import { wire } from './wire.ts'

/** How likely each misfortune is at its occasion; the driver sets these to nothing when the storm is over. */
export interface Weather {
  /** The process ends at a named point, around a commit, or around a request. */
  crash: number
  /** A transaction finds the database busy. */
  busy: number
  /** A request takes its time, up to 4 s. */
  slow: number
  /**
   * What was under way at a point stands still there, for up to ten minutes, as if its process were stopped.
   */
  stall: number
}

export interface ProcessParts {
  name: string
  bank: Bank
  db: Db
  clock: VirtualClock
  /** The machine's wall clock, where somebody sets it. */
  wall?: Wall | undefined
  random: Random
  /** What stalls are drawn from. */
  stalls: Random
  /** What lists that lag are drawn from, where the bank is asked about many things at once. */
  together?: Random | undefined
  weather: Weather
  terms: Terms
  pollSeconds: number
  /** The bank's keys as the database keeps them. */
  keys: string[]
  /** How long what is personal is kept, where something of it is dropped. */
  retention?: Retention | undefined
  /** The second rail, where there is one. */
  bitcoin?: BitcoinParts | undefined
  busy: Busy
  trace: (line: string) => void
  /** Whether whoever comes to that point dies there, whatever chance says. */
  mustDie: (name: string) => boolean
  /** Told of each point that was passed, and where it died. */
  onPoint: (name: string, died: boolean) => void
  /** Told of each time something stood still. */
  onStall: () => void
}

export interface BitcoinParts {
  chain: Chain
  isDown: () => boolean
  account: Omit<AccountParts, 'log'>
  app: Omit<BitcoinSetup, 'watching'>
  /** Derives as the rail does, and remembers: it is the same in every life. */
  derive: ChainRail['derive']
}

export interface Process {
  name: string
  app: App
  /** Names of jobs at work. */
  atWork: Set<string>
  readonly alive: boolean
  /** Resolves when the process ends. */
  ended: Promise<void>
  kill(where: string): void
}

/** Only a scan from below the first block that was ever read comes here. */
const hardlyEver = 'block entered'
const seldom = new Set([
  ...[
    'payouts looked up',
    'payout asked for again',
    'invoices looked up',
    'refund claimed',
    'cancelation asked',
  ],
  ...[
    'block left behind',
    'block read again',
    'bundle planned',
    'fee rate asked',
    'bundle signed',
    'bundle bytes kept',
    'bundle sent',
  ],
  ...[
    'bundle bumped',
    'before sendrawtransaction',
    'after sendrawtransaction',
    'before walletprocesspsbt',
    'after walletprocesspsbt',
  ],
])

/** The node is asked so often that a process would die of nothing else. */
const isQuestion = (where: string) => /^(before|after) (get|estimate)/.test(where)

/**
 * Within the inbox's own turn, for which the clock waits: whoever slept there would wait for the clock, and
 * it for them.
 */
const gathering = 'events kept'
/** Between a claim and its call, where whoever stands still is taken for dead. */
const hurts = /^(invoices|payouts) claimed$|^before POST /
const longestStallMs = 600_000

const never = <T>(): Promise<T> => new Promise<T>(() => undefined)

export function startProcess(parts: ProcessParts): Process {
  const { name, bank, clock, random, weather, trace, busy, onPoint } = parts
  const self = { alive: true }
  let keeping = 0
  const ended = Promise.withResolvers<void>()
  const kill = (where: string) => {
    if (!self.alive) return
    self.alive = false
    busy.leave(keeping)
    clock.forget(self)
    trace(`${name} killed ${where}`)
    ended.resolve()
  }
  const own = parts.wall ? wallClock(clock.of(self), parts.wall) : clock.of(self)
  const chance = (probability: number) => probability > 0 && random.next() < probability
  const passed = new Set<string>()
  const dies = (where: string): boolean => {
    // Where a process comes seldom it would seldom die: the first time it passes a point is the likeliest to
    // be the last.
    const first = where === hardlyEver ? 400 : seldom.has(where) ? 40 : 5
    const weight = isQuestion(where) ? 0.1 : passed.has(where) ? 1 : first
    // Chance is asked all the same, so that the story is the seed's up to there.
    const isUnlucky = chance(weather.crash * weight)
    const now = self.alive && (isUnlucky || parts.mustDie(where))
    passed.add(where)
    onPoint(where, now)
    if (now) kill(where)
    return !self.alive
  }
  const at = (where: string): Promise<void> => {
    if (dies(where)) return never()
    // Chance of its own, so that the other seeds' stories stay what they were.
    const likely = weather.stall * (hurts.test(where) ? 10 : 1)
    if (likely === 0 || isQuestion(where) || where === gathering || parts.stalls.next() >= likely)
      return Promise.resolve()
    const ms = parts.stalls.between(1_000, longestStallMs)
    parts.onStall()
    trace(`${name} stands still for ${ms} ms at ${where}`)
    return own.sleep(ms)
  }

  const log = tracing(name, trace, () => self.alive)
  const db = mortal(parts.db)
  const world = { clock: own, random, log, at }
  const latencyMs = () => (chance(weather.slow) ? random.between(1, 4_000) : 0)
  const direct = wire({
    bank,
    clock: own,
    at,
    latencyMs,
    trace: line => trace(`${name} ${line}`),
    bankNow: () => clock.now(),
  })
  const connected = starkbankRail({
    bank: parts.together ? lagging(direct, bank, parts.together) : direct,
    workspaceId: bank.settings.workspaceId,
    clock: own,
    random,
    log,
    keys: { initial: parts.keys.map(pem => ({ pem })), onNewKey: pem => void parts.keys.push(pem) },
    onDenied: why => void hearDenied(db, log, why),
  })
  const rail = parts.together ? connected : oneByOne(connected)
  const inbox = makeInbox(db, world)
  // The inbox gathers for some turns of the event loop: nobody sleeps, and the store is not at work yet.
  const counted: Inbox = {
    keep(arrival) {
      if (!self.alive) return never()
      keeping++
      busy.enter()
      return inbox.keep(arrival).finally(() => {
        if (!self.alive) return
        keeping--
        busy.leave()
      })
    },
  }
  const coins = parts.bitcoin && openCoins(parts.bitcoin)
  const app: App = {
    db,
    world,
    worker: `machine/${name}`,
    rails: { starkbank: rail, ...(coins && { bitcoin: coins }) },
    inbox: counted,
    terms: parts.terms,
    pollSeconds: parts.pollSeconds,
    ...(parts.retention && { retention: parts.retention }),
    ...(coins && { bitcoin: { ...parts.bitcoin!.app, watching: newWatching(coins) } }),
  }

  return {
    name,
    app,
    atWork: new Set(),
    ended: ended.promise,
    kill,
    get alive() {
      return self.alive
    },
  }

  function openCoins({ chain, isDown, account, derive }: BitcoinParts): ChainRail {
    const send = nodeWire({
      chain,
      isDown,
      clock: own,
      at,
      latencyMs,
      trace: line => trace(`${name} ${line}`),
    })
    const rpc = rpcClient({ url: 'http://installation:simulated@node', clock: own, fetch: send })
    return {
      ...bitcoinRail({ ...account, log, node: chainNode({ rpc, network: networks[account.network] }) }),
      derive,
    }
  }

  /**
   * The store as this process has it. A transaction open at its end rolls back; an answer it did not live to
   * hear is never heard.
   */
  function mortal(real: Db): Db {
    async function living<T>(work: () => Promise<T>): Promise<T> {
      if (!self.alive) return never()
      busy.enter()
      try {
        const result = await work()
        return self.alive ? result : never()
      } catch (error) {
        if (!self.alive) return never()
        throw error
      } finally {
        busy.leave()
      }
    }
    const reader = (on: Reader): Reader => ({
      store: on.store,
      all: statement => (mustLive(), on.all(statement)),
      one: statement => (mustLive(), on.one(statement)),
    })
    const inside = (tx: Tx): Tx => ({
      ...reader(tx),
      run: statement => (mustLive(), tx.run(statement)),
      now: () => (mustLive(), tx.now()),
    })
    const mustLive = () => {
      if (!self.alive) throw new Crash('the process has ended')
    }
    return {
      ...real,
      all: statement => living(() => real.all(statement)),
      one: statement => living(() => real.one(statement)),
      tx: work =>
        living(async () => {
          if (chance(weather.busy)) throw new DbUnavailable('the database is held by another process')
          const result = await real.tx(async tx => {
            const made = await work(inside(tx))
            if (dies('before a commit')) throw new Crash('before a commit')
            return made
          })
          dies('after a commit')
          return result
        }),
    }
  }
}

/** What the installation warns of is part of the story. */
function tracing(name: string, trace: (line: string) => void, alive: () => boolean): Log {
  const say = (level: string) => (fields: object, message: string) => {
    if (alive())
      trace(
        `${name} ${level} ${message} ${JSON.stringify({ ...fields, stack: undefined }, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`,
      )
  }
  const log: Log = { debug() {}, info: say('info'), warn: say('warn'), error: say('error'), child: () => log }
  return log
}
