/**
 * From every state of a payout at the bank, after everything that can go wrong there: it ends by itself, or
 * by acts that docs/operating.md names for its state.
 */
import { describe, expect, test } from 'vitest'
import { BadInput, refused, unsure } from '../src/base/answer.ts'
import type { Proposed } from '../src/ledger/ledger.ts'
import {
  changeLimits,
  payoutMachine,
  payoutsStopped,
  proposeBeyond,
  resolvePayouts,
  type PayoutState,
} from '../src/payout/payout.ts'
import type { ProviderPayout, Rail } from '../src/rails/rail.ts'
import { proposeReversalEnd } from '../src/webhooks/webhooks.ts'
import { endsOf } from './testbed/book.ts'
import { openTerminal } from './testbed/terminal.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { trialAccount } from './testbed/trial.ts'
import { wayOut } from './testbed/wayOut.ts'
import {
  addAccount,
  approveAccount,
  approveAndDo,
  holdPayout,
  letGo,
  proposeRedirect,
  proposeVerdict,
  releasePayout,
  retryPayout,
  settlePaidElsewhere,
  stopAll,
} from './testbed/acts.ts'

const minute = 60_000
const states = Object.keys(payoutMachine) as PayoutState[]

const book = endsOf('a payout')

interface World {
  installation: TestInstallation
  rail: Rail
  id: string
}

const act = { by: 'ana', why: 'a walk' }
const agreed = async (
  { installation: { app } }: World,
  proposed: Proposed | { is: string },
): Promise<void> => {
  if (!('proposal' in proposed)) throw new BadInput(proposed.is)
  await approveAndDo(app, proposed.proposal.id, { by: 'bruno' })
}
const verdict = async (world: World, as: 'ours' | 'not-ours') => {
  const transfer = world.installation.transfers().at(-1)?.id
  if (transfer === undefined) throw new BadInput('the bank has no transfer')
  await agreed(world, await proposeVerdict(world.installation.app, world.id, { ...act, transfer, as }))
}

/** What people do, under the name that the book has for it. */
const acts: Record<string, (world: World) => Promise<unknown>> = {
  'payout hold': ({ installation, id }) => holdPayout(installation.db, id, act),
  'payout release': ({ installation, id }) => releasePayout(installation.db, id, act),
  'payout retry': ({ installation, id }) => retryPayout(installation.db, id, act),
  'payout go': ({ installation }) => letGo(installation.db, act.why, act.by),
  'payout approve': async world =>
    agreed(
      world,
      await world.installation.db.tx(tx => proposeBeyond(tx, world.installation.app.world, world.id, act)),
    ),
  'payout redirect': async world => {
    await agreed(
      world,
      await proposeRedirect(world.installation.db, world.installation.app.world, world.id, {
        ...act,
        to: 'second',
      }),
    )
    // The other account is one that takes what is sent to it.
    world.installation.bank.setSettings({ transferFailRate: 0, refundRate: 0 })
  },
  'payout settle': async ({ installation, id }) => {
    const { app } = installation
    const ref = installation.transfers().find(({ status }) => status === 'success')?.id ?? '1'
    await settlePaidElsewhere(app.db, app.rails, app.world, id, { ...act, ref })
  },
  'payout adjudicate --as ours': world => verdict(world, 'ours'),
  'payout adjudicate --as not-ours': world => verdict(world, 'not-ours'),
  'invoice reversal': async world => {
    const { db, app, id } = world.installation
    await agreed(world, await proposeReversalEnd(db, app.world, id, { ...act, returned: 0n }))
  },
  'more money at the bank': async ({ installation }) => installation.bank.deposit(1_000_000),
}

const stateOf = async ({ installation }: World) => (await installation.payout())!.state as PayoutState
const hearAll = ({ installation }: World) => installation.hear(...installation.bank.eventsCreated())
const until = async (world: World, kind: string) => {
  while (
    !world.installation.bank
      .eventsCreated()
      .some(({ subscription, log }) => `${subscription}.${log.type}` === kind)
  )
    world.installation.pass(50)
  await hearAll(world)
}

