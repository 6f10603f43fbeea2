/**
 * `repasse backup` and `repasse restore`: a copy is complete before it has its name, and a restored
 * installation pays nothing until a person says so.
 */
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { BadInput } from '../../base/answer.ts'
import { noKeys, type DataKeys } from '../../base/cipher.ts'
import { systemClock, systemRandom } from '../../base/clock.ts'
import { readConfig, type Config } from '../../base/config.ts'
import { silentLog } from '../../base/log.ts'
import { because, type Reason } from '../../base/reasons.ts'
import { instant, type World } from '../../base/world.ts'
import { nextNumbers, type NextNumbers } from '../../chain/chain.ts'
import { takeUpRestored } from '../../jobs/jobs.ts'
import type { Terms } from '../../payout/payout.ts'
import { isInhabited, leaveWal, openDb, quickCheck, DbUnavailable, type Db } from '../../db/db.ts'
import { migrate, pending } from '../../db/migrate.ts'
import type { Transform } from './sealed.ts'
import type { ProofFlags } from '../acting.ts'
import { inBase } from '../shell.ts'
import type { Shell } from '../context.ts'

const open = (url: string, keys: DataKeys = noKeys) =>
  openDb(url, { clock: systemClock, random: systemRandom, keys })

export async function backup(shell: Shell, file: string): Promise<void> {
  if (existsSync(file)) throw new BadInput(`FILE "${file}" exists already: name one that does not`)
  if (!existsSync(dirname(file)))
    throw new BadInput(`FILE "${file}" is in a folder that does not exist: make it first, or name another`)
  await inBase(shell, async ({ db, config }) => {
    const partial = `${file}.partial`
    rmSync(partial, { force: true })
    try {
      makePrivate(partial)
      if (config.BACKUP_RECIPIENTS === undefined) await db.backup(partial, shell.env)
      else await backupSealed(db, config.DATABASE_URL, partial, config.BACKUP_RECIPIENTS, shell.env)
      settle(partial)
      renameSync(partial, file)
      settle(dirname(file))
    } finally {
      rmSync(partial, { force: true })
    }
    await shell.out(`${file}: ${statSync(file).size} bytes\n`)
  })
}

/** Nothing of it is on the disk in the clear but beside the database, which is no less readable. */
async function backupSealed(
  db: Db,
  url: string,
  file: string,
  recipients: readonly string[],
  env: Shell['env'],
): Promise<void> {
  const { sealTo } = await import('./sealed.ts')
  const seal = sealTo(recipients)
  const sealed = () => createWriteStream(file, { flags: 'r+' })
  if (db.engine === 'postgres') {
    const { runOn } = await import('../../db/programs.ts')
    return runOn(url, 'pg_dump', ['--format=custom'], env, {
      takes: output => pipeline(output, seal, sealed()),
    })
  }
  const plain = `${url.slice('sqlite:'.length)}.copying-${process.pid}`
  rmSync(plain, { force: true })
  try {
    makePrivate(plain)
    await db.backup(plain, env)
    await pipeline(createReadStream(plain), seal, sealed())
  } finally {
    rmSync(plain, { force: true })
  }
}

export interface Restoring {
  force: boolean
  /** A file with the secret key that the backup is encrypted to. */
  identity?: string | undefined
}

export async function restore(shell: Shell, file: string, { force, identity }: Restoring): Promise<void> {
  const config = readConfig(shell.env)
  const { DATABASE_URL: url } = config
  if (!existsSync(file)) throw new BadInput(`FILE "${file}" does not exist: name what "repasse backup" wrote`)
  const why = because('restored-from', { file, at: instant(systemClock.now()) })
  const unseal = await unsealing(shell, file, identity)
  const { keysIn } = await import('../../app.ts')
  const [keys, who] = [keysIn(config), shell.acting ?? {}]
  const putting = {
    force,
    why,
    unseal,
    keys,
    who,
    provenAs: await proveBefore(url, who, keys),
    isThere: false,
  }
  const kept = url.startsWith('sqlite:')
    ? await restoreFile(file, url.slice('sqlite:'.length), putting)
    : await restorePostgres(file, url, shell.env, putting)
  await shell.out(`restored from ${file}${kept === undefined ? '' : `; what was there is in ${kept}`}\n`)
  await tellTheRest(shell, config)
}

