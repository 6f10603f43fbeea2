/**
 * An installation, its bank and its misfortunes in one process on one clock: everything that happens follows
 * from the seed.
 */
import { createHash } from 'node:crypto'
import { makeBank, type Bank, type Delivery, type Invoice, type Outcome } from '../../sim/bank.ts'
import { noFaults } from '../../sim/settings.ts'
import { seededRandom } from '../../src/base/clock.ts'
import { nextSlots, parseCron } from '../../src/base/cron.ts'
import { silentLog } from '../../src/base/log.ts'
import { instant, millis, type Millis, type World } from '../../src/base/world.ts'
import type { PayTerms } from '../../src/base/payTerms.ts'
import { scan, timetable, wake, type Job } from '../../src/jobs/jobs.ts'
import { balances, type Account } from '../../src/ledger/ledger.ts'
import { sql, type Db } from '../../src/db/db.ts'
import { openBusy } from './busy.ts'
import { hasCancels, openCancels, type Cancels } from './cancels.ts'
import { drawChain, type ChainScenario } from './chainScenario.ts'
import { openCoins, type Coins } from './coins.ts'
import { hasCounter, openCounter, takesBack, type Counter } from './counter.ts'
import { hasLimits, openLimits } from './limits.ts'
import { judgeLate, lateChange, lateTerms, paysLate } from './late.ts'
import { audit } from './oracle.ts'
import { allHeard, attend, decideTwins, moves, nextDue } from './settled.ts'
import type { Judged } from './chainOracle.ts'
import { drawAbsence, hasAbsence, letGoHeld, openAbsence } from './absences.ts'
import { hasDenials, openDenials } from './denials.ts'
import { editsChange, hasEdits, openEdits, type Edits } from './edits.ts'
import { hasJumps, openJumps, wallClock } from './jumps.ts'
import { hasForgetting, openForgetting, stormRetention, type Forgetting } from './forgetting.ts'
import { startProcess, type Process } from './process.ts'
import { hasGivers } from './givers.ts'
import { hasRefusals, openFullNode } from './refusals.ts'
import { hasRewards, openMiners } from './rewards.ts'
import { openShoppers, type Shoppers, type Visit } from './shoppers.ts'
import { hasStrangers, openStrangers } from './strangers.ts'
import type { ChainActors } from './chainActors.ts'
import { unlisted } from './unlisted.ts'
import { hasVerdicts, openVerdicts, type Verdicts } from './verdicts.ts'
import { hasReturns, judgeReturns, openReturns, returnsChange, type Returns } from './returns.ts'
import { hasChainRestores, hasRestores, openRestores, replaceable, type Restores } from './restores.ts'
import { drawScenario, type Scenario } from './scenario.ts'
import { asksTogether } from './together.ts'
import { virtualClock } from './clock.ts'
import { openKept, openMigrated } from '../testbed/migrated.ts'
import { openTrialAccount } from '../testbed/trial.ts'
import { addSchedule } from '../testbed/acts.ts'

export interface Told {
  seed: number
  /** What does not hold, as sentences; empty is the proof. */
  faults: string[]
  trace: string[]
  /** SHA-256 of the trace: two runs of one seed agree in it. */
  digest: string
  /** How often a process died at each point it could die at. */
  deaths: Map<string, number>
  /** Invoices of each slot of the bank's schedule, in the order of the day. */
  perSlot: number[]
  balances: Record<Account, bigint>
  figures: {
    invoices: number
    credited: number
    transfers: number
    events: number
    duplicates: number
    stalls: number
    crashes: number
    /** Limits changed, and payouts that two people let go beyond them. */
    limitChanges: number
    letBeyond: number
    virtualMinutes: number
  }
  /** What happened on the chain, where the installation had one. */
  chain?: ChainFigures
  /** What people did about invoices, where money went back. */
  returns?: Returns['figures']
  /** What happened in the shop, where the installation kept one. */
  shop?: Shoppers['figures']
  /** What people did at the counter, where there is one. */
  counter?: Counter['figures']
  /** What people edited, canceled and said, where they did. */
  people: Partial<
    Edits['figures'] & Cancels['figures'] & Verdicts['figures'] & Restores['figures'] & Forgetting['figures']
  >
}

