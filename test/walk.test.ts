/**
 * From every state of a payout at the bank, after everything that can go wrong there: it ends by itself, or
 * by acts that docs/operating.md names for its state.
 */
import { describe, expect, test } from 'vitest'
import { BadInput, refused, unsure } from '../src/base/answer.ts'
import { approveAndDo } from '../src/jobs/jobs.ts'
import type { Proposed } from '../src/ledger/ledger.ts'
import {
  addAccount,
  approveAccount,
  changeLimits,
  holdPayout,
  letGo,
  payoutMachine,
  payoutsStopped,
  proposeBeyond,
  proposeRedirect,
  proposeVerdict,
  releasePayout,
  resolvePayouts,
  retryPayout,
  settlePaidElsewhere,
  stopAll,
  type PayoutState,
} from '../src/payout/payout.ts'
import type { ProviderPayout, Rail } from '../src/rails/rail.ts'
import { proposeReversalEnd } from '../src/webhooks/webhooks.ts'
import { endsOf } from './testbed/book.ts'
import { openTerminal } from './testbed/terminal.ts'
import { openTown, type Town } from './testbed/town.ts'
import { trialAccount } from './testbed/trial.ts'
import { wayOut } from './testbed/wayOut.ts'

const minute = 60_000
const states = Object.keys(payoutMachine) as PayoutState[]

const book = endsOf('a payout')

interface World {
  town: Town
  rail: Rail
  id: string
}

const act = { by: 'ana', why: 'a walk' }
const agreed = async ({ town: { app } }: World, proposed: Proposed | { is: string }): Promise<void> => {
  if (!('proposal' in proposed)) throw new BadInput(proposed.is)
  await approveAndDo(app, proposed.proposal.id, { by: 'bruno' })
}
const verdict = async (world: World, as: 'ours' | 'not-ours') => {
  const transfer = world.town.transfers().at(-1)?.id
  if (transfer === undefined) throw new BadInput('the bank has no transfer')
  await agreed(world, await proposeVerdict(world.town.app, world.id, { ...act, transfer, as }))
}

/** What people do, under the name that the book has for it. */
const acts: Record<string, (world: World) => Promise<unknown>> = {
  'payout hold': ({ town, id }) => holdPayout(town.db, id, act),
  'payout release': ({ town, id }) => releasePayout(town.db, id, act),
  'payout retry': ({ town, id }) => retryPayout(town.db, id, act),
  'payout go': ({ town }) => letGo(town.db, act.why, act.by),
  'payout approve': async world =>
    agreed(world, await world.town.db.tx(tx => proposeBeyond(tx, world.town.app.world, world.id, act))),
  'payout redirect': async world => {
    await agreed(
      world,
      await proposeRedirect(world.town.db, world.town.app.world, world.id, { ...act, to: 'second' }),
    )
    // The other account is one that takes what is sent to it.
    world.town.bank.setSettings({ transferFailRate: 0, refundRate: 0 })
  },
  'payout settle': async ({ town, id }) => {
    const { app } = town
    const ref = town.transfers().find(({ status }) => status === 'success')?.id ?? '1'
    await settlePaidElsewhere(app.db, app.rails, app.world, id, { ...act, ref })
  },
  'payout adjudicate --as ours': world => verdict(world, 'ours'),
  'payout adjudicate --as not-ours': world => verdict(world, 'not-ours'),
  'invoice reversal': async world => {
    const { db, app, id } = world.town
    await agreed(world, await proposeReversalEnd(db, app.world, id, { ...act, returned: 0n }))
  },
  'more money at the bank': async ({ town }) => town.bank.deposit(1_000_000),
}

const stateOf = async ({ town }: World) => (await town.payout())!.state as PayoutState
const hearAll = ({ town }: World) => town.hear(...town.bank.eventsCreated())
const until = async (world: World, kind: string) => {
  while (
    !world.town.bank.eventsCreated().some(({ subscription, log }) => `${subscription}.${log.type}` === kind)
  )
    world.town.pass(50)
  await hearAll(world)
}

/** How a payout comes into each state. */
const into: Record<PayoutState, (world: World) => Promise<unknown>> = {
  owed: async () => undefined,
  async sending({ town, rail }) {
    const { pay } = rail
    rail.pay = () => Promise.reject(new Error('the process died'))
    await town.send().catch(() => undefined)
    rail.pay = pay
  },
  async unsure({ town, rail }) {
    const { pay } = rail
    rail.pay = async (...order) => (await pay(...order), unsure('no answer came'))
    await town.send()
    rail.pay = pay
  },
  sent: ({ town }) => town.send(),
  async waiting(world) {
    world.town.bank.setSettings({ transferFee: 1_000_000 })
    await world.town.send()
    await until(world, 'transfer.failed')
    world.town.bank.setSettings({ transferFee: 0 })
    // What it lacks is not there until somebody brings it.
    world.rail.balance = async () => ({
      is: 'done',
      value: world.town.bank.balanceUnits() < 1_000_000n ? 0n : world.town.bank.balanceUnits(),
    })
  },
  held: ({ town, id }) => holdPayout(town.db, id, act),
  async paid(world) {
    await world.town.send()
    await until(world, 'transfer.success')
  },
  async returned(world) {
    world.town.bank.setSettings({ refundRate: 1 })
    await into.paid(world)
    await until(world, 'transfer.refunded')
    world.town.bank.setSettings({ refundRate: 0 })
  },
  async canceled(world) {
    world.town.bank.reverse(world.town.atBank.id)
    await until(world, 'invoice.reversed')
  },
}

