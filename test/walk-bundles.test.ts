/**
 * From every state of a bundle, whatever comes to it: it ends by itself, or by acts that docs/operating.md
 * names for its state.
 */
import { describe, expect, test } from 'vitest'
import { startNode } from '../sim/chain/server.ts'
import { BadInput, unsure } from '../src/base/answer.ts'
import { bundleMachine, latestOf, markHanded, readPlan } from '../src/payout/payout.ts'
import { endsOf } from './testbed/book.ts'
import { openChainInstallation, type ChainInstallation } from './testbed/chainInstallation.ts'
import { bundlesOf, owing } from './testbed/owing.ts'
import { openTerminal } from './testbed/terminal.ts'
import { wayOut } from './testbed/wayOut.ts'
import { letGo, stopAll, cancelBitcoinBundle, importSigned } from './testbed/acts.ts'

type State = keyof typeof bundleMachine
const states = Object.keys(bundleMachine) as State[]
const book = endsOf('a bundle')
const act = { by: 'bruno', why: 'a walk' }

interface World {
  installation: ChainInstallation
  id: string
  /** No block comes for now. */
  minersAway: boolean
  close(): Promise<void>
}

const bundleOf = async ({ installation, id }: World) =>
  (await bundlesOf(installation)).find(bundle => bundle.id === id)!
const stateOf = async (world: World): Promise<State> => (await bundleOf(world)).state

const acts: Record<string, (world: World) => Promise<unknown>> = {
  'bitcoin bundle cancel': ({ installation, id }) => cancelBitcoinBundle(installation, id, act),
  /** Whoever imports it was given it first, and signed what it says. */
  async 'bitcoin psbt import'({ installation, id }) {
    const last = await latestOf(installation.db, id)
    if (!(await installation.db.tx(tx => markHanded(tx, last))))
      throw new BadInput('nothing of it waits for a signature')
    await importSigned(
      installation.db,
      installation.rail,
      installation.wallet.sign(readPlan(last.plan).psbt),
      'bruno',
    )
  },
  'payout go': ({ installation }) => letGo(installation.db, act.why, act.by),
}

/** How a bundle comes into each state; it is the only one, of two payouts. */
const into: Record<State, (world: World) => Promise<unknown>> = {
  async planned({ installation }) {
    await installation.send()
  },
  async signed(world) {
    const { broadcast } = world.installation.rail
    world.installation.rail.broadcast = async () => unsure('no answer came')
    await world.installation.send()
    if ((await bundlesOf(world.installation))[0]!.state === 'planned')
      await acts['bitcoin psbt import']!({ ...world, id: (await bundlesOf(world.installation))[0]!.id })
    world.installation.rail.broadcast = broadcast
  },
  async sent(world) {
    await world.installation.send()
    const [{ id, state }] = (await bundlesOf(world.installation)) as [Awaited<ReturnType<typeof bundleOf>>]
    if (state === 'planned') {
      await acts['bitcoin psbt import']!({ ...world, id })
      await world.installation.send()
    }
  },
  async mined(world) {
    await into.sent(world)
    await world.installation.bury(1)
  },
  async paid(world) {
    await into.sent(world)
    await world.installation.bury(6)
  },
  async void(world) {
    await world.installation.send()
    await cancelBitcoinBundle(world.installation, (await bundlesOf(world.installation))[0]!.id, act)
  },
}

const day = 86_400_000

/** What happens to it then. */
const causes: Record<string, (world: World) => unknown> = {
  nothing: () => undefined,
  'no block comes for more than a day': world => void (world.minersAway = true),
  'somebody stops all payouts': ({ installation }) => stopAll(installation.db, 'a walk', act.by),
  'the node is away for a day'({ installation }) {
    const { broadcast, feeRate } = installation.rail
    const heals = installation.clock.now() + day
    const away = async () => unsure('no answer came')
    installation.rail.broadcast = (...bytes) =>
      installation.clock.now() < heals ? away() : broadcast.apply(installation.rail, bytes)
    installation.rail.feeRate = (...blocks) =>
      installation.clock.now() < heals ? away() : feeRate.apply(installation.rail, blocks)
  },
  async 'the newest blocks are left behind'({ installation: { node, mine, pass, look } }) {
    const height = await node.rpc<number>('getblockcount')
    await node.rpc('invalidateblock', [await node.rpc<string>('getblockhash', [height])])
    await pass(60_000)
    await mine(2)
    await look()
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
  const installation = await openChainInstallation({ node, commissionBp: 0n, signer: 'psbt' })
  const world: World = {
    installation,
    id: '',
    minersAway: false,
    close: async () => (await installation.close(), server.close()),
  }
  try {
    await owing(installation, [{ units: 60_000n }, { units: 80_000n }])
    await into[state](world)
    world.id = (await bundlesOf(installation))[0]!.id
    expect(await stateOf(world), `what should be ${state}`).toBe(state)
    await causes[cause]!(world)
    return world
  } catch (error) {
    await world.close()
    throw error
  }
}

/** The program does what it does by itself, until the bundle has ended or nothing becomes of it any more. */
async function goOn(world: World): Promise<State> {
  const { installation } = world
  for (let round = 0; round < 10 && !isEnd(await stateOf(world)); round++) {
    await installation.pass(day / 6)
    if (!world.minersAway) await installation.mine()
    await installation.look()
    await installation.send()
  }
  world.minersAway = false
  for (let round = 0; round < 8 && !isEnd(await stateOf(world)); round++) await installation.bury(1)
  return stateOf(world)
}
const isEnd = (state: string) => state === 'paid' || state === 'void'

const wayFrom = (state: State, cause: string) =>
  wayOut({ open: () => open(state, cause), goOn, isEnd, acts, book, most: 2, close: world => world.close() })

test('the book names what ends each state, and nothing else', () => {
  expect([...book.keys()].sort()).toEqual([...states].sort())
})

describe.each(states)('a bundle that is %s', state => {
  test.each(Object.keys(causes))('ends when this comes to it: %s', { timeout: 300_000 }, async cause => {
    expect(await wayFrom(state, cause), `${state}, ${cause}`).toBeDefined()
  })
})

describe('the commands of the book', () => {
  const { repasse } = openTerminal()
  test.each([
    ...new Set([...book.values()].flat().filter(name => /^[a-z ]+$/.test(name) && name.includes(' '))),
  ])('repasse %s is there', async name => {
    expect((await repasse([...name.split(' '), '--help'])).code).toBe(0)
  })
})
