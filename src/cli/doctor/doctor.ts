/**
 * `repasse doctor`: one check after another, each with what to do about it. A rail that is not configured is
 * not asked about.
 */
import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { BadInput } from '../../base/answer.ts'
import { readConfig, type Config } from '../../base/config.ts'
import { fileShown } from '../../base/setting.ts'
import { clockTrouble, millis } from '../../base/world.ts'
import type { Base } from '../../app.ts'
import type { Rail } from '../../rails/rail.ts'
import { crashPoint } from '../crash.ts'
import { anchorMail } from './anchorMail.ts'
import { approvals } from './approvals.ts'
import { bitcoin } from './bitcoin.ts'
import { encryption } from './encryption.ts'
import { keysOfBank } from './keys.ts'
import { limits } from './limits.ts'
import { people } from './people.ts'
import { retention, waitingMail } from './privacy.ts'
import { json, paint, formatReais, tame } from '../print.ts'
import type { ProofFlags } from '../acting.ts'
import { bankIsConfigured, quietLog } from '../shell.ts'
import type { Shell } from '../context.ts'
import type { Check } from './check.ts'

type Flags = ProofFlags & { registerWebhook?: true; dropKey?: string; json?: true }

export async function doctor(shell: Shell, flags: Flags): Promise<void> {
  const checks: Check[] = []
  for await (const check of examine(shell, flags)) {
    checks.push(check)
    if (!flags.json) await shell.out(lineOf(shell, check))
  }
  if (flags.json) await shell.out(json(checks))
  if (checks.some(({ is }) => is === 'error')) shell.exitCode = 1
}

const shades = { ok: 'green', info: 'grey', warn: 'yellow', error: 'red' } as const

function lineOf(shell: Shell, { check, is, says, run }: Check): string {
  const inset = ' '.repeat(22)
  const text = says.split('\n').map(tame).join(`\n${inset}`)
  return `${paint(shell, shades[is], is.padEnd(5))} ${check.padEnd(15)} ${text}\n${run === undefined ? '' : `${inset}→ ${run}\n`}`
}

async function* examine(shell: Shell, flags: Flags): AsyncGenerator<Check> {
  const config = attempt(() => readConfig(shell.env))
  if (config instanceof Error)
    return yield {
      check: 'configuration',
      is: 'error',
      says: config.message,
      run: 'mend .env or the environment; .env.example explains each',
    }
  if (flags.registerWebhook && config.PUBLIC_URL === undefined)
    throw new BadInput(
      '--register-webhook needs PUBLIC_URL, the address the bank reaches this installation at, e.g. https://pay.example.com',
    )
  const hasBank = config.BITCOIN_RPC_URL === undefined || bankNames.some(name => config[name] !== undefined)
  const { STARKBANK_ENVIRONMENT: environment, STARKBANK_API_URL: url } = config
  const bankAt = url === undefined ? environment : `${environment} at ${new URL(url).origin}`
  yield {
    check: 'configuration',
    is: 'ok',
    says: [
      ...(hasBank ? [bankAt] : []),
      ...(config.BITCOIN_RPC_URL === undefined ? [] : [`bitcoin ${config.BITCOIN_NETWORK}`]),
      config.DATABASE_URL.startsWith('sqlite:') ? fileShown(config.DATABASE_URL) : 'PostgreSQL',
    ].join(', '),
  }
  yield* socket(config)
  if (hasBank) yield* await keyFile(config)
  if (hasBank) yield await verifier()

  const { openBase } = await import('../../app.ts')
  const there = isThere(config.DATABASE_URL)
  // A check makes nothing: where there is no database yet, the rest is checked against one in memory.
  const looked = there ? config : { ...config, DATABASE_URL: 'sqlite::memory:' }
  const base = await openBase(looked, quietLog(shell, config), crashPoint(config.CRASH_AT)).catch(
    (error: unknown) => asError(error),
  )
  if (base instanceof Error)
    return yield {
      check: 'database',
      is: 'error',
      says: base.message,
      run: /migrate/.test(base.message)
        ? 'repasse migrate'
        : /ENCRYPTION_KEY_FILE/.test(base.message)
          ? 'see docs/operating.md, “Encryption keys”'
          : config.DATABASE_URL.startsWith('sqlite:')
            ? 'mend DATABASE_URL, or: repasse restore BACKUP --force'
            : 'see that DATABASE_URL names it and that it is running',
    }
  try {
    if (there) yield* database(base)
    else
      yield {
        check: 'database',
        is: 'info',
        says: `${fileShown(config.DATABASE_URL)} is not there yet`,
        run: 'repasse migrate',
      }
    yield* encryption(base)
    yield clock(base, there && base.db.engine === 'postgres' ? await base.db.tx(tx => tx.now()) : undefined)
    if (hasBank) yield* bank(base, flags)
    yield* bitcoin(base)
    // Whoever was asked has said what its clock shows.
    const apart = clockTrouble(base.world)
    if (apart !== undefined)
      yield {
        check: 'clocks',
        is: 'error',
        says: `${apart}: nothing is issued, paid, expired or priced until they agree`,
        run: setTheClock,
      }
    yield* limits(base)
    if (there) yield await retention(base)
    const waiting = there && (await waitingMail(base))
    if (waiting) yield waiting
    yield* approvals(base)
    yield* people(base)
    yield* anchors(base)
    yield* anchorMail(base)
    yield* books(base)
  } finally {
    await base.db.close()
  }
}