/**
 * For the database's own programs, which know nothing of age. Private from its first byte on, and there only
 * when it is whole.
 */
export async function decryptBackup(
  shell: Shell,
  file: string,
  { identity, to }: { identity?: string | undefined; to: string },
): Promise<void> {
  if (!existsSync(file)) throw new BadInput(`FILE "${file}" does not exist: name what "repasse backup" wrote`)
  if (existsSync(to)) throw new BadInput(`--decrypt-to "${to}" exists already: name a file that does not`)
  const unseal = await unsealing(shell, file, identity)
  if (!unseal) throw new BadInput(`FILE "${file}" is not encrypted: use it as it is`)
  const partial = `${to}.partial`
  rmSync(partial, { force: true })
  try {
    makePrivate(partial)
    await pipeline(createReadStream(file), unseal, createWriteStream(partial, { flags: 'r+' }))
    settle(partial)
    renameSync(partial, to)
  } finally {
    rmSync(partial, { force: true })
  }
  await shell.out(`${to}: ${statSync(to).size} bytes, in the clear\n`)
}

/** How to read it where it is encrypted; undefined where it is not. */
async function unsealing(
  shell: Shell,
  file: string,
  identity: string | undefined,
): Promise<Transform | undefined> {
  const { isOpenToOthers, isSealed, unsealWith } = await import('./sealed.ts')
  if (!isSealed(headOf(file), file)) {
    if (identity !== undefined) throw new BadInput(`FILE "${file}" is not encrypted: leave --identity out`)
    return undefined
  }
  if (identity === undefined)
    throw new BadInput(`FILE "${file}" is encrypted: --identity names the file with the secret key`)
  if (!existsSync(identity))
    throw new BadInput(`--identity "${identity}" does not exist: name the file that age-keygen wrote`)
  if (isOpenToOthers(identity)) shell.err(`${identity} can be read by others: chmod 400 it\n`)
  return unsealWith(identity)
}

interface Putting {
  force: boolean
  why: Reason
  unseal: Transform | undefined
  /** What values of the database are encrypted under. */
  keys: DataKeys
  /** By whom it says it is, and how that is shown. */
  who: ProofFlags
  /** Who that was, where the database that is replaced has proven it: a code works once. */
  provenAs?: string | undefined
  /** The copy is in the database's place already. */
  isThere: boolean
}

/**
 * What a restore must do besides, where the database's own programs put the copy in its place: it is brought
 * to this version, and on hold.
 */
export async function restoreInPlace(shell: Shell): Promise<void> {
  const config = readConfig(shell.env)
  const { DATABASE_URL: url } = config
  const why = because('restored-in-place', { at: instant(systemClock.now()) })
  const { keysIn } = await import('../../app.ts')
  await prepare(url, { why, keys: keysIn(config), who: shell.acting ?? {}, isThere: true })
  await shell.out('the restored database is on hold\n')
  await tellTheRest(shell, config)
}

async function tellTheRest(shell: Shell, config: Config): Promise<void> {
  const onChain = config.BITCOIN_RPC_URL !== undefined
  shell.err(
    'Payouts are stopped: what was paid after the backup is not in it. Start "repasse serve", or run "repasse reconcile", see "repasse status", then "repasse payout go --why …".\n' +
      'A payout of an invoice from before the restore is looked up at the bank before its first order, and held where the bank shows one.\n' +
      'People are as they were in the backup: who was locked, removed, reset or objected to since, and keys that were retired, see "repasse user list" and "repasse user keys NAME". Sessions and open invitations are ended.\n' +
      'Buyers and payers who were forgotten since the backup are in it again: forget them again ("repasse order forget", "repasse payer forget").\n' +
      'Slots that fell due since the backup are kept as missed: their invoices may be at the bank. "repasse schedule run NAME" issues what is wanted.\n' +
      (!onChain
        ? ''
        : 'On the chain, what was sent after the backup is found by "repasse serve" or "repasse reconcile": payouts to whom it paid are held, and until all of it was read no payout goes out on the chain. Addresses that may have been shown since are not handed out again, so numbers go on 1000 higher: a wallet that signs must know them.\n'),
  )
  const [{ anchoringOf, keysIn }, { findBreak }, { knownKeys, lackingOf }] = await Promise.all([
    import('../../app.ts'),
    import('../../ledger/ledger.ts'),
    import('../../db/rotate.ts'),
  ])
  const anchors = anchoringOf(config)?.file
  const db = await open(config.DATABASE_URL)
  try {
    const lacking = lackingOf(await knownKeys(db), keysIn(config))
    if (lacking !== undefined) shell.err(`${lacking}. Until then nothing starts.\n`)
    const found = anchors && (await findBreak(db, anchors))
    if (found) shell.err(`${found.says}. Until then payouts stay stopped, whoever lets them go.\n`)
  } finally {
    await db.close()
  }
}

