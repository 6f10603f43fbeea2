/**
 * Builds the installation from its configuration: the one place where store, rail, clock and jobs are put
 * together.
 */
import { readFileSync, statfsSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, resolve } from 'node:path'
import { BadInput } from './base/answer.ts'
import { scaledClock, monotonicMs, sharedClock, systemClock, systemRandom } from './base/clock.ts'
import { readClockFile } from './base/clockFile.ts'
import { judgedClock } from './base/clockJudge.ts'
import { noKeys, type DataKeys } from './base/cipher.ts'
import { approvalsNeeded, coolingOffMs, movesRealMoney, retentionOf, type Config } from './base/config.ts'
import { fileShown } from './base/setting.ts'
import type { ShopLimits } from './base/shopSettings.ts'
import type { Log } from './base/log.ts'
import type { Clock, CrashPoint, World } from './base/world.ts'
import { newWatching } from './chain/chain.ts'
import { anchorAudit, hearDenied, openAnchorFile, type Anchoring } from './ledger/ledger.ts'
import {
  followOwnKey,
  forgetOthers,
  listening,
  startScheduler,
  type BitcoinSetup,
  type App,
  type MailParts,
  type Scheduler,
} from './jobs/jobs.ts'
import { checkingBeside } from './reconcile/reconcile.ts'
import { connectMail } from './mail/mail.ts'
import type { Terms } from './payout/payout.ts'
import type { ChainRail } from './rails/chain.ts'
import type { Rail, Rails } from './rails/rail.ts'
import { followKeyFile, type SigningKey } from './rails/starkbank/keyFiles.ts'
import { readPrivateKey } from './rails/starkbank/privateKey.ts'
import { connectStarkbank } from './rails/starkbank/starkbank.ts'
import { agreementOf, makeSources } from './rates/rates.ts'
import { openKeyFile } from './db/keyFile.ts'
import { migrate, pending } from './db/migrate.ts'
import { followKeys, followSealed, useKeys } from './db/rotate.ts'
import { bindTo, identityOf, openDb, type Db } from './db/db.ts'
import type { Metrics } from './web/metrics.ts'
import { pages, serveWeb, type PageSettings, type Web } from './web/web.ts'
import { readiness } from './queries/status.ts'
import { bankKeys, keepPublished, makeInbox, type Inbox } from './webhooks/webhooks.ts'

export interface Base {
  config: Config
  /** What columns of persons and secrets are encrypted under; none where ENCRYPTION_KEY_FILE is not set. */
  keys: DataKeys
  db: Db
  world: World
  terms: Terms
  /** There where the audit log is anchored outside the database. */
  anchoring?: Anchoring
}

/**
 * Opens the database, migrates an embedded one, and refuses one of another version or environment, or one
 * whose values are encrypted under a key that is not here. `mayLackKeys`: it is opened all the same, to look
 * at.
 */
export async function openBase(
  config: Config,
  log: Log,
  at: CrashPoint = () => undefined,
  { mayLackKeys = false }: { mayLackKeys?: boolean } = {},
): Promise<Base> {
  const world: World = {
    clock: clockOf(config),
    random: systemRandom,
    log,
    at,
    coolingOffMs: coolingOffMs(config),
  }
  // A clock of its own is not the database's, so then ours is asked for the time.
  const keys = keysIn(config)
  const db = await openDb(config.DATABASE_URL, { ...world, keys, virtual: config.CLOCK !== undefined })
  try {
    await bringUp(db, world)
    await (mayLackKeys ? followSealed(db, keys) : useKeys(db, keys))
  } catch (error) {
    await db.close()
    throw error
  }
  const terms = {
    transferFeeBy: config.TRANSFER_FEE_BY,
    transferFeeUnits: config.TRANSFER_FEE,
    approvals: approvalsNeeded(config),
  }
  const anchoring = anchoringOf(config)
  return { config, keys, db, world, ...(anchoring && { anchoring }), terms }
}

/** The keys that a configuration names. Where money is real, a file that others may read is refused. */
export const keysIn = (config: Config): DataKeys =>
  config.ENCRYPTION_KEY_FILE === undefined
    ? noKeys
    : openKeyFile(resolve(config.ENCRYPTION_KEY_FILE), { strict: movesRealMoney(config) })

