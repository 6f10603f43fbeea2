/**
 * The second rail in a simulated installation: its node, its keys, its chainActors, and how it is judged when
 * all is still.
 */
import { makeChain, type Chain } from '../../sim/chain/chain.ts'
import type { Clock, Random, World } from '../../src/base/world.ts'
import type { BitcoinSetup, App } from '../../src/jobs/jobs.ts'
import { addressOf } from '../../src/rails/bitcoin/address.ts'
import { bitcoinRail, type AccountParts } from '../../src/rails/bitcoin/bitcoin.ts'
import type { ChainNode } from '../../src/rails/bitcoin/node.ts'
import type { ChainRail } from '../../src/rails/chain.ts'
import { sql, type Db } from '../../src/db/db.ts'
import { remembering } from '../testbed/derivations.ts'
import { wallet, type Wallet } from '../testbed/wallet.ts'
import { lookAhead } from '../../src/chain/chain.ts'
import { judgeChain, type Judged } from './chainOracle.ts'
import type { ChainScenario } from './chainScenario.ts'
import type { BitcoinParts } from './process.ts'
import { openGivers, type Givers } from './givers.ts'
import { isBuried } from './settled.ts'
import { openChainActors, type ChainActors } from './chainActors.ts'
import { addAccount, addSchedule, approveAccount, letGo, releasePayout } from '../testbed/acts.ts'

export interface Coins {
  parts: BitcoinParts
  /** It plans, derives and reads, and asks the node nothing. */
  rail: ChainRail
  chain: Chain
  chainActors: ChainActors
  givers: Givers | undefined
  /** Why payouts were seen stopped, in the order of the story. */
  readonly stops: string[]
  /** Notes a stop, and lets go of it where `release` says so. */
  look(release: boolean): Promise<void>
  /**
   * A person looked: payouts whose transaction lost a coin to somebody else, and whose own payment is there,
   * are let go.
   */
  attend(): Promise<void>
  /**
   * Nothing on the chain is under way for us: what could be credited is, and what is owed has been mined deep
   * enough.
   */
  isStill(): Promise<boolean>
  /** The second person approves, where she had not. */
  approve(): Promise<void>
  judge(app: App, scans: boolean): Promise<Judged>
}

export interface CoinsParts {
  scenario: ChainScenario
  clock: Clock
  /** Of the chainActors and the node alone. */
  random: Random
  db: Db
  world: World
  endsAt: string
  commissionBp: bigint
  /** What people who give back are drawn from, where there are some. */
  givers: Random | undefined
  /** Whether payouts may stop for what is not on the chain. */
  mayStop: boolean
  /** Whether backups are restored, so that what was made since is forgotten here and not on the chain. */
  isRestored: boolean
  trace: (line: string) => void
}

const nodeWallet = 'own'

/**
 * A chain with a payer and the installation’s wallet, an account to pay to, and a schedule that asks for
 * coins.
 */
export async function openCoins(parts: CoinsParts): Promise<Coins> {
  const { scenario, clock, random, db, world, trace } = parts
  const { kind, signer, payoutDepth, late, gatherMs, bumpAfterBlocks, faults } = scenario
  const chain = makeChain({
    clock,
    random,
    settings: { premined: 101, payerCoins: 30, skipAuth: true, feeRate: 5_000n },
  })
  chain.setFaults(faults)
  const ours = wallet(kind, 'regtest', 1)
  if (signer === 'wallet') importKeys(chain, ours, parts.isRestored ? 60 + 2 * lookAhead : 60)
  const account: BitcoinParts['account'] = {
    ...{
      network: 'regtest',
      descriptor: ours.account.text,
      signer,
      wallet: nodeWallet,
      feeBlocks: 6,
      mostFeeRate: maxFeeRate,
    },
  }
  const plain = bitcoinRail({ ...account, log: world.log, node: noNode })
  const derive = remembering(`storm ${kind}`, plain.derive)
  const rail = { ...plain, derive }
  const chainActors = openChainActors({ chain, scenario, clock, random, db, rail, wallet: ours, trace })
  const app: Omit<BitcoinSetup, 'watching'> = {
    terms: { payoutDepth, late },
    bundles: { gatherMs, mostFeeRate: maxFeeRate, bumpAfterBlocks },
    confirmations: [
      { belowUnits: 50_000n, confirmations: 1 },
      { belowUnits: 2_000_000n, confirmations: 3 },
      { belowUnits: undefined, confirmations: 6 },
    ],
    sources: chainActors.sources,
    agreement: {
      sources: chainActors.sources.map(({ name }) => name),
      maxAgeMs: 30 * 60_000,
      maxDeviation: 200n,
      least: 2,
    },
    pollSeconds: 5,
  }

  const payee = wallet('tr', 'regtest', 2).account
  const destination = scenario.ownAddresses ? payee.text : rail.destination(payee.text, 0).address
  await addAccount(db, world, 'coins', { kind: 'bitcoin', holder: 'Payee', destination }, 'maker')
  const payeeScripts = payeeScriptsOf(rail, payee.text)
  const givers =
    parts.givers &&
    openGivers({
      ...{
        chain,
        db,
        world,
        clock,
        random: parts.givers,
        rail,
        app,
        wallet: ours,
        isDown: chainActors.isDown,
        trace,
      },
      ...{ to: addressOf(chain.payer.script, 'regtest')!, strange: chainActors.strange as Set<string> },
    })
  let approved = false
  const approve = async () => {
    if (!approved) await approveAccount(db, 'coins', 'checker')
    approved = true
  }
  if (!scenario.approvedLate) await approve()
  await furnish(db, world, parts)
  const stops: string[] = []

  return {
    parts: { chain, isDown: chainActors.isDown, account, app, derive },
    rail,
    chain,
    chainActors,
    givers,
    stops,
    approve,
    async look(release) {
      const row = await db.one<{ value: string }>(sql`select value from settings where name = 'hold'`)
      if (!row) return
      if (stops.at(-1) !== row.value) {
        stops.push(row.value)
        trace(`payouts are stopped: ${row.value}`)
      }
      if (!release) return
      await letGo(db, 'it was looked at', 'operator')
    },
    async attend() {
      const rows = await db.all<{ id: string }>(sql`
        select p.id from payouts p where p.asset = 'BTC' and p.state = 'held' and p.units > 0
          and (p.why like 'a coin of its transaction%' or (${givers ? 1 : 0} = 1 and p.rule like 'refund%'
            and p.why like '%which this installation does not know%'))
          and not exists (select 1 from coins c where c.payout_id = p.id and c.state <> 'mined')
            order by p.id`)
      for (const { id } of rows) {
        trace(`${id} is let go: nobody paid it otherwise`)
        await releasePayout(db, id, { by: 'operator', why: 'nobody paid it otherwise' })
      }
    },
    isStill: () => isBuried(db, chain.height()),
    async judge(from, scans) {
      const judged = await judgeChain({
        ...{
          db,
          rail: from.rails.bitcoin!,
          world: from.world,
          from: 102,
          payee: givers
            ? new Set([...payeeScripts, Buffer.from(chain.payer.script).toString('hex')])
            : payeeScripts,
          scans,
        },
        ...{
          strange: chainActors.strange,
          deepTurns: chainActors.figures.deepTurns,
          isRestored: parts.isRestored,
        },
        blockAt: async height => blockOf(chain, height),
      })
      // What is said at once to have been a refund stops nothing.
      if (!givers && !parts.mayStop) judged.faults.push(...judgeStops(stops, chainActors, judged))
      judged.faults.push(...((await givers?.judge()) ?? []))
      return judged
    },
  }
}

