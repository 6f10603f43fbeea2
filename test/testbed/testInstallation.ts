/**
 * An installation and its bank in one process on one clock, in fair weather: for stories in which everything
 * happens when the story says so.
 */
import { bodyOf } from '../../sim/events.ts'
import type { BankEvent } from '../../sim/event.ts'
import { makeBank, type Bank, type Invoice, type Settings, type Transfer } from '../../sim/bank.ts'
import { noKeys, type DataKeys } from '../../src/base/cipher.ts'
import { seededRandom } from '../../src/base/clock.ts'
import { instant, type Clock, type World } from '../../src/base/world.ts'
import { runDueSlots, type App } from '../../src/jobs/jobs.ts'
import { reconcile } from '../../src/reconcile/reconcile.ts'
import { checkLedger, hearDenied } from '../../src/ledger/ledger.ts'
import { sendPayouts, type Terms } from '../../src/payout/payout.ts'
import { starkbankRail } from '../../src/rails/starkbank/starkbank.ts'
import { inStore, history, sql, type Db, type Transition } from '../../src/db/db.ts'
import { makeInbox, settleInbox } from '../../src/webhooks/webhooks.ts'
import { virtualClock, type VirtualClock } from '../simulation/clock.ts'
import { wire } from '../simulation/wire.ts'
import { evidence, recentLog } from './evidence.ts'
import { openMigrated } from './migrated.ts'
import { openTrialAccount } from './trial.ts'
import { addSchedule } from './acts.ts'

export interface TestInstallation {
  bank: Bank
  clock: VirtualClock
  db: Db
  app: App
  /** The one invoice of the slot that is run first: as we know it, and as the bank does. */
  id: string
  atBank: Invoice
  pass(ms: number): void
  /** Another process of the installation, which has heard no clock but its own yet. */
  another(worker: string): App
  /** The newest event of this kind, `invoice.credited`; fails when there is none. */
  event(kind: string): BankEvent
  /** Brings bytes to the inbox, as if proven, and settles all that is due. */
  hear(...events: (BankEvent | { id: string; raw: Buffer })[]): Promise<void>
  send(): Promise<void>
  /** How an event stands in the inbox: `done: credited`. */
  fate(event: { id: string }): Promise<string>
  invoice(): Promise<{ state: string; paid_units: bigint | null }>
  payout(): Promise<{ id: string; state: string; units: bigint; why: string | null } | undefined>
  transfers(): Transfer[]
  historyOf(id: string | bigint): Promise<Transition[]>
  /** What does not hold in the books, ours alone and against the bank's; nothing in a good story. */
  audit(): Promise<string[]>
  close(): Promise<void>
}

const second = 1_000

export interface TestInstallationOptions {
  settings?: Partial<Settings>
  terms?: Terms
  commissionBp?: bigint
  minPayoutUnits?: bigint
  /** An empty database; one in memory where none is named. */
  databaseUrl?: string | undefined
  /** What personal data is encrypted under; nothing where none are said. */
  keys?: DataKeys
  /** The installation’s own clock, where it is not the bank's. */
  appClock?: (clock: Clock) => Clock
  /** Where nobody says: once a day at midnight. */
  cron?: string
  /**
   * Of which store account and schedule are, where it is not the first; whoever works knows the first alone.
   */
  store?: string
}