const elsewhere = (shown: ProviderPayout): ProviderPayout => ({ ...shown, to: { ...shown.to, number: '77' } })

/** What happens to it then. */
const causes: Record<string, (world: World) => unknown> = {
  nothing: () => undefined,
  'all of it goes back to its payer': ({ town }) => town.bank.reverse(town.atBank.id),
  'its payer is being given money back, and the bank never says how that ends': async world => {
    const { bank, atBank } = world.town
    bank.setSettings({ creditDelayMs: [1e12, 1e12] })
    bank.reverse(atBank.id)
    if (atBank.status === 'paid') await until(world, 'invoice.reversing')
  },
  'a person stops every payout': ({ town }) => stopAll(town.db, 'a walk', 'ana'),
  'a limit below it': ({ town: { db, app } }) =>
    db.tx(tx => changeLimits(tx, app.world, { asset: 'BRL', wanted: { payout: 1n }, ...act })),
  'its account takes nothing any more': ({ town }) => town.bank.setSettings({ transferFailRate: 1 }),
  'its money comes back each time': ({ town }) => town.bank.setSettings({ refundRate: 1 }),
  'the bank has no trace of its transfer any more': ({ rail, town }) => {
    const { findPayouts, readPayout, statement } = rail
    const gone = new Set<string | undefined>(town.transfers().map(({ id }) => id))
    rail.findPayouts = async (...of) => {
      const answer = await findPayouts(...of)
      return answer.is === 'done'
        ? { ...answer, value: answer.value.filter(({ providerId }) => !gone.has(providerId)) }
        : answer
    }
    rail.readPayout = async ref => (gone.has(ref) ? refused('404') : readPayout(ref))
    rail.statement = async (...of) => {
      const answer = await statement(...of)
      if (answer.is !== 'done') return answer
      const items = answer.value.items.filter(
        ({ about }) => about.is !== 'payout' || !gone.has(about.providerId),
      )
      return { ...answer, value: { ...answer.value, items } }
    }
  },
  'the bank shows its transfer to another account': ({ rail }) => {
    const { findPayouts, readPayout } = rail
    rail.findPayouts = async (...of) => {
      const answer = await findPayouts(...of)
      return answer.is === 'done' ? { ...answer, value: answer.value.map(elsewhere) } : answer
    }
    rail.readPayout = async (...of) => {
      const answer = await readPayout(...of)
      return answer.is === 'done' ? { ...answer, value: elsewhere(answer.value) } : answer
    }
  },
}

async function open(state: PayoutState, cause: string): Promise<World> {
  const town = await openTown({ settings: { startingBalance: 100_000 } })
  try {
    await addAccount(
      town.db,
      town.app.world,
      'second',
      { ...trialAccount, number: '6341320293482497' },
      'maker',
    )
    await approveAccount(town.db, 'second', 'checker')
    town.bank.pay(town.atBank.id)
    town.pass(5_000)
    await town.hear(town.event('invoice.credited'))
    const world = { town, rail: town.app.rails.starkbank!, id: (await town.payout())!.id }
    await into[state](world)
    expect(await stateOf(world), `what should be ${state}`).toBe(state)
    await causes[cause]!(world)
    return world
  } catch (error) {
    await town.close()
    throw error
  }
}

const rounds = 14

/**
 * The program works as it does by itself, until the payout has ended or nothing becomes of it any more.
 * Answers where it stands then.
 */
async function goOn(world: World): Promise<string> {
  const { town, rail } = world
  for (let round = 0; round < rounds; round++) {
    town.pass(10 * minute)
    await town.send()
    await resolvePayouts(town.db, rail, town.app.world)
    await hearAll(world)
  }
  if ((await payoutsStopped(town.db)) !== undefined) return 'stopped'
  return stateOf(world)
}
const isEnd = (state: string) => state === 'paid' || state === 'canceled'

const wayFrom = (state: PayoutState, cause: string) =>
  wayOut({
    open: () => open(state, cause),
    goOn,
    isEnd,
    acts,
    book,
    most: 3,
    close: world => world.town.close(),
  })

test('the book says of every state what ends it', () => {
  expect([...book.keys()].toSorted()).toEqual([...states, 'stopped'].toSorted())
  expect([...new Set([...book.values()].flat())].filter(name => acts[name] === undefined)).toEqual([])
})

const { repasse } = openTerminal()
test.each(Object.keys(acts).filter(name => name.startsWith('payout ')))('%s is a command', async name => {
  const [noun, verb, flag] = name.split(' ')
  const { code, out } = await repasse([noun!, verb!, '--help'])
  expect([code, flag === undefined || out.includes(flag)]).toEqual([0, true])
})

describe.each(states)('a payout that is %s', state => {
  test.each(Object.keys(causes))('ends when this comes to it: %s', async cause => {
    expect(await wayFrom(state, cause), 'the acts of docs/operating.md that end it').toBeDefined()
  })
})