const maxFeeRate = 100_000n

/**
 * Payouts stop for what a deep turn, a node that lags as deep or a stranger took, never for less; and where
 * something was taken they did stop.
 */
function judgeStops(
  stops: string[],
  { figures, strange }: ChainActors,
  { lost, dead, stolen }: Judged,
): string[] {
  const reason = figures.deepTurns > 0 || figures.deepLags > 0 || strange.size > 0
  const faults: string[] = []
  if (stops.length > 0 && !reason) faults.push(`payouts were stopped for nothing: ${stops.join(' | ')}`)
  if (stops.length === 0 && lost.length + dead.length + stolen > 0)
    faults.push(
      `payouts were never stopped, and ${lost.length} payments, ${dead.length} bundles and ${stolen} stolen coins were lost`,
    )
  return faults
}

function blockOf(chain: Chain, height: number): Uint8Array | undefined {
  const hash = chain.hashAt(height)
  return hash === undefined ? undefined : Buffer.from(chain.rpc<string>('getblock', [hash, 0]), 'hex')
}

async function furnish(db: Db, world: World, { scenario, endsAt, commissionBp }: CoinsParts): Promise<void> {
  const { currency, cron, count, dueInMs, watchMs } = scenario
  const [unitsLow, unitsHigh] = currency === 'BRL' ? [2_000n, 100_000n] : [5_000n, 200_000n]
  await addSchedule(
    db,
    world,
    {
      ...{
        name: 'coins',
        rail: 'bitcoin',
        currency,
        watchMs,
        cron,
        timeZone: 'America/Sao_Paulo',
        startsAt: undefined,
        endsAt,
      },
      ...{
        countLow: count[0],
        countHigh: count[1],
        unitsLow,
        unitsHigh,
        roster: undefined,
        dueInMs,
        payTo: 'coins',
      },
      ...{ commissionBp, minPayoutUnits: 0n, catchUp: 'all' },
    },
    'maker',
  )
}

/**
 * What a node's wallet needs in order to sign: each restore passes over as many numbers as are looked ahead.
 */
function importKeys(chain: Chain, ours: Wallet, last: number): void {
  chain.rpc('createwallet', [nodeWallet, false, true])
  const requests = (['receive', 'change'] as const).map(branch => {
    const { checksum } = chain.rpc<{ checksum: string }>('getdescriptorinfo', [ours.privateText(branch)])
    return {
      desc: `${ours.privateText(branch)}#${checksum}`,
      timestamp: 'now',
      range: [0, last],
      active: false,
      internal: branch === 'change',
    }
  })
  chain.rpc('importdescriptors', [requests], nodeWallet)
}

let payeeScripts: ReadonlySet<string> | undefined
const payeeScriptsOf = (rail: ChainRail, text: string): ReadonlySet<string> =>
  (payeeScripts ??= new Set(
    Array.from({ length: 300 }, (_, index) =>
      Buffer.from(rail.destination(text, index).script).toString('hex'),
    ),
  ))

/** For what derives, plans and reads, and asks nobody. */
const noNode = {} as ChainNode & AccountParts