const bankNames = ['STARKBANK_PROJECT_ID', 'STARKBANK_WORKSPACE_ID', 'STARKBANK_PRIVATE_KEY_FILE'] as const

async function keyFile({
  STARKBANK_PRIVATE_KEY_FILE: file,
  STARKBANK_ENVIRONMENT: environment,
}: Config): Promise<Check[]> {
  if (file === undefined)
    return [
      {
        check: 'key file',
        is: 'error',
        says: 'STARKBANK_PRIVATE_KEY_FILE is not set',
        run: 'name the key that is registered with the bank, or make one: (umask 277; set -C; openssl ecparam -name secp256k1 -genkey -noout > private-key.pem)',
      },
    ]
  const { readPrivateKey } = await import('../../rails/starkbank/privateKey.ts')
  const key = attempt(() => readPrivateKey(file, environment))
  if (key instanceof Error) return [{ check: 'key file', is: 'error', says: key.message }]
  if (key.findings.length > 0)
    return key.findings.map(says => ({
      check: 'key file',
      is: 'warn' as const,
      says,
      run: `chmod 400 ${file}`,
    }))
  return [{ check: 'key file', is: 'ok', says: `${file} is a secp256k1 key for its owner’s eyes alone` }]
}

/** Whoever can connect without nginx is believed about who they are, or is at least not slowed down. */
function* socket({ LISTEN: listen, TRUSTED_PROXIES: proxies = [] }: Config): Generator<Check> {
  const check = 'listener'
  if (!listen.startsWith('unix:')) {
    const isLocal = /^(127\.[\d.]+|\[::1\]|localhost):/.test(listen)
    const believed =
      proxies.length > 0
        ? `visitors’ addresses are taken from ${proxies.join(', ')}`
        : 'no proxy is believed about visitors’ addresses'
    if (isLocal)
      return yield {
        check,
        is: 'info',
        says: `a port of this machine, which its every user can reach; ${believed}`,
      }
    return yield {
      check,
      is: 'warn',
      says: `a port that other machines may reach without nginx; ${believed}`,
      run: 'set LISTEN=unix:/run/repasse/web.sock, or HOST to 127.0.0.1; see nginx/README.md',
    }
  }
  const path = listen.slice('unix:'.length)
  const open = [dirname(path), path].filter(each => existsSync(each) && statSync(each).mode & 0o007)
  const run =
    'let the folder be of nginx’s group and nobody else’s: chgrp GROUP FOLDER && chmod 2750 FOLDER, then start "repasse serve" again'
  if (!existsSync(dirname(path)))
    yield {
      check,
      is: 'error',
      says: `the folder of ${path} is not there`,
      run: 'make it; see nginx/README.md',
    }
  else if (open.length > 0)
    yield {
      check,
      is: 'error',
      says: `${open.join(' and ')} can be reached by every user of this machine, past nginx`,
      run,
    }
  else yield { check, is: 'ok', says: `${path} is for its group alone` }
}

async function verifier(): Promise<Check> {
  const { provenBy } = await import('../../rails/starkbank/verify.ts')
  const check = 'signatures'
  if (provenBy === 'libsecp256k1')
    return { check, is: 'ok', says: 'events are verified by libsecp256k1, requests are signed by OpenSSL' }
  return {
    check,
    is: 'warn',
    says: `secp256k1 has no native build for ${process.platform}-${process.arch}: events are verified by OpenSSL, at a sixth of the rate`,
    run: 'where bursts of events matter: npm rebuild secp256k1 (needs python3, make and a C compiler)',
  }
}

const maxClockDriftMs = 5_000

