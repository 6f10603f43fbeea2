/**
 * An installation on a regtest chain: a node, a payer with coins, and the installation’s clock, which the
 * node follows. Everything happens when the story says so.
 */
import { seededRandom, systemClock } from '../../src/base/clock.ts'
import type { Log } from '../../src/base/log.ts'
import { instant, type World } from '../../src/base/world.ts'
import { coinsOf, newWatching, type CoinRow } from '../../src/chain/chain.ts'
import type { InvoiceRow } from '../../src/invoice/invoice.ts'
import { follow, runDueSlots, sendCoins, type BitcoinSetup, type App } from '../../src/jobs/jobs.ts'
import { runNow } from '../../src/schedule/schedule.ts'
import { holdAgainstChain, reconcileChain } from '../../src/reconcile/reconcile.ts'
import { balances, checkLedger } from '../../src/ledger/ledger.ts'
import { type PayoutRow } from '../../src/payout/payout.ts'
import { connectBitcoin } from '../../src/rails/bitcoin/bitcoin.ts'
import { branchText } from '../../src/rails/bitcoin/descriptor.ts'
import type { ChainRail } from '../../src/rails/chain.ts'
import { refreshRates, type RateSource } from '../../src/rates/rates.ts'
import { sql, type Db } from '../../src/db/db.ts'
import { makeInbox, settleInbox, type Followed } from '../../src/webhooks/webhooks.ts'
import { virtualClock, type VirtualClock } from '../simulation/clock.ts'
import { remembering } from './derivations.ts'
import { evidence } from './evidence.ts'
import { coinsText, payerName } from './chainActs.ts'
import { openMigrated } from './migrated.ts'
import { wallet, type Wallet } from './wallet.ts'
import { addAccount, addSchedule, approveAccount } from './acts.ts'

/** What of a node an installation uses: a bitcoind's testbed and the simulated node's have it alike. */
export interface TestNode {
  url: string
  cookieFile: string
  // oxlint-disable-next-line typescript/no-explicit-any -- a test knows what it asked for
  rpc<T = any>(method: string, params?: unknown[], wallet?: string): Promise<T>
}

export interface ChainInstallationOptions {
  node: TestNode
  /** Cents for one BTC; may be changed while the story runs. */
  price?: bigint
  signer?: 'psbt' | 'wallet'
  kind?: 'wpkh' | 'tr'
  commissionBp?: bigint
  amount?: { units: bigint; currency: 'BRL' | 'BTC' }
  count?: number
  dueInMs?: number
  policy?: () => string
  terms?: Partial<BitcoinSetup['terms']>
  bumpAfterBlocks?: number
  databaseUrl?: string
  /** Where payouts go; an address of the payee's own wallet where nothing is said. */
  destination?: string
  log?: Log
  at?: World['at']
}

export interface Said {
  level: 'debug' | 'info' | 'warn' | 'error'
  text: string
}

export interface ChainInstallation {
  node: TestNode
  clock: VirtualClock
  db: Db
  app: App
  rail: ChainRail
  bitcoin: BitcoinSetup
  wallet: Wallet
  world: World
  /** What was logged, where no log was handed in. */
  said: Said[]
  /** Moves our clock and the node's. */
  pass(ms: number): Promise<void>
  setPrice(price: bigint): Promise<void>
  /**
   * Issues a batch now and answers its requests: of the installation's own schedule, or of one in satoshis to
   * an account of that name.
   */
  issue(other?: { units: bigint; payTo: string }): Promise<InvoiceRow[]>
  /** Pays from the payer's wallet; answers the txid. */
  pay(address: string, units: bigint, feeRate?: number): Promise<string>
  mine(blocks?: number): Promise<string[]>
  /** Follows the chain and settles what is due. */
  look(): Promise<Followed>
  /** Mines and looks, block by block. */
  bury(blocks: number): Promise<void>
  /** Bundles, signs, sends; with a gathering time of nothing. */
  send(): Promise<Record<string, number>>
  invoice(id: string): Promise<InvoiceRow>
  coins(id: string): Promise<CoinRow[]>
  payouts(): Promise<PayoutRow[]>
  /**
   * What does not hold: the books, our coins against the node's, and against its own scan of our descriptor.
   */
  audit(): Promise<string[]>
  /** Another process of the same installation: nothing in memory, the same database. */
  restart(): void
  /** The same with its own connection to the database, which must be one that outlasts that. */
  reopen(): Promise<void>
  close(): Promise<void>
}

let installations = 0
/**
 * Installations on one node have keys of their own; on nodes of their own they have the same ones, which are
 * derived once.
 */
const installationsOn = new Map<string, number>()