/**
 * The copy is opened, checked and marked before it takes the old one's place. Answers where the old one went.
 */
async function restoreFile(
  file: string,
  target: string,
  { force, unseal, ...more }: Putting,
): Promise<string | undefined> {
  if (!unseal && !isSqlite(file))
    throw new BadInput(`FILE "${file}" is not an SQLite database: name what "repasse backup" wrote`)
  const there = existsSync(target)
  const aside = `${target}.before-restore`
  if (there && !force)
    throw new BadInput(`a database is at ${target} already: --force keeps it as ${aside} and restores`)
  if (there && existsSync(aside))
    throw new BadInput(`${aside} is there from an earlier restore: move it away first`)
  if (there) await leaveAlone(target)

  const fresh = `${target}.restoring`
  for (const tail of tails) rmSync(fresh + tail, { force: true })
  try {
    const into = createWriteStream(fresh, { flags: 'wx', mode: 0o600 })
    await (unseal ? pipeline(createReadStream(file), unseal, into) : pipeline(createReadStream(file), into))
    if (!isSqlite(fresh)) throw new BadInput(`FILE "${file}" holds no SQLite database`)
    await prepare(`sqlite:${fresh}`, more, there ? await numbersIn(`sqlite:${target}`) : undefined)
    settle(fresh)
  } catch (error) {
    for (const tail of tails) rmSync(fresh + tail, { force: true })
    throw error
  }
  for (const tail of there ? tails : [])
    if (existsSync(target + tail)) renameSync(target + tail, aside + tail)
  renameSync(fresh, target)
  settle(dirname(target))
  return there ? aside : undefined
}

const tails = ['', '-wal', '-shm']

/** Opens it, checks it, brings it to this version, and puts it on hold. */
async function prepare(
  url: string,
  { why, keys, who, provenAs, isThere }: Omit<Putting, 'force' | 'unseal'>,
  replaced?: NextNumbers,
): Promise<void> {
  const db = await open(url, keys)
  try {
    if (db.engine === 'sqlite') {
      const found = await firstFault(db)
      if (found !== 'ok') throw new BadInput(`the backup is damaged: ${found}`)
    }
    if ((await pending(db)).some(({ name }) => name === '0001-house.sql'))
      throw new BadInput('the backup is not of a repasse database')
    await migrate(db, systemClock)
    const { by, fault } = provenAs === undefined ? await proven(db, who) : { by: provenAs }
    if (fault && !isThere) throw fault
    await takeUpRestored(db, world, { why, by, replaced })
    if (fault)
      throw new BadInput(
        `${fault.message}. The restored database is on hold all the same, and its record names nobody`,
      )
  } finally {
    await db.close()
  }
}

/** How far addresses were handed out there; undefined where it cannot be read, which a restore is for. */
async function numbersIn(url: string): Promise<NextNumbers | undefined> {
  let db: Db | undefined
  try {
    db = await open(url)
    return await nextNumbers(db)
  } catch {
    return undefined
  } finally {
    await db?.close()
  }
}

/** `ok`, or the first fault; some damage SQLite cannot even list. */
async function firstFault(db: Db): Promise<string | undefined> {
  try {
    return (await quickCheck(db))[0]
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('SQLITE_CORRUPT') !== true) throw error
    return (error as Error).message
  }
}

const world: World = { clock: systemClock, random: systemRandom, log: silentLog, at: () => undefined }