async function* database({ db }: Base): AsyncGenerator<Check> {
  const [{ quickCheck }, { migrations }] = await Promise.all([
    import('../../db/db.ts'),
    import('../../db/migrate.ts'),
  ])
  yield {
    check: 'database',
    is: 'ok',
    says: `${db.engine}, at migration ${migrations()
      .at(-1)
      ?.name.replace(/\.sql$/, '')}`,
  }

  if (db.engine !== 'sqlite') return
  const found = await quickCheck(db)
  yield found.join() === 'ok'
    ? { check: 'integrity', is: 'ok', says: 'the database file is whole' }
    : {
        check: 'integrity',
        is: 'error',
        says: found.slice(0, 3).join('; '),
        run: 'stop "repasse serve", keep the file, and repasse restore BACKUP --force',
      }
}

/** Against the database's, where it has one of its own; the bank's is checked by asking it something. */
function clock({ world }: Base, databaseNow: string | undefined): Check {
  const now = world.clock.now()
  const year = new Date(now).getUTCFullYear()
  if (year < 2026 || year > 2100)
    return { check: 'clock', is: 'error', says: `it says it is the year ${year}`, run: setTheClock }
  const drift = databaseNow === undefined ? 0 : millis(databaseNow) - now
  return Math.abs(drift) > maxClockDriftMs
    ? {
        check: 'clock',
        is: 'warn',
        says: `the database’s clock is ${Math.round(drift / 1000)} s away from ours`,
        run: `${setTheClock}, on both machines`,
      }
    : { check: 'clock', is: 'ok', says: new Date(now).toISOString() }
}

const setTheClock = 'timedatectl set-ntp true'

function isThere(url: string): boolean {
  return !url.startsWith('sqlite:') || url === 'sqlite::memory:' || existsSync(url.slice('sqlite:'.length))
}

async function* bank(base: Base, flags: Flags): AsyncGenerator<Check> {
  const { config } = base
  if (!bankIsConfigured(config)) {
    const missing = bankNames.filter(name => config[name] === undefined)
    return yield {
      check: 'bank',
      is: 'error',
      says: `${missing.join(', ')} not set`,
      run: 'see .env.example, and the bank’s page “Integrations”',
    }
  }
  const { openRail } = await import('../../app.ts')
  const rail = await openRail(base, { binds: false }).catch((error: unknown) => asError(error))
  if (rail instanceof Error) return yield { check: 'bank', is: 'error', says: rail.message }
  try {
    const balance = await rail.balance()
    if (balance.is !== 'done') {
      const run = /invalidAccessTime/.test(balance.why)
        ? `${setTheClock}: the bank’s clock is not ours`
        : balance.is === 'refused' && (balance.denied || !balance.again)
          ? 'compare STARKBANK_PROJECT_ID, the key and the allowed addresses with the bank’s page “Integrations”; what waits goes on by itself'
          : 'see that the bank can be reached from here, and try again'
      return yield { check: 'bank', is: 'error', says: balance.why, run }
    }
    yield { check: 'bank', is: 'ok', says: `it knows us; the account holds ${formatReais(balance.value)}` }
    yield* workspace(config, rail)
    yield* keysOfBank(base, rail, flags)
    yield await webhook(config, rail, flags)
  } finally {
    rail.close()
  }
}

/** With a wrong id every push would be ignored as another's, and only the poll would bring news. */
async function* workspace({ STARKBANK_WORKSPACE_ID: ours }: Config, rail: Rail): AsyncGenerator<Check> {
  const theirs = await rail.workspace()
  if (theirs.is === 'done' && theirs.value !== '' && theirs.value !== ours)
    yield {
      check: 'workspace',
      is: 'warn',
      says: `STARKBANK_WORKSPACE_ID is ${ours}, and the bank’s balance is of ${theirs.value}`,
      run: `set STARKBANK_WORKSPACE_ID=${theirs.value}, or use that workspace’s project and key`,
    }
}

const wanted = ['invoice', 'transfer']

async function webhook(
  { PUBLIC_URL: address, STARKBANK_POLL_SECONDS: seconds }: Config,
  rail: Rail,
  flags: Flags,
): Promise<Check> {
  const check = 'webhook'
  if (address === undefined)
    return {
      check,
      is: 'warn',
      says: `PUBLIC_URL is not set, so the bank cannot tell us: it is asked every ${seconds} s instead`,
      run: 'set PUBLIC_URL, then: repasse doctor --register-webhook',
    }
  const url = `${address.replace(/(?<!\/)\/+$/, '')}/webhooks/starkbank`
  const there = await rail.webhooks()
  if (there.is !== 'done')
    return { check, is: 'error', says: `the bank did not list its webhooks: ${there.why}` }
  const ours = there.value.filter(hook => hook.url === url)
  const lacking = wanted.filter(kind => !ours.some(({ subscriptions }) => subscriptions.includes(kind)))
  if (lacking.length === 0) return { check, is: 'ok', says: `${url} hears of invoices and transfers` }
  if (!flags.registerWebhook) {
    const says =
      ours.length === 0
        ? `${url} is not registered with the bank`
        : `${url} does not hear of ${lacking.join(' and ')}`
    return { check, is: 'error', says, run: 'repasse doctor --register-webhook' }
  }
  const made = await rail.registerWebhook(url)
  return made.is === 'done'
    ? { check, is: 'ok', says: `${url} is now registered` }
    : { check, is: 'error', says: `the bank did not register ${url}: ${made.why}` }
}