/** How a payout comes into each state. */
const into: Record<PayoutState, (world: World) => Promise<unknown>> = {
  owed: async () => undefined,
  async sending({ installation, rail }) {
    const { pay } = rail
    rail.pay = () => Promise.reject(new Error('the process died'))
    await installation.send().catch(() => undefined)
    rail.pay = pay
  },
  async unsure({ installation, rail }) {
    const { pay } = rail
    rail.pay = async (...order) => (await pay(...order), unsure('no answer came'))
    await installation.send()
    rail.pay = pay
  },
  sent: ({ installation }) => installation.send(),
  async waiting(world) {
    world.installation.bank.setSettings({ transferFee: 1_000_000 })
    await world.installation.send()
    await until(world, 'transfer.failed')
    world.installation.bank.setSettings({ transferFee: 0 })
    // What it lacks is not there until somebody brings it.
    world.rail.balance = async () => ({
      is: 'done',
      value:
        world.installation.bank.balanceUnits() < 1_000_000n ? 0n : world.installation.bank.balanceUnits(),
    })
  },
  held: ({ installation, id }) => holdPayout(installation.db, id, act),
  async paid(world) {
    await world.installation.send()
    await until(world, 'transfer.success')
  },
  async returned(world) {
    world.installation.bank.setSettings({ refundRate: 1 })
    await into.paid(world)
    await until(world, 'transfer.refunded')
    world.installation.bank.setSettings({ refundRate: 0 })
  },
  async canceled(world) {
    world.installation.bank.reverse(world.installation.atBank.id)
    await until(world, 'invoice.reversed')
  },
}

const elsewhere = (shown: ProviderPayout): ProviderPayout => ({ ...shown, to: { ...shown.to, number: '77' } })

/** What happens to it then. */
const causes: Record<string, (world: World) => unknown> = {
  nothing: () => undefined,
  'all of it goes back to its payer': ({ installation }) => installation.bank.reverse(installation.atBank.id),
  'its payer is being given money back, and the bank never says how that ends': async world => {
    const { bank, atBank } = world.installation
    bank.setSettings({ creditDelayMs: [1e12, 1e12] })
    bank.reverse(atBank.id)
    if (atBank.status === 'paid') await until(world, 'invoice.reversing')
  },
  'a person stops every payout': ({ installation }) => stopAll(installation.db, 'a walk', 'ana'),
  'a limit below it': ({ installation: { db, app } }) =>
    db.tx(tx => changeLimits(tx, app.world, { asset: 'BRL', wanted: { payout: 1n }, ...act })),
  'its account takes nothing any more': ({ installation }) =>
    installation.bank.setSettings({ transferFailRate: 1 }),
  'its money comes back each time': ({ installation }) => installation.bank.setSettings({ refundRate: 1 }),
  'the bank has no trace of its transfer any more': ({ rail, installation }) => {
    const { findPayouts, readPayout, statement } = rail
    const gone = new Set<string | undefined>(installation.transfers().map(({ id }) => id))
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
  const installation = await openTestInstallation({ settings: { startingBalance: 100_000 } })
  try {
    await addAccount(
      installation.db,
      installation.app.world,
      'second',
      { ...trialAccount, number: '6341320293482497' },
      'maker',
    )
    await approveAccount(installation.db, 'second', 'checker')
    installation.bank.pay(installation.atBank.id)
    installation.pass(5_000)
    await installation.hear(installation.event('invoice.credited'))
    const world = {
      installation,
      rail: installation.app.rails.starkbank!,
      id: (await installation.payout())!.id,
    }
    await into[state](world)
    expect(await stateOf(world), `what should be ${state}`).toBe(state)
    await causes[cause]!(world)
    return world
  } catch (error) {
    await installation.close()
    throw error
  }
}

const rounds = 14

/**
 * The program works as it does by itself, until the payout has ended or nothing becomes of it any more.
 * Answers where it stands then.
 */
async function goOn(world: World): Promise<string> {
  const { installation, rail } = world
  for (let round = 0; round < rounds; round++) {
    installation.pass(10 * minute)
    await installation.send()
    await resolvePayouts(installation.db, rail, installation.app.world)
    await hearAll(world)
  }
  if ((await payoutsStopped(installation.db)) !== undefined) return 'stopped'
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
    close: world => world.installation.close(),
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
