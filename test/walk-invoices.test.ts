/**
 * From every state of an invoice at the bank, whatever comes to it: it ends by itself, or by acts that
 * docs/operating.md names for its state.
 */
import { describe, expect, test } from 'vitest'
import { BadInput, refused, unsure } from '../src/base/answer.ts'
import { runDueSlots, timetable } from '../src/jobs/jobs.ts'
import { runNow } from '../src/schedule/schedule.ts'
import { cancelInvoice, findInvoice, invoiceMachine, type InvoiceState } from '../src/invoice/invoice.ts'
import type { Rail } from '../src/rails/rail.ts'
import { sql } from '../src/db/db.ts'
import { reissueInvoice } from '../src/webhooks/webhooks.ts'
import { endsOf } from './testbed/book.ts'
import { openTerminal } from './testbed/terminal.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { wayOut } from './testbed/wayOut.ts'
import { addSchedule, setScheduleState } from './testbed/acts.ts'

const day = 86_400_000
type State = keyof typeof invoiceMachine
const states = Object.keys(invoiceMachine) as State[]
const book = endsOf('an invoice')
const act = { by: 'ana', why: 'a walk' }

interface World {
  installation: TestInstallation
  rail: Rail
  slot: string
  /** Of the invoice; of the one it was asked again as. */
  id: string
}

const at = ({ installation: { db, app }, rail }: World) => ({ db, rail, world: app.world })
const refusedUnless = (is: string, ...right: string[]) => {
  if (!right.includes(is)) throw new BadInput(is)
}

const acts: Record<string, (world: World) => Promise<unknown>> = {
  'invoice cancel': async world =>
    refusedUnless((await cancelInvoice(at(world), world.id, act)).is, 'canceled', 'paid', 'over', 'later'),
  async 'invoice reissue'(world) {
    const answer = await reissueInvoice(at(world), world.id, act)
    if (answer.is !== 'reissued') throw new BadInput(answer.is)
    world.id = answer.invoice.id
  },
}

const stateOf = async ({ installation, id }: World): Promise<InvoiceState> =>
  (await findInvoice(installation.db, id))!.state
const atBank = ({ installation, id }: World) =>
  installation.bank.invoices().find(({ tags }) => tags.includes(id))
const hearAll = ({ installation }: World) => installation.hear(...installation.bank.eventsCreated())
const until = async (world: World, state: State) => {
  for (let look = 0; look < 4_000 && (await stateOf(world)) !== state; look++) {
    world.installation.pass(look < 200 ? 50 : 3_600_000)
    await hearAll(world)
  }
}
/** Now, or as soon as it is there to be paid. */
function pay(world: World): void {
  const there = atBank(world)
  if (there) world.installation.bank.pay(there.id)
  else world.installation.bank.setSettings({ payRate: 1, payDelayMs: [0, 50] })
}
/** Issues it, with another answer of the bank than it would give. */
const issue = async (world: World, answering?: (issue: Rail['issue']) => Rail['issue']) => {
  const { installation, rail, slot } = world
  const { issue: own } = rail
  if (answering) rail.issue = answering(own.bind(rail))
  await runDueSlots(installation.app).catch((error: unknown) => void error)
  rail.issue = own
  world.id = (await installation.db.one<{ id: string }>(
    sql`select id from invoices where slot_id = ${slot}`,
  ))!.id
}

/** How an invoice comes into each state. */
const into: Record<State, (world: World) => Promise<unknown>> = {
  draft: world => issue(world, () => async () => refused('later', true)),
  issuing: world => issue(world, () => () => Promise.reject(new Error('the process died'))),
  unsure: world =>
    issue(
      world,
      own =>
        async (...orders) => (await own(...orders), unsure('no answer came')),
    ),
  issued: world => issue(world),
  async overdue(world) {
    await issue(world)
    await until(world, 'overdue')
  },
  async paid(world) {
    world.installation.bank.setSettings({ creditDelayMs: [day, day] })
    await issue(world)
    pay(world)
    await until(world, 'paid')
  },
  async credited(world) {
    await issue(world)
    pay(world)
    await until(world, 'credited')
  },
  async expired(world) {
    await issue(world)
    await until(world, 'expired')
  },
  async canceled(world) {
    await issue(world)
    await acts['invoice cancel']!(world)
  },
  async reversed(world) {
    await into.credited(world)
    world.installation.bank.reverse(atBank(world)!.id)
    await until(world, 'reversed')
  },
  refused: world => issue(world, () => async () => refused('not like this')),
}

