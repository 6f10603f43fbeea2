/**
 * The simulated Stark Bank, in one process and with no I/O: everything it does follows from the clock, the
 * randomness and the requests handed in, so the same seed gives the same bytes.
 *
 * const bank = makeBank({ clock, random, settings?, faults? })
 *   bank.handle({ method, path, query, headers, body, ip? }) -> { is: 'answer', status, headers, body } | { is: 'hang' } | { is: 'reset' }
 *   bank.advance()                                             does all that is due by clock.now()
 *   bank.nextDueAt()                                           when there is something to do next, undefined when there never is
 *   bank.takeDeliveries()                                      the webhook posts to make now
 *   bank.delivered(deliveryId, { status } | 'timeout' | 'badConnection')
 *   bank.setFaults({ … }), bank.failNext('resetAfterCommit', 'POST /v2/invoice'), bank.setSettings({ … })
 *   bank.addProject({ id, publicKeyPem }), bank.removeKey({ id, publicKeyPem }), bank.addWebhook(url), bank.rotateKey(), bank.publicKeyPem
 *   bank.pay(invoiceId), bank.reverse(invoiceId), bank.sendBack(transferId), bank.deposit(cents)
 *   for oracles: bank.invoices(), .isCredited(id), .transfers(), .transactions(), .balanceUnits(), .eventsCreated(), .attempts(),
 *   .forgeriesAccepted(), .requestCounts()
 */
import type { Clock, Random } from '../src/base/world.ts'
import { makeAuth, type Project } from './auth.ts'
import { makeEvents, type Attempt, type Delivery, type Outcome } from './events.ts'
import type { BankEvent } from './event.ts'
import { makeFaultBox, type ApiFault } from './faults.ts'
import { makeInvoices, type Invoice } from './invoices.ts'
import { makeLedger, type Transaction } from './ledger.ts'
import { makeOffice } from './office.ts'
import { makeRoutes } from './routes.ts'
import { defaultSettings, noFaults, type Faults, type Settings } from './settings.ts'
import { makeSigner } from './signing.ts'
import { makeTransfers, type Transfer } from './transfers.ts'
import { makeWebhooks, type Webhook } from './webhooks.ts'
import type { BankRequest, BankResponse } from './exchange.ts'

export type {
  ApiFault,
  Attempt,
  BankEvent,
  Delivery,
  Faults,
  Invoice,
  Outcome,
  Project,
  Settings,
  Transaction,
  Transfer,
  Webhook,
}

export interface Bank {
  handle(request: BankRequest): BankResponse
  advance(): void
  nextDueAt(): number | undefined
  takeDeliveries(): Delivery[]
  delivered(deliveryId: string, outcome: Outcome): void
  setFaults(faults: Partial<Faults>): void
  failNext(fault: ApiFault, only?: string, times?: number): void
  setSettings(settings: Partial<Settings>): void
  readonly settings: Readonly<Settings>
  readonly faults: Readonly<Faults>
  addProject(project: Project): void
  /** The project's key signs no more. */
  removeKey(project: Project): void
  addWebhook(url: string, subscriptions?: string[]): Webhook
  rotateKey(): void
  /** The newest key, with which pushes are signed. */
  readonly publicKeyPem: string
  /** Pays an open or overdue invoice now; false where it cannot be paid. */
  pay(invoiceId: string): boolean
  /**
   * Gives a credited invoice's money back to its payer, all but `left`; false where there is nothing to give.
   */
  reverse(invoiceId: string, left?: number): boolean
  /**
   * The receiver's bank sends a successful transfer back now; with `keepStatus` it goes on being shown as a
   * success. False where it cannot.
   */
  sendBack(transferId: string, how?: { keepStatus?: boolean }): boolean
  deposit(cents: number, description?: string): void
  /** All oldest first; the rows themselves, not to be changed. */
  invoices(): Invoice[]
  isCredited(invoiceId: string): boolean
  transfers(): Transfer[]
  transactions(): Transaction[]
  balanceUnits(): bigint
  eventsCreated(): BankEvent[]
  attempts(): Attempt[]
  forgeriesAccepted(): number
  /** How often each method and path was asked, ids written as `:id`. */
  requestCounts(): Record<string, number>
}

export interface BankParts {
  clock: Pick<Clock, 'now'>
  random: Random
  settings?: Partial<Settings>
  faults?: Partial<Faults>
}

export function makeBank({ clock, random, settings = {}, faults = {} }: BankParts): Bank {
  const office = makeOffice(clock, random, { ...defaultSettings, ...settings }, { ...noFaults, ...faults })
  const auth = makeAuth(office)
  const signer = makeSigner(office)
  const ledger = makeLedger(office)
  const webhooks = makeWebhooks(office)
  const events = makeEvents(office, signer, () => webhooks.table.all())
  const invoices = makeInvoices(office, ledger, log => events.record('invoice', log))
  const transfers = makeTransfers(
    office,
    ledger,
    log => events.record('transfer', log),
    id => invoices.table.get(id) !== undefined,
  )
  const respond = makeRoutes({ office, auth, signer, ledger, invoices, transfers, events, webhooks })
  const faultBox = makeFaultBox(office)
  const counts: Record<string, number> = {}

  const deposit = (cents: number, description = 'Deposit') =>
    void ledger.post({
      amount: cents,
      externalId: `deposit-${office.digits(12)}`,
      source: 'self',
      description,
      tags: [],
    })
  if (office.settings.startingBalance > 0) deposit(office.settings.startingBalance)

  return {
    handle(request) {
      office.advance()
      const name = `${request.method} ${request.path}`
      const counted = name.replace(/\d{16,}/g, ':id')
      counts[counted] = (counts[counted] ?? 0) + 1
      return faultBox.around(name, () => respond(request))
    },
    advance: office.advance,
    nextDueAt: () => (events.isReady() ? office.now() : office.nextDueAt()),
    takeDeliveries() {
      office.advance()
      return events.take()
    },
    delivered: events.delivered,
    setFaults: changed => void Object.assign(office.faults, changed),
    failNext: faultBox.failNext,
    setSettings: changed => void Object.assign(office.settings, changed),
    settings: office.settings,
    faults: office.faults,
    addProject: auth.addProject,
    removeKey: auth.removeKey,
    addWebhook: (url, subscriptions = ['invoice', 'transfer']) =>
      webhooks.create(Buffer.from(JSON.stringify({ url, subscriptions }))),
    rotateKey: signer.rotate,
    get publicKeyPem() {
      return signer.publicKeys()[0]!.content
    },
    pay: invoices.pay,
    reverse: invoices.reverse,
    sendBack: transfers.sendBack,
    deposit,
    invoices: invoices.table.all,
    isCredited: invoices.credited,
    transfers: transfers.table.all,
    transactions: ledger.table.all,
    balanceUnits: () => BigInt(ledger.balance()),
    eventsCreated: events.table.all,
    attempts: events.attempts.all,
    forgeriesAccepted: events.forgeriesAccepted,
    requestCounts: () => ({ ...counts }),
  }
}