/** Beside the database where nothing else is said, and where money is real. */
export function anchoringOf(config: Config): Anchoring | undefined {
  const { AUDIT_ANCHOR_FILE: named, DATABASE_URL: url } = config
  if (named !== undefined && named !== 'none') return { file: openAnchorFile(resolve(named)) }
  if (config.STARKBANK_ENVIRONMENT !== 'production' && config.BITCOIN_NETWORK !== 'mainnet') return undefined
  const isFile = url.startsWith('sqlite:') && url !== 'sqlite::memory:'
  return {
    file:
      isFile && named !== 'none'
        ? openAnchorFile(resolve(`${url.slice('sqlite:'.length)}.anchors`))
        : undefined,
  }
}

/** What a command did is anchored before it ends: nobody may be serving. */
export async function anchorNow({ db, world, anchoring }: Base): Promise<void> {
  if (anchoring) await anchorAudit(db, anchoring.file, world.log)
}

function clockOf({ CLOCK: hasty }: Config): Clock {
  // A storm's clock is put forward on purpose, and no other clock shows its time.
  if (hasty === undefined) return judgedClock(systemClock)
  if ('file' in hasty) return sharedClock(hasty.speed, readClockFile(hasty.file))
  const { speed, since, skips } = hasty
  return scaledClock(
    speed,
    since,
    skips === undefined ? undefined : () => Number(readFileSync(skips, 'utf8')),
  )
}

async function bringUp(db: Db, { clock }: World): Promise<void> {
  const missing = await pending(db)
  if (missing.length === 0) return
  // An embedded database has one owner, so it is brought up here; a shared one waits for `repasse migrate`.
  if (db.engine === 'postgres' && missing[0]!.name !== '0001-house.sql')
    throw new BadInput(
      `the database lacks ${missing.map(({ name }) => name).join(', ')}: run "repasse migrate" first`,
    )
  await migrate(db, clock)
}

/**
 * Connects the bank; every missing setting is named at once. Keys seen before are kept in the database, with
 * every new one. `binds`: a new database is from then on of this workspace; a check only looks. `tries`:
 * another key file, of which it is only asked whether the bank accepts it, so what the bank says of it is
 * nobody else's news.
 */
export async function openRail(base: Base, how: { binds?: boolean; tries?: string } = {}): Promise<Rail> {
  return (await openBank(base, how)).rail
}

async function openBank(
  { config, db, world }: Base,
  { binds = true, tries }: { binds?: boolean; tries?: string } = {},
): Promise<{ rail: Rail; key: SigningKey }> {
  const names = ['STARKBANK_PROJECT_ID', 'STARKBANK_WORKSPACE_ID', 'STARKBANK_PRIVATE_KEY_FILE'] as const
  const missing = names.filter(name => config[name] === undefined)
  if (missing.length > 0)
    throw new BadInput(
      `${missing.join(', ')} must be set to talk to the bank: see .env.example, and the bank’s page “Integrations” (an installation with BITCOIN_RPC_URL alone needs no bank)`,
    )

  const environment = config.STARKBANK_ENVIRONMENT
  const keyFile = tries ?? config.STARKBANK_PRIVATE_KEY_FILE!
  const { findings } = readPrivateKey(keyFile, environment)
  for (const finding of findings) world.log.warn({ finding }, 'the bank key')
  const identity = `${environment}/${config.STARKBANK_WORKSPACE_ID}`
  await belongsTo(db, 'bank', identity, binds)

  const origin = bankKeyOrigin(config)
  const key = followKeyFile(keyFile, environment, world.log)
  const rail = connectStarkbank({
    environment,
    projectId: config.STARKBANK_PROJECT_ID!,
    workspaceId: config.STARKBANK_WORKSPACE_ID!,
    privateKeyPem: key.pem,
    ...world,
    ...(config.STARKBANK_API_URL !== undefined && { apiUrl: config.STARKBANK_API_URL }),
    keys: {
      initial: await bankKeys(db, origin),
      kept: () => bankKeys(db, origin),
      onNewKey: () => world.log.warn({ origin }, 'the bank publishes a key not seen before'),
      onPublished: pems =>
        void keepPublished(db, origin, pems, world).catch(() =>
          world.log.error({}, 'the keys of the bank could not be kept'),
        ),
    },
    ...(tries === undefined && {
      onDenied: (why: string | undefined) => void hearDenied(db, world.log, why),
    }),
  })
  return { rail, key }
}