/** One account, approved, one schedule with one invoice of R$ 100.00, issued; nobody pays unless told to. */
export async function openTestInstallation({
  settings = {},
  terms = { transferFeeBy: 'receiver', transferFeeUnits: 0n },
  commissionBp = 150n,
  minPayoutUnits = 0n,
  databaseUrl = 'sqlite::memory:',
  keys = noKeys,
  appClock,
  cron = '0 0 * * *',
  store,
}: TestInstallationOptions = {}): Promise<TestInstallation> {
  const clock = virtualClock(Date.UTC(2026, 10, 21, 2, 59, 30))
  const random = seededRandom(7)
  const { log, recent } = recentLog()
  const ours = appClock?.(clock) ?? clock
  const world: World = { clock: ours, random, log, at: () => undefined }
  const bank = makeBank({
    clock,
    random,
    settings: { skipAuth: true, payRate: 0, fee: 50, creditedFirstRate: 0, ...settings },
  })
  const db = await openMigrated(databaseUrl, { clock: ours, random, keys, virtual: true }, clock)
  const made = store === undefined ? db : inStore(db, store)
  if (store !== undefined)
    await db.tx(tx => tx.run(sql`insert into stores (id, name) values (${store}, ${store})`))
  await openTrialAccount(made, world)
  const when = {
    cron,
    timeZone: 'America/Sao_Paulo',
    startsAt: undefined,
    endsAt: undefined,
    dueInMs: 172_800 * second,
  }
  const what = {
    countLow: 1,
    countHigh: 1,
    unitsLow: 10_000n,
    unitsHigh: 10_000n,
    roster: undefined,
    payTo: 'main',
  }
  const rule = { name: 'trial', rail: 'starkbank', commissionBp, minPayoutUnits, catchUp: 'all' } as const
  await addSchedule(made, world, { ...rule, ...when, ...what }, 'maker')

  const { workspaceId } = bank.settings
  const still = { at: () => Promise.resolve(), latencyMs: () => 0, trace: () => undefined }
  const onDenied = (why: string | undefined) => void hearDenied(db, log, why)
  /** One process, by a clock that has heard no other yet. */
  const begin = (own: Clock, worker: string): App => {
    const bankWire = wire({ bank, clock: own, bankNow: () => clock.now(), ...still })
    const rails = {
      starkbank: starkbankRail({ bank: bankWire, workspaceId, clock: own, random, log, onDenied }),
    }
    return {
      db,
      world: { ...world, clock: own },
      worker,
      rails,
      inbox: makeInbox(db, world),
      terms,
      pollSeconds: 300,
    }
  }
  const app = begin(ours, 'installation')
  const rail = app.rails.starkbank!
  const over = evidence.keep('an installation with its bank in one process', () => [
    `seed 7, ${instant(clock.now())} by its clock; the bank told of:`,
    ...bank
      .eventsCreated()
      .map(({ subscription, log: { type }, id: eventId }) => `${subscription}.${type} ${eventId}`),
    ...recent(),
  ])
  const pass = (ms: number) => {
    clock.moveTo(clock.now() + ms)
    bank.advance()
  }
  pass(60 * second)
  await runDueSlots(app)
  const { id } = (await db.one<{ id: string }>(sql`select id from invoices`))!

  return {
    bank,
    clock,
    db,
    app,
    id,
    atBank: bank.invoices()[0]!,
    pass,
    another: worker => begin(appClock?.(clock) ?? clock, worker),
    event(kind) {
      const found = bank
        .eventsCreated()
        .findLast(({ subscription, log }) => `${subscription}.${log.type}` === kind)
      if (!found) throw new Error(`the bank has told of no ${kind}`)
      return found
    },
    async hear(...events) {
      for (const event of events) {
        const raw = 'raw' in event ? event.raw : bodyOf(event)
        await app.inbox.keep({
          rail: 'starkbank',
          eventId: event.id,
          raw,
          via: 'push',
          signature: 'proven elsewhere',
        })
      }
      await settleInbox(app)
    },
    send: async () => void (await sendPayouts(db, rail, world)),
    async fate(event) {
      const row = await db.one<{ state: string; why: string }>(
        sql`select state, why from inbox where event_id = ${event.id}`,
      )
      return row ? `${row.state}: ${row.why}` : 'never heard'
    },
    invoice: async () =>
      (await db.one<{ state: string; paid_units: bigint | null }>(
        sql`select * from invoices where id = ${id}`,
      ))!,
    payout: () => db.one(sql`select * from payouts where invoice_id = ${id}`),
    transfers: bank.transfers,
    historyOf: of => history(db, String(of)),
    async audit() {
      const found = await reconcile(db, rail, world)
      const against =
        typeof found === 'string'
          ? [found]
          : found.agrees
            ? []
            : [`bank ${found.bankUnits}, books ${found.bookUnits}`]
      return [...(await checkLedger(db)).map(({ invariant, says }) => `${invariant}: ${says}`), ...against]
    },
    close: () => (over(), db.close()),
  }
}