/** A name of a person of the console is theirs alone, in the database that is restored too. */
async function proven(
  db: Db,
  who: ProofFlags,
): Promise<{ by: string; isPerson?: boolean; fault?: BadInput }> {
  const { prove } = await import('../prove.ts')
  try {
    const { by, user } = await prove({ db, world, terms: anybody }, who)
    return { by, isPerson: user !== undefined }
  } catch (error) {
    if (error instanceof BadInput) return { by: 'the program', fault: error }
    throw error
  }
}

/** Nothing is paid by a restore, so a name of nobody of the console is enough. */
const anybody: Terms = { transferFeeBy: 'receiver', transferFeeUnits: 0n, approvals: 'any' }

/**
 * The same in the database that is replaced, where there is one that can be read: who is not in the backup
 * yet has a name too. Answers the person who was proven.
 */
async function proveBefore(url: string, who: ProofFlags, keys: DataKeys): Promise<string | undefined> {
  if (url.startsWith('sqlite:') && !existsSync(url.slice('sqlite:'.length))) return undefined
  let db: Db | undefined
  let found: Awaited<ReturnType<typeof proven>> | undefined
  try {
    db = await open(url, keys)
    if ((await pending(db)).length === 0) found = await proven(db, who)
  } catch {
    // One that cannot be read is a reason to restore.
  } finally {
    await db?.close()
  }
  if (found?.fault) throw found.fault
  return found?.isPerson ? found.by : undefined
}

/**
 * Whoever has the database open holds a lock on it, and leaving the WAL needs all of them gone. A damaged
 * file may be replaced.
 */
async function leaveAlone(target: string): Promise<void> {
  let db: Db | undefined
  let mode: string | undefined
  try {
    db = await open(`sqlite:${target}`)
    mode = await leaveWal(db)
  } catch (error) {
    if (error instanceof DbUnavailable || /locked|busy/i.test(error instanceof Error ? error.message : ''))
      throw inUse(target)
  } finally {
    await db?.close()
  }
  if (mode === 'wal') throw inUse(target)
}

const inUse = (target: string) =>
  new BadInput(`${target} is in use: stop "repasse serve" and whatever else has it open, then restore`)

const isSqlite = (file: string): boolean => headOf(file).toString('latin1').startsWith('SQLite format 3\0')

function headOf(file: string): Buffer {
  const head = Buffer.alloc(64)
  const opened = openSync(file, 'r')
  try {
    return head.subarray(0, readSync(opened, head, 0, head.length, 0))
  } finally {
    closeSync(opened)
  }
}

/**
 * A copy holds tax ids and account numbers: nobody else may read it from its first byte on, whatever the
 * umask. Throws where a file is there.
 */
const makePrivate = (file: string): void => closeSync(openSync(file, 'wx', 0o600))

/** Through to the disk, names of files too. */
function settle(path: string): void {
  const opened = openSync(path, 'r')
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}

/** Restores with the database's own program; an inhabited database is replaced only when told. */
async function restorePostgres(
  file: string,
  url: string,
  env: Shell['env'],
  { force, unseal, ...more }: Putting,
): Promise<undefined> {
  const db = await open(url)
  let inhabited
  try {
    inhabited = await isInhabited(db)
  } finally {
    await db.close()
  }
  if (inhabited && !force)
    throw new BadInput(
      'the database is not empty: --force drops what repasse has in it; take a backup of it first',
    )
  const [{ runOn }, { readThrough }] = await Promise.all([
    import('../../db/programs.ts'),
    import('./sealed.ts'),
  ])
  if (unseal) await readThrough(file, unseal)
  const replaced = inhabited ? await numbersIn(url) : undefined
  const clean = inhabited ? ['--clean', '--if-exists'] : []
  await runOn(
    url,
    'pg_restore',
    ['--exit-on-error', '--single-transaction', '--no-owner', ...clean, ...(unseal ? [] : [file])],
    env,
    {
      ...(unseal && { input: unseal(createReadStream(file)) }),
    },
  ).catch((error: unknown) => {
    if (error instanceof BadInput || !(error instanceof Error)) throw error
    throw new Error(`pg_restore failed and changed nothing: ${error.message}`, { cause: error })
  })
  await prepare(url, { ...more, isThere: true }, replaced)
}