export type ChainFigures = ChainActors['figures'] & {
  requests: number
  credited: number
  paid: number
  lost: number
  dead: number
  stolen: number
  stops: number
}

export interface TellOptions {
  /** What the seed would have drawn, changed. */
  change?: (scenario: Scenario) => Partial<Scenario>
  /** The same for the chain; undefined leaves it out, and `chainOf` says which seeds have one. */
  chain?: (seed: number) => ChainScenario | undefined
  /** Another database than one in memory; each worker opens its own. */
  databaseUrl?: string
  /** A named point, or an effect: whoever comes there first dies there. */
  diesAt?: string | undefined
}

const pollSeconds = 60
const minute = 60_000
const maxRounds = 600
/** In the calm what falls due within this is done together, as it was about as often in the storm. */
const calmStrideMs = 15_000

/** One seed in ten has the Bitcoin rail beside the bank's: those take ten times as long to tell. */
export const chainOf = (seed: number): ChainScenario | undefined =>
  seed % 10 === 0 ? drawChain(seededRandom(seed ^ 0xb17c)) : undefined

/**
 * One seed in five keeps a shop, on both rails where it has both; not where backups are restored, which
 * forget its orders.
 */
export const hasShop = (seed: number): boolean => seed % 5 === 0 && !hasChainRestores(seed)

/** In one seed of nine some requests reach the bank twice, so that an invoice has a duplicate there. */
export const hasTwins = (seed: number): boolean => seed % 9 === 4

/**
 * In one seed of seven workers stand still, between a claim and its call among other places, while the others
 * go on.
 */
export const hasStalls = (seed: number): boolean => seed % 7 === 3

/**
 * In one seed of thirteen sums are added up meanwhile; a sum is the same without it, and the other stories
 * stay what they were.
 */
export const addsUp = (seed: number): boolean => seed % 13 === 5

/** What the installation had the bank make, and when. */
const madeAt = (bank: Bank) => [
  ...bank.invoices().map(({ id, created }) => ({ what: `invoice ${id}`, at: millis(created) })),
  ...bank
    .transfers()
    .map(({ externalId, created }) => ({ what: `transfer ${externalId}`, at: millis(created) })),
]

/** Where the network repeats nothing, nobody but us could have asked for an invoice a second time. */
function askedTwice(invoices: readonly Invoice[]): string[] {
  const byTag = Map.groupBy(invoices, ({ tags }) => tags.find(tag => tag.startsWith('inv_')) ?? '')
  return [...byTag]
    .filter(([, same]) => same.length > 1)
    .map(([tag, same]) => `${tag} was asked for ${same.length} times`)
}