const dayMs = 24 * 3_600_000

/** Nothing where money is not real and nobody asked for it. */
async function* anchors({ db, world, config }: Base): AsyncGenerator<Check> {
  const [{ anchoringOf }, { findBreak, readAnchors }] = await Promise.all([
    import('../../app.ts'),
    import('../../ledger/ledger.ts'),
  ])
  const [check, anchoring] = ['audit anchors', anchoringOf(config)]
  if (!anchoring) return
  const { file } = anchoring
  if (!file)
    return yield {
      ...{ check, is: 'warn' },
      says: 'the audit log is anchored in the program’s own log alone: keep that, or what somebody cuts off the audit log is not seen',
      run: 'set AUDIT_ANCHOR_FILE to a file on another disk or machine than the database’s',
    }
  const found = await findBreak(db, file)
  if (found)
    return yield {
      check,
      is: 'error',
      says: found.says,
      run: 'see docs/operating.md, then: repasse audit accept --why …',
    }
  const newest = readAnchors(file.read('newest').flat(), false).lines.at(-1)
  if (!newest) return yield { check, is: 'info', says: `${file.path} is begun with the first act` }
  const mode = statSync(file.path).mode & 0o777
  if ((mode & 0o077) !== 0)
    yield {
      check,
      is: 'warn',
      says: `${file.path} is open to others (mode ${mode.toString(8)})`,
      run: `chmod 600 ${file.path}`,
    }
  const ageMs = world.clock.now() - millis(newest.at)
  yield ageMs > 2 * dayMs
    ? {
        check,
        is: 'warn',
        says: `nothing was anchored in ${file.path} since ${newest.at}`,
        run: 'see that "repasse serve" runs with the role worker',
      }
    : { check, is: 'ok', says: `${file.path} has record ${newest.seq} of ${newest.at}, and agrees` }
}

async function* books({ db }: Base): AsyncGenerator<Check> {
  const [{ checkLedger }, { checkApprovals, payoutsStopped, listAccounts }, { listSchedules }] =
    await Promise.all([
      import('../../ledger/ledger.ts'),
      import('../../payout/payout.ts'),
      import('../../schedule/schedule.ts'),
    ])
  const findings = await db.tx(async tx => [...(await checkLedger(tx)), ...(await checkApprovals(tx))])
  yield findings.length === 0
    ? { check: 'books', is: 'ok', says: 'every invariant holds' }
    : {
        check: 'books',
        is: 'error',
        says: findings
          .slice(0, 5)
          .map(({ says }) => says)
          .join('\n'),
        run: 'repasse ledger check',
      }

  const stopped = await payoutsStopped(db)
  yield stopped === undefined
    ? { check: 'payouts', is: 'ok', says: 'not stopped' }
    : {
        check: 'payouts',
        is: 'warn',
        says: `stopped: ${stopped}`,
        run: 'repasse status, then: repasse payout go --why …',
      }

  const accounts = await listAccounts(db)
  const awaiting = accounts.filter(({ state }) => state === 'awaiting').map(({ name }) => name)
  if (accounts.length === 0)
    yield {
      check: 'accounts',
      is: 'info',
      says: 'there is no payout account yet',
      run: 'repasse account add --help',
    }
  else if (awaiting.length > 0)
    yield {
      check: 'accounts',
      is: 'warn',
      says: `${awaiting.join(', ')} awaits approval; nothing is paid there`,
      run: `repasse account approve ${awaiting[0]} --by PERSON`,
    }
  else yield { check: 'accounts', is: 'ok', says: `${accounts.length} approved` }

  const active = (await listSchedules(db)).filter(({ state }) => state === 'active').length
  yield active === 0
    ? { check: 'schedules', is: 'info', says: 'none is active', run: 'repasse schedule add --help' }
    : { check: 'schedules', is: 'ok', says: `${active} active` }
}

function attempt<T>(work: () => T): T | Error {
  try {
    return work()
  } catch (error) {
    return asError(error)
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error('an unknown surprise'))