/** Where the bank's keys come from: a simulated bank signs with another one than the sandbox. */
export const bankKeyOrigin = (config: Config): string =>
  config.STARKBANK_API_URL ?? config.STARKBANK_ENVIRONMENT

/**
 * A database belongs to one workspace of one environment, and to one account of one network, for ever: test
 * money must never meet real money.
 */
async function belongsTo(
  db: Db,
  what: 'bank' | ChainRail['name'],
  identity: string,
  binds: boolean,
): Promise<void> {
  const bound = binds ? await bindTo(db, what, identity) : await identityOf(db, what)
  if (bound !== undefined && keysOf(bound) !== keysOf(identity))
    throw new BadInput(
      `this database belongs to ${bound}, and the configuration says ${identity}: use another DATABASE_URL, or mend ${what === 'bank' ? 'STARKBANK_*' : 'BITCOIN_*'}`,
    )
}

/**
 * A descriptor without where its key comes from: whoever began with an xpub may add its origin, which
 * hardware wallets need, and no address changes.
 */
const keysOf = (identity: string) => identity.replace(/\[[^[\]]*\]|#[a-z0-9]{8}$/g, '')

/** Connects the node and the watch-only account; undefined where no node is configured. */
export async function openChain(
  { config, db, world }: Base,
  { binds = true }: { binds?: boolean } = {},
): Promise<{ rail: ChainRail; app: BitcoinSetup } | undefined> {
  if (config.BITCOIN_RPC_URL === undefined) return undefined
  const { connectBitcoin } = await import('./rails/bitcoin/bitcoin.ts')
  const rail = connectBitcoin({
    network: config.BITCOIN_NETWORK!,
    descriptor: config.BITCOIN_DESCRIPTOR!,
    rpcUrl: config.BITCOIN_RPC_URL,
    cookieFile: config.BITCOIN_RPC_COOKIE_FILE,
    zmqUrl: config.BITCOIN_ZMQ_URL,
    signer: config.BITCOIN_SIGNER,
    wallet: config.BITCOIN_WALLET,
    policy:
      config.BITCOIN_POLICY_FILE === undefined
        ? undefined
        : () => readSetting('BITCOIN_POLICY_FILE', config.BITCOIN_POLICY_FILE!),
    feeBlocks: config.BITCOIN_FEE_BLOCKS,
    mostFeeRate: config.BITCOIN_MAX_FEE_RATE,
    fallbackFeeRate: config.BITCOIN_FALLBACK_FEE_RATE,
    clock: world.clock,
    log: world.log,
  })
  await belongsTo(db, rail.name, `${rail.network}/${rail.descriptor}`, binds)
  return { rail, app: bitcoinSetup(config, rail, world) }
}

/** What the jobs of the Bitcoin rail need beside it. */
const bitcoinSetup = (config: Config, rail: ChainRail, { clock }: World): BitcoinSetup => ({
  terms: { payoutDepth: config.BITCOIN_PAYOUT_DEPTH, late: config.BITCOIN_LATE },
  bundles: {
    gatherMs: config.BITCOIN_BATCH_SECONDS * 1_000,
    mostFeeRate: config.BITCOIN_MAX_FEE_RATE,
    bumpAfterBlocks: config.BITCOIN_BUMP_AFTER_BLOCKS,
    approvals: approvalsNeeded(config),
  },
  confirmations: config.BITCOIN_CONFIRMATIONS,
  sources: makeSources(config, { fetch, clock }),
  agreement: agreementOf(config),
  watching: newWatching(rail),
  pollSeconds: config.BITCOIN_POLL_SECONDS,
})

function readSetting(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new BadInput(
      `${name} names ${fileShown(file)}, which cannot be read (${(error as { code?: string }).code})`,
      { cause: error },
    )
  }
}