/** Tells the story of one seed: the storm, the calm after it, and the audit. */
export async function tell(
  seed: number,
  { change, chain: chainScenarioOf = chainOf, databaseUrl = 'sqlite::memory:', diesAt }: TellOptions = {},
): Promise<Told> {
  const random = seededRandom(seed)
  const drawn = drawScenario(random)
  // In a shop more people think better of it, so that codes run out and are asked for again.
  const settings = hasShop(seed) ? { ...drawn.settings, payRate: 0.5 } : drawn.settings
  const faults = hasTwins(seed) ? { ...drawn.faults, repeated: 0.2 } : drawn.faults
  const usual = { ...drawn, settings: { ...settings }, faults }
  if (hasReturns(seed)) Object.assign(usual.settings, returnsChange(seed, seededRandom(seed ^ 0xbac4)))
  const away = hasAbsence(seed) ? drawAbsence(seededRandom(seed ^ 0xab5e)) : undefined
  const longer = away ? { windowMs: drawn.windowMs + away.forMs } : {}
  const changed = hasEdits(seed) ? editsChange(usual) : usual
  const scenario = { ...(paysLate(seed) ? lateChange(changed) : changed), ...longer, ...change?.(drawn) }
  const clock = virtualClock(scenario.startsAt)
  const trace: string[] = []
  const say = (line: string) => void trace.push(`${instant(clock.now()).slice(11, 23)} ${line}`)
  const deaths = new Map<string, number>()
  const onPoint = (name: string, died: boolean) =>
    void deaths.set(name, (deaths.get(name) ?? 0) + (died ? 1 : 0))
  say(`scenario ${asText(scenario)}`)

  const jumps = hasJumps(seed) ? openJumps(clock, seededRandom(seed ^ 0xc10c), say) : undefined
  const bank = makeBank({
    clock,
    random: seededRandom(seed ^ 0x5eed),
    settings: scenario.settings,
    faults: scenario.faults,
  })
  bank.addWebhook('http://installation/webhooks/starkbank')
  const denials = hasDenials(seed) ? openDenials(bank, seededRandom(seed ^ 0xde41), say) : undefined
  const world: World = { clock, random, log: silentLog, at: () => undefined }
  const busy = openBusy()
  const stores: Db[] = []
  const mayBeKept = databaseUrl === 'sqlite::memory:' && !hasRestores(seed) && !hasForgetting(seed)
  const open = async () => {
    const ours = jumps ? wallClock(clock, jumps.wall, { judged: false }) : clock
    const at = { clock: ours, random, virtual: true }
    const db = mayBeKept ? await openKept(at, clock) : await openMigrated(databaseUrl, at, clock)
    stores.push(db)
    return db
  }
  const opened = await open()
  const replacing = hasRestores(seed) ? replaceable(opened) : undefined
  const db = replacing?.db ?? opened
  if (replacing) stores[0] = db
  await furnish(db, world, scenario, lateTerms(seed))
  const absence = away && openAbsence(db, away, say)
  const chainScenario = chainScenarioOf(seed)
  const coins =
    chainScenario &&
    (say(`chain ${asText(chainScenario)}`),
    await openCoins({
      givers: hasGivers(seed) ? seededRandom(seed ^ 0x61f7) : undefined,
      mayStop: hasEdits(seed) || hasVerdicts(seed) || hasRestores(seed),
      isRestored: hasRestores(seed),
      ...{ scenario: chainScenario, clock, random: seededRandom(seed ^ 0xc0145), db, world, trace: say },
      ...{ endsAt: instant(scenario.startsAt + scenario.windowMs), commissionBp: scenario.commissionBp },
    }))

  const miners =
    coins && hasRewards(seed)
      ? openMiners({
          ...{
            chain: coins.chain,
            db,
            random: seededRandom(seed ^ 0x3119e5),
            isDown: coins.chainActors.isDown,
            trace: say,
          },
          scriptOf: index => coins.parts.derive('receive', index).script,
        })
      : undefined
  const fullNode =
    coins && hasRefusals(seed)
      ? openFullNode({ chain: coins.chain, db, clock, random: seededRandom(seed ^ 0xf0111), trace: say })
      : undefined
  const shoppers = hasShop(seed)
    ? await openShoppers({
        ...{
          clock,
          random: seededRandom(seed ^ 0x5409),
          db,
          world,
          trace: say,
          commissionBp: scenario.commissionBp,
        },
        rails: coins ? ['starkbank', 'bitcoin'] : ['starkbank'],
      })
    : undefined

  const strangers = hasStrangers(seed)
    ? openStrangers({ db, world, clock, bank, random: seededRandom(seed ^ 0x57a46), trace: say })
    : undefined
  const limits = hasLimits(seed)
    ? openLimits({
        db,
        world,
        clock,
        random: seededRandom(seed ^ 0x11417),
        assets: coins ? ['BRL', 'BTC'] : ['BRL'],
        trace: say,
      })
    : undefined

  const returns = hasReturns(seed)
    ? await openReturns({ random: seededRandom(seed ^ 0x4e7), db, world, bank, trace: say })
    : undefined
  const verdicts = hasVerdicts(seed)
    ? openVerdicts({ db, world, clock, bank, random: seededRandom(seed ^ 0x7e4d1c), trace: say })
    : undefined
  const cancels =
    coins && hasCancels(seed)
      ? openCancels({ db, random: seededRandom(seed ^ 0xca9ce1), trace: say })
      : undefined
  const forgetting = hasForgetting(seed)
    ? openForgetting({ db, world, random: seededRandom(seed ^ 0xf0493), trace: say })
    : undefined
  const edits = hasEdits(seed)
    ? await openEdits({ db, world, random: seededRandom(seed ^ 0xed17), rail: coins?.rail, trace: say })
    : undefined
  const counter = hasCounter(seed)
    ? await openCounter({
        ...{ db, world, clock, bank, random: seededRandom(seed ^ 0xca54), trace: say },
        ...{ commissionBp: scenario.commissionBp, endsAt: scenario.startsAt + scenario.windowMs },
        takesBack: takesBack(seed),
      })
    : undefined
  const restores = replacing
    ? openRestores(
        { db, world, clock, bank, random: seededRandom(seed ^ 0x4e5704e), trace: say },
        replacing.replace,
        coins && { chain: coins.chain, rail: coins.rail, strange: coins.chainActors.strange as Set<string> },
      )
    : undefined
  const keys: string[] = []
  const starts = { count: 0 }
  const shared = {
    bank,
    clock,
    wall: jumps?.wall,
    random,
    weather: { ...scenario.weather, stall: hasStalls(seed) ? 0.03 : 0 },
    stalls: seededRandom(seed ^ 0x57a11),
    together: asksTogether(seed) ? seededRandom(seed ^ 0x706e7) : undefined,
    terms: scenario.terms,
    pollSeconds,
    keys,
    busy,
    trace: say,
    mustDie: (name: string) => name === diesAt && !deaths.get(name),
    onPoint,
    onStall: () => void stalls++,
    bitcoin: coins?.parts,
    retention: forgetting && stormRetention,
  }
  // An embedded database is one connection, whoever uses it; of a shared one every worker has its own.
  const perWorker = await Promise.all(
    Array.from({ length: scenario.workers }, () =>
      databaseUrl.startsWith('sqlite') ? Promise.resolve(db) : open(),
    ),
  )
  const start = (place: number) =>
    startProcess({ ...shared, db: perWorker[place]!, name: `w${place + 1}.${++starts.count}` })
  const processes: Process[] = perWorker.map((_, place) => start(place))
  // A job more would make every seed another story, so it is there where it has something to do.
  const jobs = timetable(processes[0]!.app).filter(
    ({ name }) => (name !== 'counter' || counter) && (name !== 'add-up' || addsUp(seed)),
  )
  // What moves coins is done more often than the rest, or a storm would be over before the first was passed
  // on.
  const onChain = ['follow-chain', 'follow-chain', 'settle', 'send-coins'].map(name =>
    jobs.find(job => job.name === name)!,
  )
  const underWay = { count: 0 }
  const found: string[] = []
  let perSlot: number[] = []
  let judged: Judged | undefined
  let duplicates = 0
  let stalls = 0
  let standing = {} as Record<Account, bigint>

  /**
   * Waits until nobody does anything but sleep. The inbox gathers for one turn of the event loop, hence two
   * still turns.
   */
  async function quiet(): Promise<void> {
    for (let still = 0; still < 2;) {
      await busy.rest()
      await new Promise(resolve => setImmediate(resolve))
      still = busy.count === 0 ? still + 1 : 0
    }
  }

  function moveTo(at: Millis): void {
    clock.moveTo(at)
    bank.advance()
  }

  function begin(process: Process, job: Job): void {
    if (!process.alive || process.atWork.has(job.name)) return
    process.atWork.add(job.name)
    underWay.count++
    const finished = () => (process.atWork.delete(job.name), underWay.count--)
    const work = wake(process.app, job).then(
      outcome => {
        if (process.alive && outcome !== 'idle') say(`${process.name} ${job.name} ${outcome}`)
      },
      (error: unknown) =>
        say(
          `${process.name} ${job.name} could not run: ${error instanceof Error ? error.message : 'unknown'}`,
        ),
    )
    void Promise.race([work, process.ended]).then(finished)
  }

  /** The bank's posts, each to one process; a proxy may lose the answer on its way back. */
  function post(): void {
    for (const delivery of bank.takeDeliveries()) {
      const process = processes[random.between(0, processes.length - 1)]!
      const lost = shared.weather.crash > 0 && random.next() < 0.02
      underWay.count++
      const answered = process.alive
        ? Promise.race([answerOf(process, delivery), process.ended.then((): Outcome => 'badConnection')])
        : Promise.resolve<Outcome>('badConnection')
      void answered.then(outcome => {
        underWay.count--
        say(
          `push ${delivery.deliveryId} to ${process.name}: ${typeof outcome === 'object' ? outcome.status : outcome}${lost ? ', and the answer was lost' : ''}`,
        )
        bank.delivered(delivery.deliveryId, lost ? 'timeout' : outcome)
      })
    }
  }

  /**
   * Whoever comes to the shop meets a process or finds none; with what is sent twice, perhaps
   * another one at the same moment.
   */
  function receive({ twice, does }: Visit): void {
    for (let time = 0; time < (twice ? 2 : 1); time++) {
      const process = processes[random.between(0, processes.length - 1)]!
      if (!process.alive) continue
      underWay.count++
      void Promise.race([does(process.app), process.ended]).then(() => underWay.count--)
    }
  }

  async function raise(): Promise<void> {
    for (const [place, process] of processes.entries()) {
      if (process.alive || random.next() < 0.3) continue
      processes[place] = start(place)
      say(`${processes[place]!.name} started`)
      for (const job of jobs) if (job.atStart) begin(processes[place]!, job)
    }
  }

  async function drain(): Promise<void> {
    for (await quiet(); underWay.count > 0; await quiet()) {
      const next = Math.min(clock.nextWake() ?? Infinity, bank.nextDueAt() ?? Infinity)
      if (next === Infinity)
        throw new Error(
          `seed ${seed}: somebody waits for nothing: ${processes.map(({ name, alive, atWork }) => `${name} ${alive} ${[...atWork].join()}`).join('; ')}`,
        )
      moveTo(Math.max(next, clock.now()))
      post()
    }
  }

  let wasAway = false
  /** Every worker is gone for so long; the world goes on without them. */
  async function leave(forMs: Millis): Promise<void> {
    wasAway = true
    for (const process of processes) process.kill('for a long absence')
    await quiet()
    say(`nobody is at work for ${forMs} ms`)
    moveTo(clock.now() + forMs)
    await quiet()
  }

  /** The database is taken back to some backup while nobody is at work. */
  async function restore(): Promise<void> {
    for (const process of processes) process.kill('for a restore')
    await quiet()
    await restores!.restore()
    await quiet()
  }

  async function storm(): Promise<void> {
    // Blocks take their time, and what is paid lies six of them deep before it is passed on.
    // And a code in the shop is over after a quarter of an hour.
    const end = scenario.startsAt + scenario.windowMs + (coins || shoppers ? 18 : 3) * minute
    while (clock.now() < end) {
      await raise()
      post()
      await coins?.chainActors.step()
      await miners?.step()
      await coins?.givers?.step()
      await fullNode?.step()
      await coins?.look(random.next() < 0.02)
      jumps?.step()
      denials?.step()
      if (absence && !wasAway && clock.now() >= scenario.startsAt + absence.afterMs)
        await leave(absence.forMs)
      if (hasTwins(seed)) await decideTwins(db, world)
      await limits?.step()
      await strangers?.step()
      if (forgetting) await forgetting.step()
      if (restores && (await restores.step())) await restore()
      for (const visit of (await restores?.visits()) ?? []) receive(visit)
      for (const visit of (await shoppers?.step()) ?? []) receive(visit)
      for (const visit of (await returns?.step()) ?? []) receive(visit)
      // Awaiting nothing would take a turn, and other stories would not stay what they were.
      for (const people of [edits, cancels, verdicts, counter])
        if (people) for (const visit of await people.step()) receive(visit)
      for (let count = random.between(1, 4); count > 0; count--)
        begin(processes[random.between(0, processes.length - 1)]!, jobs[random.between(0, jobs.length - 1)]!)
      if (coins && random.next() < 0.8)
        begin(processes[random.between(0, processes.length - 1)]!, onChain[random.between(0, 3)]!)
      if (coins && random.next() < 0.03)
        begin(
          processes[random.between(0, processes.length - 1)]!,
          scanning(random.next() < 0.5 ? 95 : random.between(95, coins.chain.height())),
        )
      await quiet()
      const soon =
        clock.now() + random.between(1, random.next() < 0.2 ? 4 * scenario.strideMs : scenario.strideMs)
      moveTo(
        Math.max(
          clock.now(),
          Math.min(soon, clock.nextWake() ?? soon, Math.max(bank.nextDueAt() ?? soon, clock.now() + 50)),
        ),
      )
      await quiet()
    }
  }

  async function calm(): Promise<boolean> {
    say('the storm is over')
    jumps?.settle()
    denials?.settle()
    bank.setFaults(noFaults)
    bank.setSettings({ transferFailRate: 0, refundRate: 0, reversalRate: 0 })
    Object.assign(shared.weather, { crash: 0, busy: 0, slow: 0, stall: 0 })
    // What the installation still owes for transfers and reversals must be coverable, or the last payouts
    // wait for ever.
    bank.deposit(10_000_000)
    fullNode?.settle()
    await coins?.chainActors.settle()
    miners?.ripen()
    await coins?.approve()
    const wokenAt = new Map<string, Millis>()
    let before = await moves(db)
    let stillRounds = 0
    let isLast = false
    for (let round = 0; round < maxRounds; round++) {
      while (processes.some(({ alive }) => !alive)) await raise()
      post()
      await drain()
      // One after another: what one of them has done is not there for the next to do, and rounds are many. No
      // job is woken more often than the timetable wakes it, but all of them before it is over.
      const turn = processes[round % processes.length]!
      for (const job of jobs) {
        const last = wokenAt.get(job.name)
        if (!isLast && last !== undefined && clock.now() - last < everyMs(job)) continue
        wokenAt.set(job.name, clock.now())
        begin(turn, job)
        await drain()
      }
      if (edits) await edits.attend()
      for (const visits of [verdicts?.attend(), cancels?.step(), restores?.attend(), counter?.attend()])
        for (const visit of visits ? await visits : []) {
          receive(visit)
          await drain()
        }
      if (!restores) await attend(db)
      // A process that began under a clock that was ahead may have found a catch-up as well; and after a
      // restore a slot waits while an invoice is forgotten.
      await (absence ? absence.attend() : (jumps ?? restores) && letGoHeld(db, say))
      await limits?.attend()
      await strangers?.attend()
      await decideTwins(db, world)
      await coins?.givers?.record()
      await coins?.look(true)
      if (!restores) await coins?.attend()
      const chainIsStill = !coins || (await coins.isStill())
      if (!chainIsStill) await coins.chainActors.calmStep()
      const next = await nextDue(db)
      const bankNext = bank.nextDueAt() ?? Infinity
      const quietNow =
        chainIsStill &&
        next === undefined &&
        bankNext > clock.now() + 30 * minute &&
        (await (restores ? restores.allHeard() : allHeard(db, bank)))
      // A difference is over once the two have agreed for some minutes. The bank is asked again a while after
      // it did not know the installation, and its statement is read now and then.
      const mayEnd = (!denials || (await denials.isOver(db))) && (!strangers || (await strangers.isOver()))
      if (quietNow && !mayEnd) {
        isLast = false
        moveTo(clock.now() + minute)
        continue
      }
      if (quietNow && !(await db.one(sql`select 1 as yes from drifts where stopped_since is not null`))) {
        if (isLast) return true
        isLast = true
        continue
      }
      isLast = false
      const now = await moves(db)
      stillRounds = now === before ? stillRounds + 1 : 0
      before = now
      // What is due and does not move waits for something else: each time it is looked at later.
      const due = next === undefined ? Infinity : millis(next)
      const ours = due <= clock.now() ? clock.now() + calmStrideMs * 2 ** stillRounds : due
      moveTo(Math.max(clock.now() + calmStrideMs, Math.min(bankNext, clock.now() + 5 * minute, ours)))
    }
    return false
  }

  try {
    await storm()
    found.push(...(await unlisted(db, instant(clock.now()))))
    if (!(await calm()))
      found.push(`it did not settle: ${await nextDue(db)} is due at ${instant(clock.now())}`)
    found.push(...(jumps?.judge(madeAt(bank)) ?? []))
    found.push(...((await denials?.judge(db)) ?? []), ...((await absence?.judge()) ?? []))
    found.push(
      ...(await (restores
        ? restores.judge(processes[0]!.app)
        : audit(db, bank, processes[0]!.app, verdicts?.settled))),
    )
    found.push(...(await unlisted(db, instant(clock.now()))))
    if (!hasTwins(seed)) found.push(...askedTwice(bank.invoices()))
    found.push(...((await limits?.judge(bank)) ?? []), ...((await strangers?.judge()) ?? []))
    found.push(...((await edits?.judge(bank)) ?? []), ...((await cancels?.judge()) ?? []))
    found.push(...((await verdicts?.judge()) ?? []))
    if (forgetting) found.push(...(await forgetting.judge()))
    if (counter) found.push(...(await counter.judge()))
    if (returns) found.push(...(await judgeReturns(db, bank, verdicts?.settled)))
    if (paysLate(seed)) found.push(...(await judgeLate(db, bank.invoices(), lateTerms(seed))))
    found.push(...((await shoppers?.judge(processes[0]!.app)) ?? []))
    judged = await coins?.judge(processes[0]!.app, seed % 200 === 0)
    found.push(...(judged?.faults ?? []), ...(miners?.faults ?? []))
    perSlot = (
      await db.all<{ count: bigint }>(
        sql`select count(i.id) as count from slots s join schedules r on r.id = s.schedule_id left
          join invoices i on i.slot_id = s.id
          where r.rail = 'starkbank' group by s.id, s.due_at order by s.due_at`,
      )
    ).map(({ count }) => Number(count))
    standing = await balances(db)
    duplicates = Number(
      (await db.one<{ count: bigint }>(
        sql`select count(*) as count from invoice_twins where paid_units > 0`,
      ))!.count,
    )
    if (scenario.weather.crash === 0 && [...deaths.values()].some(count => count > 0))
      found.push('something died in a world without crashes')
  } finally {
    for (const each of stores) await each.close()
  }
  for (const fault of found) say(`FAULT ${fault}`)
  const invoices = bank.invoices()
  return {
    seed,
    faults: found,
    trace,
    digest: createHash('sha256').update(trace.join('\n')).digest('hex'),
    deaths,
    perSlot,
    balances: standing,
    figures: {
      invoices: invoices.length,
      credited: invoices.filter(({ id }) => bank.isCredited(id)).length,
      transfers: bank.transfers().length,
      events: bank.eventsCreated().length,
      duplicates,
      stalls,
      crashes: [...deaths.values()].reduce((sum, count) => sum + count, 0),
      limitChanges: limits?.figures.changes ?? 0,
      letBeyond: limits?.figures.approvals ?? 0,
      virtualMinutes: Math.round((clock.now() - scenario.startsAt) / minute),
    },
    ...(coins && judged && { chain: figuresOf(coins, judged) }),
    ...(shoppers && { shop: shoppers.figures }),
    ...(counter && { counter: counter.figures }),
    ...(returns && { returns: returns.figures }),
    people: {
      ...edits?.figures,
      ...cancels?.figures,
      ...verdicts?.figures,
      ...restores?.figures,
      ...forgetting?.figures,
    },
  }
}