const silent = async () => unsure('no answer came')

/** What happens to it then. */
const causes: Record<string, (world: World) => unknown> = {
  nothing: () => undefined,
  'its payer pays': pay,
  'its payer pays and gets it back': world => (
    world.installation.bank.setSettings({ reversalRate: 1 }),
    pay(world)
  ),
  'a person takes it back': async world => void (await cancelInvoice(at(world), world.id, act)),
  'the bank is silent for some days': ({ installation, rail }) => {
    const { issue: ask, findInvoices, readInvoice, cancelInvoice: cancel } = rail
    const heals = installation.clock.now() + 12 * day
    const orSilent =
      <A extends unknown[], R>(own: (...of: A) => Promise<R>) =>
      (...of: A) =>
        installation.clock.now() < heals ? (silent() as Promise<R>) : own.apply(rail, of)
    Object.assign(rail, {
      ...{
        issue: orSilent(ask),
        findInvoices: orSilent(findInvoices),
        readInvoice: orSilent(readInvoice),
        cancelInvoice: orSilent(cancel),
      },
    })
  },
}

async function open(state: State, cause: string): Promise<World> {
  const installation = await openTestInstallation({ settings: { startingBalance: 100_000 } })
  try {
    const { db, app } = installation
    const when = {
      cron: '0 0 1 1 *',
      timeZone: 'UTC',
      startsAt: undefined,
      endsAt: undefined,
      dueInMs: 2 * day,
    }
    const what = {
      countLow: 1,
      countHigh: 1,
      unitsLow: 5_000n,
      unitsHigh: 5_000n,
      roster: undefined,
      payTo: 'main',
    }
    const rule = {
      name: 'walk',
      rail: 'starkbank',
      commissionBp: 0n,
      minPayoutUnits: 0n,
      catchUp: 'all',
    } as const
    const schedule = await addSchedule(db, app.world, { ...rule, ...when, ...what }, 'maker')
    const slot = await db.tx(tx => runNow(tx, app.world, schedule, 'a walk'))
    await setScheduleState(db, 'trial', 'paused', 'maker', 'a walk')
    const world = { installation, rail: app.rails.starkbank!, slot, id: '' }
    await into[state](world)
    expect(await stateOf(world), `what should be ${state}`).toBe(state)
    await causes[cause]!(world)
    return world
  } catch (error) {
    await installation.close()
    throw error
  }
}

/** Longer than an invoice can be paid at the bank. */
const [rounds, roundMs] = [16, 5 * day]

/** The program does what it does by itself, until the invoice has ended or nothing becomes of it any more. */
async function goOn(world: World): Promise<InvoiceState> {
  const { installation } = world
  const jobs = timetable(installation.app).filter(({ name }) => !name.startsWith('reconcile'))
  for (let round = 0; round < rounds; round++) {
    installation.pass(roundMs)
    for (const job of jobs)
      await job.work(installation.app, installation.app.world).catch((error: unknown) => void error)
    await hearAll(world)
  }
  return stateOf(world)
}
const isEnd = (state: string) => ['credited', 'expired', 'canceled', 'reversed'].includes(state)

const wayFrom = (state: State, cause: string) =>
  wayOut({
    open: () => open(state, cause),
    goOn,
    isEnd,
    acts,
    book,
    most: 2,
    close: world => world.installation.close(),
  })

test('the book says of every state what ends it', () => {
  expect([...book.keys()].toSorted()).toEqual(states.toSorted())
})

const { repasse } = openTerminal()
test.each([...new Set([...book.values()].flat())])('%s is a command', async name => {
  expect((await repasse([...name.split(' '), '--help'])).code).toBe(0)
})

describe.each(states)('an invoice that is %s', state => {
  test.each(Object.keys(causes))('ends when this comes to it: %s', async cause => {
    expect(await wayFrom(state, cause), 'the acts of docs/operating.md that end it').toBeDefined()
  })
})