export const bankIsConfigured = (config: Config) =>
  [config.STARKBANK_PROJECT_ID, config.STARKBANK_WORKSPACE_ID, config.STARKBANK_PRIVATE_KEY_FILE].some(
    value => value !== undefined,
  )

export interface Open {
  rails: Rails
  bitcoin: BitcoinSetup | undefined
  /** Of the key that signs at the bank. */
  ownKeyId?: (() => string) | undefined
  close(): void
}

/** Every rail that is configured. The bank may be left out where there is a node. */
export async function openRails(base: Base): Promise<Open> {
  const chain = await openChain(base)
  const bank = chain === undefined || bankIsConfigured(base.config) ? await openBank(base) : undefined
  await forgetOthers(base.db, [bank?.rail.name, chain?.rail.name])
  return {
    rails: {
      ...(bank && { starkbank: listening(bank.rail, base.db, base.world) }),
      ...(chain && { bitcoin: listening(chain.rail, base.db, base.world) }),
    },
    bitcoin: chain?.app,
    ownKeyId: bank?.key.keyId,
    close() {
      bank?.rail.close()
      chain?.rail.close()
    },
  }
}

export interface Running {
  app: App
  web: Web | undefined
  /** There where METRICS_LISTEN is set. */
  metrics: Metrics | undefined
  /** Stops taking, finishes what is at work, closes. */
  stop(): Promise<void>
}

/** Serves the roles asked for. */
export async function serve(
  base: Base,
  roles: string[],
  startedMs = monotonicMs(),
  wanted: () => boolean = () => true,
): Promise<Running> {
  const { config, keys, db, world } = base
  const open = await openRails(base)
  const inbox = makeInbox(db, world)
  const worker = `${hostname()}/${process.pid}`
  const beside = roles.includes('worker')
    ? checkingBeside({ databaseUrl: config.DATABASE_URL, keyFile: config.ENCRYPTION_KEY_FILE })
    : undefined
  const app: App = { ...appOf(base, open, worker, inbox), ...(beside && { checkBeside: beside.check }) }

  const room = diskWatch(config.DATABASE_URL, world)
  const metrics = await openMetrics(base, open, roles, room.mayTake).catch((error: unknown) => {
    room.stop()
    open.close()
    throw error
  })
  const web = roles.includes('web')
    ? await serveWeb(
        {
          db,
          ...(open.rails.starkbank && { rail: open.rails.starkbank }),
          inbox,
          clock: world.clock,
          log: world.log,
          mayTake: room.mayTake,
          wanted,
          socketGroup: config.LISTEN_GROUP,
          trustedProxies: config.TRUSTED_PROXIES,
          silentMs: config.RAIL_SILENT_MINUTES * 60_000,
          pages: over => pages({ app, settings: pageSettings(config), over }),
        },
        config.LISTEN,
      ).catch((error: unknown) => {
        // What already runs would keep a process alive that can serve nothing.
        void metrics?.close()
        room.stop()
        open.close()
        throw error
      })
    : undefined
  const scheduler = roles.includes('worker') ? startWhenReady(app) : undefined
  // Jobs watch it where there are jobs.
  const leaveOwnKey = !scheduler && app.ownKeyId ? followOwnKey(app, app.ownKeyId) : undefined
  const leaveKeys = followKeys(db, keys, world)
  world.log.info(
    {
      roles,
      listening: web?.address,
      engine: db.engine,
      worker,
      startMs: Math.round(monotonicMs() - startedMs),
    },
    'repasse serves',
  )

  return {
    app,
    web,
    metrics,
    async stop() {
      room.stop()
      leaveKeys()
      leaveOwnKey?.()
      await web?.close()
      beside?.close()
      await scheduler?.stop()
      await metrics?.close()
      open.close()
      await db.close()
    },
  }
}

const readyAgainMs = 500

/**
 * Who is not ready does no work either: a release that is tried beside the one in use must not settle or pay
 * anything in its stead.
 */
function startWhenReady(app: App): Scheduler {
  const over = new AbortController()
  const begun = (async () => {
    for (let said = false; !over.signal.aborted; await app.world.clock.sleep(readyAgainMs, over.signal)) {
      if ((await readiness(app.db)).ready) return startScheduler(app)
      if (!said) app.world.log.warn({}, 'not ready: no work is begun')
      said = true
    }
    return undefined
  })()
  return {
    async stop() {
      over.abort()
      await (await begun)?.stop()
    },
  }
}