const figuresOf = (
  { chainActors, stops }: Coins,
  { requests, credited, paid, lost, dead, stolen }: Judged,
): ChainFigures => ({
  ...chainActors.figures,
  ...{ requests, credited, paid, lost: lost.length, dead: dead.length, stolen, stops: stops.length },
})

const asText = (value: object) =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))

/**
 * What a person does at the command line: the chain is read again from a block on, under the name and the
 * lease of those who follow it.
 */
const scanning = (from: number): Job => ({
  ...{ name: 'follow-chain', wakes: '', limitMs: 60 * minute, among: 'one' },
  async work({ db, rails, bitcoin }, world) {
    const found = await scan({ db, rail: rails.bitcoin!, bitcoin: bitcoin!, world }, from, () => undefined)
    return typeof found === 'string'
      ? found
      : `blocks ${found.from} to ${found.to} were read again: ${found.coins} and ${found.spendings} news`
  },
})

const everyMsOf = new Map<Job['wakes'], Millis>()

/** How often the timetable wakes it. */
function everyMs({ wakes }: Job): Millis {
  if (typeof wakes !== 'string') return wakes.everySeconds * 1_000
  const known = everyMsOf.get(wakes)
  if (known !== undefined) return known
  const [first, second] = nextSlots(parseCron(wakes), 'Etc/UTC', 0, 2)
  everyMsOf.set(wakes, second!.at - first!.at)
  return second!.at - first!.at
}