/** One approved account, one schedule, a payer with coins, and a chain that is followed. */
export async function openChainInstallation(options: ChainInstallationOptions): Promise<ChainInstallation> {
  const { node, signer = 'wallet', kind = 'wpkh', amount = { units: 10_000n, currency: 'BRL' } } = options
  const number = ++installations
  const clock = virtualClock(await timeOf(node))
  await node.rpc('setmocktime', [Math.floor(clock.now() / 1000)])
  await furnishPayer(node)
  const place = (installationsOn.get(node.url) ?? 0) + 1
  installationsOn.set(node.url, place)
  const ours = wallet(kind, 'regtest', place)
  const ownWallet = `own${place}-${process.pid}`
  await importKeys(node, ownWallet, ours)

  const random = seededRandom(number)
  const said: Said[] = []
  const world: World = {
    clock,
    random,
    log: options.log ?? recording(said),
    at: options.at ?? (() => undefined),
  }
  const over = evidence.keep(`installation ${number} with its chain`, () => [
    `seed ${number}, ${instant(clock.now())} by its clock`,
    ...said.slice(-20).map(line => JSON.stringify(line)),
  ])
  const open = () => openMigrated(options.databaseUrl ?? 'sqlite::memory:', { clock, random, virtual: true })
  let db = await open()
  const plain = connectBitcoin({
    ...{ network: 'regtest', descriptor: ours.account.text, rpcUrl: node.url, cookieFile: node.cookieFile },
    ...{ signer, wallet: ownWallet, policy: options.policy, feeBlocks: 6, mostFeeRate: 100_000n },
    ...{ clock: systemClock, log: world.log },
  })
  const rail = { ...plain, derive: remembering(ours.account.text, plain.derive) }
  let price = options.price ?? 60_000_000n
  const source: RateSource = {
    name: 'installation',
    quote: async () => ({ is: 'done', value: { source: 'installation', price, at: instant(clock.now()) } }),
  }
  const bitcoin: BitcoinSetup = {
    terms: { payoutDepth: 6, late: { is: 'accept', within: 200n }, ...options.terms },
    bundles: { gatherMs: 0, mostFeeRate: 100_000n, bumpAfterBlocks: options.bumpAfterBlocks ?? 6 },
    confirmations: [
      { belowUnits: 50_000n, confirmations: 1 },
      { belowUnits: 2_000_000n, confirmations: 3 },
      { belowUnits: undefined, confirmations: 6 },
    ],
    sources: [source],
    agreement: { sources: ['installation'], maxAgeMs: 365 * 86_400_000, maxDeviation: 200n, least: 1 },
    watching: newWatching(rail),
    pollSeconds: 5,
  }
  const app: App = {
    ...{ db, world, worker: 'installation', rails: { bitcoin: rail }, inbox: makeInbox(db, world) },
    ...{ terms: { transferFeeBy: 'receiver', transferFeeUnits: 0n }, pollSeconds: 300, bitcoin },
  }

  const destination =
    options.destination ?? (await node.rpc<string>('getnewaddress', ['payee', 'bech32'], payerName))
  await addAccount(db, world, 'main', { kind: 'bitcoin', holder: 'Payee', destination }, 'maker')
  await approveAccount(db, 'main', 'checker')
  const many = options.count ?? 1
  const what = {
    countLow: many,
    countHigh: many,
    unitsLow: amount.units,
    unitsHigh: amount.units,
    roster: undefined,
    payTo: 'main',
  }
  const when = {
    cron: '0 0 1 1 *',
    timeZone: 'Etc/UTC',
    startsAt: undefined,
    endsAt: undefined,
    dueInMs: options.dueInMs ?? 86_400_000,
  }
  const rule = {
    name: 'trial',
    rail: 'bitcoin',
    currency: amount.currency,
    commissionBp: options.commissionBp ?? 150n,
  } as const
  const schedule = await addSchedule(
    db,
    world,
    { ...rule, minPayoutUnits: 0n, catchUp: 'all', ...when, ...what },
    'maker',
  )
  let others = 0
  const otherSchedule = ({ units, payTo }: { units: bigint; payTo: string }) => {
    const named = {
      ...rule,
      name: `trial ${++others}`,
      currency: 'BTC',
      minPayoutUnits: 0n,
      catchUp: 'all',
    } as const
    return addSchedule(
      db,
      world,
      { ...named, ...when, ...what, unitsLow: units, unitsHigh: units, payTo },
      'maker',
    )
  }

  const parts = { db, rail, bitcoin, world }
  const look = async () => {
    const followed = await follow(parts)
    await settleInbox({ ...app, chain: bitcoin.terms })
    return followed
  }
  const mine = (blocks = 1) => mineOn(node, blocks)
  await refreshRates(db, bitcoin.sources, world)
  await look()

  const installation: ChainInstallation = {
    ...{ node, clock, db, app, rail, bitcoin, wallet: ours, world, said, look, mine },
    async pass(ms) {
      clock.moveTo(clock.now() + ms)
      await node.rpc('setmocktime', [Math.floor(clock.now() / 1000)])
    },
    async setPrice(next) {
      price = next
      await refreshRates(db, bitcoin.sources, world)
    },
    async issue(other) {
      await installation.pass(1_000)
      const rule = other ? await otherSchedule(other) : schedule
      const slot = await db.tx(tx => runNow(tx, world, rule, 'installation'))
      await runDueSlots(app)
      return db.all<InvoiceRow>(sql`select * from invoices where slot_id = ${slot} order by ordinal`)
    },
    pay: (address, units, feeRate = 5) => payFrom(node, address, units, feeRate),
    async bury(blocks) {
      for (let count = 0; count < blocks; count++) {
        await installation.pass(60_000)
        await mine()
        await look()
      }
    },
    async send() {
      await installation.pass(61_000)
      return sendCoins(parts)
    },
    invoice: async id => (await db.one<InvoiceRow>(sql`select * from invoices where id = ${id}`))!,
    coins: id => coinsOf(db, id),
    payouts: () => db.all<PayoutRow>(sql`select * from payouts order by added_at, id`),
    async audit() {
      const found = await reconcileChain(db, rail, world)
      const findings = (await checkLedger(db)).map(({ invariant, says }) => `${invariant}: ${says}`)
      if (typeof found === 'string') return [...findings, found]
      const held = await holdAgainstChain(db, found)
      if (held !== undefined) findings.push(held)
      if (found.unsettled > 0) findings.push(`${found.unsettled} events wait`)
      const unspent = await scanned(node, ours)
      const book = (await balances(db, 'BTC')).bank
      if (unspent !== book)
        findings.push(`the node holds ${unspent} for our descriptor, the books say ${book}`)
      return findings
    },
    restart() {
      bitcoin.watching = newWatching(rail)
    },
    async reopen() {
      await db.close()
      db = await open()
      installation.db = parts.db = app.db = db
      app.inbox = makeInbox(db, world)
      installation.restart()
    },
    async close() {
      over()
      rail.close()
      await db.close()
    },
  }
  return installation
}