async function openMetrics(
  { config, db, world }: Base,
  { bitcoin }: Open,
  roles: string[],
  mayTake: () => boolean,
): Promise<Metrics | undefined> {
  const listen = config.METRICS_LISTEN
  if (listen === undefined) return undefined
  const { serveMetrics } = await import('./web/metrics.ts')
  try {
    const metrics = await serveMetrics(
      { db, roles, mayTake, ...world, ...(bitcoin && { agreement: bitcoin.agreement }) },
      listen,
    )
    world.log.info({ listening: metrics.address }, 'figures are told at /metrics')
    return metrics
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new BadInput('METRICS_LISTEN is what another program has: stop it, or set another', {
      cause: error,
    })
  }
}

const pageSettings = (config: Config): PageSettings => ({
  publicUrl: config.PUBLIC_URL?.replace(/(?<!\/)\/+$/, ''),
  shopName: config.SHOP_NAME,
  simulateUrl: config.SIMULATE_URL?.replace(/(?<!\/)\/+$/, ''),
  sandbox:
    (bankIsConfigured(config) && config.STARKBANK_ENVIRONMENT === 'sandbox') ||
    (config.BITCOIN_NETWORK !== undefined && config.BITCOIN_NETWORK !== 'mainnet'),
})

/** The desk at which jobs are done, for whoever does them. */
export const appOf = (
  { config, db, world, terms, anchoring }: Base,
  { rails, bitcoin, ownKeyId }: Open,
  worker: string,
  inbox: Inbox,
): App => ({
  ...{ db, world, worker, rails, inbox, terms },
  pollSeconds: config.STARKBANK_POLL_SECONDS,
  silentMs: config.RAIL_SILENT_MINUTES * 60_000,
  ...(bitcoin && { bitcoin }),
  ...(ownKeyId && { ownKeyId }),
  ...(config.AUDIT_ANCHOR_EMAIL && { anchorTo: config.AUDIT_ANCHOR_EMAIL }),
  shopLimits: shopLimitsOf(config),
  retention: retentionOf(config),
  ...(anchoring && { anchoring }),
  ...(config.SMTP_URL !== undefined && { post: postOf(config, world) }),
})

const shopLimitsOf = (config: Config): ShopLimits => ({
  email: config.SHOP_LIMIT_EMAIL,
  taxId: config.SHOP_LIMIT_TAX_ID,
  address: config.SHOP_LIMIT_ADDRESS,
  order: config.SHOP_LIMIT_ORDER,
  letters: config.SHOP_LIMIT_LETTERS,
  held: config.SHOP_LIMIT_HELD,
})

/** Settings without these two beside SMTP_URL are refused when they are read. */
const postOf = (config: Config, { clock }: World): MailParts => ({
  mailer: connectMail({ url: config.SMTP_URL!, from: config.MAIL_FROM!, clock }),
  shopName: config.SHOP_NAME,
  publicUrl: config.PUBLIC_URL!.replace(/(?<!\/)\/+$/, ''),
})

const minBytes = 64 * 1024 * 1024

/**
 * A full disk fails checkpoints too, so intake answers 503 while there is still room to breathe. Only where
 * the database is ours to watch.
 */
function diskWatch(url: string, { clock, log }: World): { mayTake: () => boolean; stop: () => void } {
  const file = url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : ':memory:'
  if (file === ':memory:') return { mayTake: () => true, stop: () => undefined }
  const over = new AbortController()
  let room = true
  const look = () => {
    const { bavail, bsize } = statfsSync(dirname(file))
    const enough = bavail * bsize >= minBytes
    if (room && !enough)
      log.error(
        { leastBytes: minBytes },
        'the disk is nearly full: events are refused with 503 until there is room',
      )
    room = enough
  }
  look()
  void (async () => {
    while (!over.signal.aborted) {
      await clock.sleep(5_000, over.signal)
      look()
    }
  })()
  return { mayTake: () => room, stop: () => over.abort() }
}
