/**
 * From every state of a request in bitcoin, whatever comes to it: it ends by itself, or by acts that
 * docs/operating.md names for its state.
 */
import { describe, expect, test } from 'vitest'
import { startNode } from '../sim/chain/server.ts'
import { unsure } from '../src/base/answer.ts'
import { requestMachine, type InvoiceState } from '../src/invoice/invoice.ts'
import { timetable } from '../src/jobs/jobs.ts'
import { sql } from '../src/db/db.ts'
import { endsOf } from './testbed/book.ts'
import { openChainInstallation, type ChainInstallation } from './testbed/chainInstallation.ts'
import { payerName } from './testbed/chainActs.ts'
import { openTerminal } from './testbed/terminal.ts'
import { wayOut } from './testbed/wayOut.ts'
import { acceptPayment, approveAndDo, proposeCoinRefund } from './testbed/acts.ts'

type State = keyof typeof requestMachine
const states = Object.keys(requestMachine) as State[]
const book = endsOf('a request')
const hour = 3_600_000
const units = 60_000n

interface World {
  installation: ChainInstallation
  id: string
  address: string
  close(): Promise<void>
}

const stateOf = async ({ installation, id }: World): Promise<InvoiceState> =>
  (await installation.invoice(id)).state
const chain = ({ bitcoin }: ChainInstallation) => bitcoin.terms

const acts: Record<string, (world: World) => Promise<unknown>> = {
  'invoice accept': ({ installation, id }) =>
    acceptPayment(installation.db, installation.world, chain(installation), id, {
      by: 'bruno',
      why: 'a walk',
    }),
  async 'invoice refund'({ installation, id }) {
    const to = await installation.node.rpc<string>('getnewaddress', ['refunds', 'bech32'], payerName)
    const app = { db: installation.db, world: installation.world }
    const proposed = await proposeCoinRefund({ ...app, chain: chain(installation) }, installation.rail, id, {
      to,
      units: undefined,
      by: 'ana',
      why: 'a walk',
    })
    await approveAndDo(
      { ...app, rails: { bitcoin: installation.rail }, bitcoin: installation.bitcoin },
      proposed.proposal.id,
      { by: 'bruno' },
    )
  },
}

/** Asks for it, and answers with what stands in the books. */
async function ask(world: World, asked = units): Promise<void> {
  const { installation } = world
  await installation.issue({ units: asked, payTo: 'main' }).catch((error: unknown) => void error)
  const { id, provider_id: address } = (await installation.db.one<{ id: string; provider_id: string | null }>(
    sql`select id, provider_id from invoices`,
  ))!
  Object.assign(world, { id, address: address ?? '' })
}
/** Pays what is asked, or a part of it, as soon as there is an address. */
async function pay(world: World, share = 1n): Promise<void> {
  const address = world.address || (await world.installation.invoice(world.id)).provider_id
  if (address) await world.installation.pay(address, units / share)
  await world.installation.look()
}

/** How a request comes into each state. */
const into: Record<State, (world: World) => Promise<unknown>> = {
  async draft(world) {
    const { derive } = world.installation.rail
    world.installation.rail.derive = () => {
      throw new Error('the process died')
    }
    await ask(world)
    world.installation.rail.derive = derive
  },
  issued: world => ask(world),
  async seen(world) {
    await ask(world)
    await pay(world)
  },
  async underpaid(world) {
    await ask(world)
    await pay(world, 2n)
  },
  async confirming(world) {
    world.installation.bitcoin.confirmations = [{ belowUnits: undefined, confirmations: 3 }]
    await into.seen(world)
    await world.installation.bury(1)
  },
  async late(world) {
    await ask(world)
    await world.installation.pass(2 * hour)
    await pay(world)
  },
  async paid(world) {
    await into.seen(world)
    await world.installation.bury(4)
  },
  async credited(world) {
    await into.seen(world)
    await world.installation.bury(6)
  },
  async expired(world) {
    await ask(world)
    await world.installation.pass(2 * hour)
    await goOn(world)
  },
  async canceled(world) {
    await into.draft(world)
    await world.installation.db.tx(tx =>
      tx.run(sql`update invoices set state = 'canceled' where id = ${world.id}`),
    )
  },
  refused: world => ask(world, 1n),
}

/** What happens to it then. */
const causes: Record<string, (world: World) => unknown> = {
  nothing: () => undefined,
  'its payer pays': world => pay(world),
  'its payer pays a part': world => pay(world, 3n),
  async 'its payer pays much too late'(world) {
    await world.installation.pass(3 * hour)
    await pay(world)
  },
  async 'the newest block is left behind'({ installation: { node, pass, mine, look } }) {
    const height = await node.rpc<number>('getblockcount')
    await node.rpc('invalidateblock', [await node.rpc<string>('getblockhash', [height])])
    await pass(60_000)
    await mine(2)
    await look()
  },
  'the node is away for a day'({ installation }) {
    const { info } = installation.rail
    const heals = installation.clock.now() + 24 * hour
    installation.rail.info = async (...of) =>
      installation.clock.now() < heals ? unsure('no answer came') : info.apply(installation.rail, of)
  },
}

async function open(state: State, cause: string): Promise<World> {
  const server = await startNode({ settings: { premined: 0 } })
  const node = {
    url: server.url,
    cookieFile: server.cookieFile,
    rpc: async <T>(method: string, params: unknown[] = [], wallet?: string) =>
      server.chain.rpc<T>(method, params, wallet),
  }
  const installation = await openChainInstallation({
    node,
    commissionBp: 0n,
    dueInMs: hour,
    terms: { late: { is: 'hold' } },
  })
  const world: World = {
    installation,
    id: '',
    address: '',
    close: async () => (await installation.close(), server.close()),
  }
  try {
    await into[state](world)
    expect(await stateOf(world), `what should be ${state}`).toBe(state)
    await causes[cause]!(world)
    return world
  } catch (error) {
    await world.close()
    throw error
  }
}

/** The program does what it does by itself, until the request has ended or nothing becomes of it any more. */
async function goOn(world: World): Promise<InvoiceState> {
  const { installation } = world
  const jobs = timetable(installation.app).filter(({ name }) => !name.startsWith('reconcile'))
  for (let round = 0; round < 9; round++) {
    await installation.pass(4 * hour)
    await installation.mine()
    for (const job of jobs)
      await job.work(installation.app, installation.world).catch((error: unknown) => void error)
  }
  return stateOf(world)
}
/** `refused` is what a chain cannot carry: nobody was asked, so nobody pays. */
const isEnd = (state: string) => ['credited', 'expired', 'canceled', 'refused'].includes(state)

const wayFrom = (state: State, cause: string) =>
  wayOut({ open: () => open(state, cause), goOn, isEnd, acts, book, most: 2, close: world => world.close() })

test('the book says of every state what ends it', () => {
  expect([...book.keys()].toSorted()).toEqual(states.toSorted())
})

const { repasse } = openTerminal()
test.each([...new Set([...book.values()].flat())])('%s is a command', async name => {
  expect((await repasse([...name.split(' '), '--help'])).code).toBe(0)
})

describe.each(states)('a request that is %s', state => {
  test.each(Object.keys(causes))('ends when this comes to it: %s', async cause => {
    expect(await wayFrom(state, cause), 'the acts of docs/operating.md that end it').toBeDefined()
  })
})