/** An approved account and one schedule that pays to it. */
async function furnish(db: Db, world: World, scenario: Scenario, pay: PayTerms): Promise<void> {
  await openTrialAccount(db, world)
  await addSchedule(
    db,
    world,
    {
      name: 'trial',
      rail: 'starkbank',
      cron: scenario.cron,
      timeZone: scenario.timeZone,
      startsAt: undefined,
      endsAt: instant(scenario.startsAt + scenario.windowMs),
      countLow: scenario.count[0],
      countHigh: scenario.count[1],
      unitsLow: 2_000n,
      unitsHigh: 100_000n,
      roster: undefined,
      dueInMs: scenario.dueInMs,
      payTo: 'main',
      commissionBp: scenario.commissionBp,
      minPayoutUnits: scenario.minPayoutUnits,
      pay,
      catchUp: 'all',
    },
    'maker',
  )
}

/** What the receiver does with a post, without the socket. */
async function answerOf({ app }: Process, { body, headers }: Delivery): Promise<Outcome> {
  const signature = headers['Digital-Signature']!
  const verdict = await app.rails.starkbank!.verify(body, [signature])
  if (verdict.is !== 'genuine') return { status: verdict.is === 'forged' ? 401 : 503 }
  const { event } = JSON.parse(body.toString()) as { event: { id: string } }
  try {
    await app.inbox.keep({
      rail: 'starkbank',
      eventId: event.id,
      raw: body,
      via: 'push',
      signature,
      keyId: verdict.keyId,
    })
    return { status: 200 }
  } catch {
    return { status: 503 }
  }
}
