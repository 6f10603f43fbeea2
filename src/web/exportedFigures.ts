/**
 * Every figure of the installation by the name Prometheus knows it under. Seconds, counts, and money in
 * smallest units (cents, satoshis).
 */
import type { Figures, Waiting } from '../queries/figures.ts'

export interface ExportedFigure {
  /** Without the `repasse_` in front. */
  name: string
  help: string
  labels: readonly string[]
  samples(figures: Figures): Sample[]
}

export interface Sample {
  labels: Record<string, string>
  value: number
}

const one = (value: number, labels: Record<string, string> = {}): Sample[] => [{ labels, value }]
const yes = (holds: boolean): number => (holds ? 1 : 0)
/** A monitor draws curves, and its numbers are floats: exact amounts are in the ledger. */
const drawn = (units: bigint): number => Number(units)

const inboxStates = ['new', 'waiting'] as const
const unsureKinds = ['invoice', 'payout'] as const

export const exportedFigures: readonly ExportedFigure[] = [
  {
    name: 'slots_late',
    help: 'Due times that no worker took up: slots not claimed, slots whose worker is gone, schedules not looked at.',
    labels: [],
    samples: ({ slots }) => one(slots.count),
  },
  {
    name: 'slots_late_seconds',
    help: 'For how long the oldest of them is due.',
    labels: [],
    samples: ({ slots }) => one(slots.oldestSeconds),
  },
  {
    name: 'inbox_open',
    help: 'Events kept and not settled yet.',
    labels: ['state'],
    samples: ({ inbox }) => inboxStates.map(state => ({ labels: { state }, value: inbox[state].count })),
  },
  {
    name: 'inbox_lag_seconds',
    help: 'How long ago the oldest event that is not settled was received.',
    labels: [],
    samples: ({ inbox }) => one(Math.max(inbox.new.oldestSeconds, inbox.waiting.oldestSeconds)),
  },
  {
    name: 'inbox_quarantined',
    help: 'Events that only a person can settle.',
    labels: [],
    samples: ({ quarantined }) => one(quarantined),
  },
  {
    name: 'payouts',
    help: 'Payouts by state and asset. Those that have ended, paid or canceled, are counted every five minutes.',
    labels: ['state', 'asset'],
    samples: ({ payouts }) =>
      payouts.map(({ state, asset, count }) => ({ labels: { state, asset }, value: count })),
  },
  {
    name: 'unsure',
    help: 'Invoices and payouts of which the provider did not say whether they happened.',
    labels: ['kind'],
    samples: ({ unsure }) => waitingBy(unsure, ({ count }) => count),
  },
  {
    name: 'unsure_seconds',
    help: 'For how long the oldest of them is unsure.',
    labels: ['kind'],
    samples: ({ unsure }) => waitingBy(unsure, ({ oldestSeconds }) => oldestSeconds),
  },
  {
    name: 'payouts_stopped',
    help: '1 where payouts are stopped for this reason: hold (a person, or a payout that went wrong), books, bank, chain.',
    labels: ['reason'],
    samples: ({ stopped }) =>
      Object.entries(stopped).map(([reason, holds]) => ({ labels: { reason }, value: yes(holds) })),
  },
  {
    name: 'books_in_balance',
    help: '1 while every invariant of the books held when they were last checked.',
    labels: [],
    samples: ({ stopped }) => one(yes(!stopped.books)),
  },
  {
    name: 'audit_head',
    help: 'The number of the newest record of the audit log. It never falls, but after a restore.',
    labels: [],
    samples: ({ auditHead }) => one(auditHead),
  },
  {
    name: 'runs_failed',
    help: 'Runs of the last hour that failed or whose process died, by job. A job without one is left out.',
    labels: ['job'],
    samples: ({ failedRuns }) => failedRuns.map(({ job, count }) => ({ labels: { job }, value: count })),
  },
  {
    name: 'provider_balance_units',
    help: 'What the bank said it holds, or what the node has unspent at our outpoints, when last held against the books.',
    labels: ['rail', 'asset'],
    samples: ({ reconciled }) =>
      reconciled.map(({ rail, asset, providerUnits }) => ({
        labels: { rail, asset },
        value: drawn(providerUnits),
      })),
  },
  {
    name: 'drift_units',
    help: 'That less what our books said at the same moment.',
    labels: ['rail', 'asset'],
    samples: ({ reconciled }) =>
      reconciled.map(({ rail, asset, providerUnits, bookUnits }) => ({
        labels: { rail, asset },
        value: drawn(providerUnits - bookUnits),
      })),
  },
  {
    name: 'in_flight_units',
    help: 'How far the two may lie apart without anything being wrong: orders under way, and what is not settled yet.',
    labels: ['rail', 'asset'],
    samples: ({ reconciled }) =>
      reconciled.map(({ rail, asset, inFlightUnits }) => ({
        labels: { rail, asset },
        value: drawn(inFlightUnits),
      })),
  },
  {
    name: 'reconciled_age_seconds',
    help: 'How long ago provider and books were last compared. It grows while no worker runs or the provider does not answer.',
    labels: ['rail', 'asset'],
    samples: ({ reconciled }) =>
      reconciled.map(({ rail, asset, ageSeconds }) => ({ labels: { rail, asset }, value: ageSeconds })),
  },
  {
    name: 'chain_height',
    help: 'The newest block that was read.',
    labels: [],
    samples: ({ chain }) => (chain ? one(chain.height) : []),
  },
  {
    name: 'chain_behind_blocks',
    help: 'How many blocks the node knows beyond that.',
    labels: [],
    samples: ({ chain }) => (chain ? one(chain.behindBlocks) : []),
  },
  {
    name: 'chain_tip_age_seconds',
    help: 'How old the newest block that was read is, by its own time.',
    labels: [],
    samples: ({ chain }) => (chain ? one(chain.tipAgeSeconds) : []),
  },
  {
    name: 'chain_followed',
    help: '1 while nothing keeps the chain from being followed.',
    labels: [],
    samples: ({ chain }) => (chain ? one(yes(chain.followed)) : []),
  },
  {
    name: 'rate_age_seconds',
    help: 'How old the rate of the bitcoin in force is: the oldest of the quotes it is made of, or the newest quote where none is in force.',
    labels: [],
    samples: ({ rate }) => (rate ? one(rate.ageSeconds) : []),
  },
  {
    name: 'rate_usable',
    help: '1 while enough sources agree on a price. Without one nothing is asked for in bitcoin.',
    labels: [],
    samples: ({ rate }) => (rate ? one(yes(rate.usable)) : []),
  },
]

const waitingBy = (
  by: Record<(typeof unsureKinds)[number], Waiting>,
  value: (waiting: Waiting) => number,
): Sample[] => unsureKinds.map(kind => ({ labels: { kind }, value: value(by[kind]) }))