function recording(said: Said[]): Log {
  const as = (level: Said['level']) => (_: unknown, text: string) => void said.push({ level, text })
  const log: Log = {
    debug: as('debug'),
    info: as('info'),
    warn: as('warn'),
    error: as('error'),
    child: () => log,
  }
  return log
}

/** Later than the chain's newest block, so that a block mined now is valid. */
async function timeOf(node: TestNode): Promise<number> {
  const hash = await node.rpc<string>('getbestblockhash')
  const { time } = await node.rpc<{ time: number }>('getblockheader', [hash])
  return Math.max(systemClock.now(), (time + 1) * 1000)
}

// As far as any story goes: the rail's own scan looks ten times as far, and takes ten times as long.
const scanRange = 1_500

/** What the node's own scan finds for our account, in satoshis. */
async function scanned(node: TestNode, { account }: Wallet): Promise<bigint> {
  const ranges = (['receive', 'change'] as const).map(branch => ({
    desc: branchText(account, branch),
    range: scanRange,
  }))
  const { total_amount: total } = await node.rpc<{ total_amount: number }>('scantxoutset', ['start', ranges])
  return BigInt(Math.round(total * 100_000_000))
}

/** A wallet with mature coins, once for each node. */
async function furnishPayer(node: TestNode): Promise<void> {
  const wallets = await node.rpc<string[]>('listwallets')
  if (wallets.includes(payerName)) return
  await node.rpc('createwallet', [payerName])
  const address = await node.rpc<string>('getnewaddress', ['mined', 'bech32'], payerName)
  await node.rpc('generatetoaddress', [20, address])
  // A coinbase is spent a hundred blocks deep; a wallet that gets none of those is much faster.
  await mineOn(node, 100)
}

/** The installation’s keys in a wallet of the node: what signs in `BITCOIN_SIGNER=wallet`. */
export async function importKeys(node: TestNode, name: string, ours: Wallet): Promise<void> {
  await node.rpc('createwallet', [name, false, true])
  const requests = []
  for (const [branch, internal] of [
    ['receive', false],
    ['change', true],
  ] as const) {
    // The checksum of the text with the private key, which is what is imported.
    const { checksum } = await node.rpc<{ checksum: string }>('getdescriptorinfo', [ours.privateText(branch)])
    requests.push({
      desc: `${ours.privateText(branch)}#${checksum}`,
      timestamp: 'now',
      range: [0, 1_000],
      active: false,
      internal,
    })
  }
  await node.rpc('importdescriptors', [requests], name)
}

async function payFrom(node: TestNode, address: string, units: bigint, feeRate: number): Promise<string> {
  // address, amount, comment, comment_to, subtractfee, replaceable, conf_target, estimate_mode, avoid_reuse,
  // fee_rate
  return node.rpc<string>(
    'sendtoaddress',
    [address, coinsText(units), '', '', false, true, null, 'unset', false, feeRate],
    payerName,
  )
}

let salt = 0
/** To a script that nobody holds and that no other block has: two blocks of one second are never the same. */
const mineOn = (node: TestNode, blocks: number): Promise<string[]> => {
  const tag = (++salt).toString(16).padStart(8, '0')
  return node.rpc<string[]>('generatetodescriptor', [
    blocks,
    `raw(6a08${process.pid.toString(16).padStart(8, '0')}${tag})`,
  ])
}
