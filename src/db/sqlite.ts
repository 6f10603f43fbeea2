/**
 * SQLite: WAL, synchronous=FULL, BEGIN IMMEDIATE, one writer at a time in this process and a short busy wait
 * between processes.
 */
import { closeSync, existsSync, mkdirSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { BadInput } from '../base/answer.ts'
import { fileShown } from '../base/setting.ts'
import { monotonicMs, systemClock } from '../base/clock.ts'
import { instant, type Clock, type World } from '../base/world.ts'
import { noKeys, type DataKeys } from '../base/cipher.ts'
import { bindable, placesOf, revealing, type Place } from './encrypted.ts'
import { defaultStore } from './inStore.ts'
import { withLocks, type PlainValue, type Sql } from './sql.ts'
import { valuesOf } from './values.ts'
import { DbUnavailable, type Row, type Db, type Tx } from './contract.ts'

// A busy wait stops the whole event loop, so it is short, and the transaction is tried again instead.
const busyTimeoutMs = 100
const shortBusyMs = 5
const beginWithinMs = 12_000
const longestTurnMs = 5
const longestStandMs = 25
const largestWritten = 1_000

/**
 * `contents`: the bytes of a database that one in memory begins with, instead of empty; or one that is open
 * already.
 */
export function openSqlite(
  file: string,
  {
    clock,
    random,
    keys = noKeys,
    readOnly = false,
    contents,
  }: {
    clock: Clock
    random: World['random']
    keys?: DataKeys
    readOnly?: boolean
    contents?: Buffer | Database.Database
  },
): Db {
  const db = openFile(file, readOnly, contents)
  // What is overwritten or deleted leaves no trace in the file: a value in the clear would outlive its
  // encryption.
  if (keys.newest && !readOnly) db.pragma('secure_delete = ON')
  db.defaultSafeIntegers(true)
  const [beginNow, commitNow] = [db.prepare('begin immediate'), db.prepare('commit')]

  const reveal = revealing(keys)
  const prepared = new Map<string, Prepared>()
  // A template's texts are the same array at each use: to put them together and look that up takes longer
  // than many a statement does.
  const ofTemplate = new WeakMap<readonly string[], Prepared>()
  const prepareText = (texts: readonly string[]): Prepared => {
    const text = withPlaceholders(texts)
    let known = prepared.get(text)
    if (!known) prepared.set(text, (known = { ready: db.prepare(withLocks(text, '', '')) }))
    return known
  }
  const prepare = (statement: Sql) => {
    const { texts, values } = withLimitsWritten(bindable(statement, keys, random))
    let known = ofTemplate.get(texts)
    if (!known) {
      known = prepareText(texts)
      if ('raw' in texts) ofTemplate.set(texts, known)
    }
    return { known, bound: valuesOf({ values }) }
  }

  const all = <R extends Row>(statement: Sql) => {
    const { known, bound } = prepare(statement)
    const { ready } = known
    const rows = (ready.reader ? ready.all(...bound) : (ready.run(...bound), [])) as R[]
    if (!statement.asStored) reveal(rows, (known.places ??= placesIn(ready)))
    return rows
  }
  // Everything here is done within one turn of the event loop, however much of it waits: after so long,
  // sockets are served first.
  let servedMs = 0
  const isLate = (afterMs: number) => clock.turn !== undefined && monotonicMs() - servedMs >= afterMs
  const letOthers = async () => {
    await clock.turn!()
    servedMs = monotonicMs()
  }
  const serveOthers =
    clock.turn &&
    (async () => {
      if (isLate(longestTurnMs)) await letOthers()
    })

  // A transaction of many statements lets sockets be read as well, and goes on; whatever else asks the
  // database waits for its end.
  const tx: Tx = {
    store: defaultStore,
    async all<R extends Row>(statement: Sql) {
      if (isLate(longestStandMs)) await letOthers()
      return guard(() => all<R>(statement))
    },
    async one<R extends Row>(statement: Sql) {
      if (isLate(longestStandMs)) await letOthers()
      return guard(() => all<R>(statement)[0])
    },
    async run(statement) {
      if (isLate(longestStandMs)) await letOthers()
      return guard(() => {
        const { known, bound } = prepare(statement)
        return known.ready.run(...bound).changes
      })
    },
    now: async () => instant(clock.now()),
  }

  // Statements of two transactions must not mix on the one connection: each waits for the one before it.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(wanted: () => Promise<T>): Promise<T> => {
    const work = serveOthers ? () => serveOthers().then(wanted) : wanted
    const mine = last.then(work, work)
    last = mine.catch(() => undefined)
    return mine
  }

  const turn = turns(file)
  const begin = async () => {
    // Who commits and begins again in the same breath would never let another process in.
    if (turn.isWanted()) await clock.sleep(random.between(5, 10))
    for (const startedMs = monotonicMs(); ; await clock.sleep(random.between(1, 5))) {
      try {
        beginNow.run()
        return turn.taken()
      } catch (error) {
        if (!isBusy(error)) throw asUnavailable(error)
        if (monotonicMs() - startedMs > beginWithinMs)
          throw new DbUnavailable('the database is held by another process', { cause: error })
        turn.want()
      }
    }
  }

  const alone = <T>(work: (open: Tx) => Promise<T>): Promise<T> =>
    inTurn(async () => {
      await begin()
      try {
        const result = await work(tx)
        guard(() => commitNow.run())
        return result
      } catch (error) {
        if (db.inTransaction) db.exec('rollback')
        throw error
      }
    })

  // The transactions at the end of the queue, none of them begun. What is read after them waits for them, so
  // it ends the group.
  let group: Waiting[] | undefined
  const together = <T>(work: (open: Tx) => Promise<T>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const mine: Waiting = { work, resolve: resolve as (result: unknown) => void, reject }
      if (group) return void group.push(mine)
      const members = (group = [mine])
      void inTurn(async () => {
        if (group === members) group = undefined
        while (members.length > 0) {
          await commit(members)
          if (members.length > 0) await serveOthers?.()
        }
      })
    })

  /**
   * Takes from `waiting` what one turn has time for, and commits it with one write to the disk; each is
   * undone by itself where it throws.
   */
  async function commit(waiting: Waiting[]): Promise<void> {
    try {
      await begin()
    } catch (error) {
      for (const { reject } of waiting.splice(0)) reject(error)
      return
    }
    const made: { resolve: () => void; reject: (error: unknown) => void }[] = []
    try {
      const startedMs = monotonicMs()
      do {
        const { work, resolve, reject } = waiting.shift()!
        db.exec('savepoint member')
        try {
          const result = await work(tx)
          db.exec('release member')
          made.push({ resolve: () => resolve(result), reject })
        } catch (error) {
          reject(error)
          // A full disk ends the whole transaction, and with it what was done before in it.
          if (!db.inTransaction) throw error
          db.exec('rollback to member')
          db.exec('release member')
        }
      } while (waiting.length > 0 && monotonicMs() - startedMs < longestTurnMs)
      commitNow.run()
    } catch (error) {
      if (db.inTransaction) db.exec('rollback')
      for (const { reject } of made) reject(asUnavailable(error))
      return
    }
    for (const { resolve } of made) resolve()
  }

  const reading = <T>(work: () => Promise<T>): Promise<T> => {
    group = undefined
    return inTurn(work)
  }

  return {
    engine: 'sqlite',
    store: defaultStore,
    // Read in turn too: between the statements of an open transaction a reader would see what is not
    // committed.
    all: statement => reading(() => tx.all(statement)),
    one: statement => reading(() => tx.one(statement)),
    // On a clock that only moves when it is told to, everything is done as if nothing took any time.
    tx: serveOthers ? together : alone,
    // A table is changed by making it again, so while a script runs foreign keys rest; what they hold is
    // proven before the commit.
    script: text =>
      reading(async () => {
        db.pragma('foreign_keys = OFF')
        try {
          await begin()
          db.exec(text)
          const broken = db.pragma('foreign_key_check') as { table: string; parent: string }[]
          if (broken[0])
            throw new Error(`the script leaves rows of ${broken[0].table} without their ${broken[0].parent}`)
          db.exec('commit')
        } catch (error) {
          if (db.inTransaction) db.exec('rollback')
          throw asUnavailable(error)
        } finally {
          db.pragma('foreign_keys = ON')
        }
      }),
    backup: target => reading(async () => void db.prepare('vacuum into ?').run(target)),
    // The file is one, so all of it is written again; and the log beside it goes, which has the pages of
    // before.
    compact: () =>
      reading(async () => {
        for (const startedMs = monotonicMs(); ; await clock.sleep(random.between(5, 20)))
          try {
            db.exec('vacuum')
            db.pragma('wal_checkpoint(truncate)')
            return
          } catch (error) {
            if (!isBusy(error) || monotonicMs() - startedMs > beginWithinMs) throw asUnavailable(error)
          }
      }),
    close: () => reading(async () => void db.close()),
  }
}

/** Of several selects put together SQLite names the first one's columns, which need not be the others'. */
const isPutTogether = (text: string): boolean => /\b(union|intersect|except)\b/i.test(text)

function placesIn(statement: Database.Statement): Place[] {
  if (!statement.reader) return []
  const isKnown = !isPutTogether(statement.source)
  return placesOf(
    statement
      .columns()
      .map(({ name, table, column }) =>
        isKnown ? { name, table, column } : { name, table: null, column: null },
      ),
  )
}

interface Prepared {
  ready: Database.Statement
  places?: readonly Place[]
}

type Bound = ReturnType<typeof bindable>

/**
 * SQLite looks at the value that `column = ?` is bound to, in order to guess how many rows have it
 * (whereLoopOutputAdjust in its where.c), and therefore compiles such a statement again at every use: 30 µs
 * instead of 10. Behind a plus, which changes no value, it does not look.
 */
const withPlaceholders = (texts: readonly string[]): string =>
  texts.reduce((text, next) => `${text}${text.endsWith('= ') ? '+?' : '?'}${next}`)

/**
 * Writes limits into the text. SQLite chooses a plan by the limit, so it compiles a statement again at every
 * use when its limit is bound, which takes longer than most statements do. Large limits stay bound: every
 * limit makes another statement, and all of them are kept.
 */
function withLimitsWritten({ texts, values }: Bound): Bound {
  const isWritten = (value: PlainValue, place: number): value is number | bigint =>
    (typeof value === 'number' || typeof value === 'bigint') &&
    value >= 0 &&
    value <= largestWritten &&
    texts[place]!.endsWith('limit ')
  if (!values.some(isWritten)) return { texts, values }
  const written = [texts[0]!]
  const bound: PlainValue[] = []
  for (const [place, value] of values.entries())
    if (isWritten(value, place)) written.push(`${written.pop()!}${value}${texts[place + 1]!}`)
    else {
      written.push(texts[place + 1]!)
      bound.push(value)
    }
  return { texts: written, values: bound }
}

/** A transaction that waits for its turn, and whoever asked for it. */
interface Waiting {
  work: (open: Tx) => Promise<unknown>
  resolve: (result: unknown) => void
  reject: (error: unknown) => void
}

/**
 * Two processes have one file while one replaces the other. SQLite gives the next turn to whoever asks at the
 * right moment, so who waits for one says so beside the file, and who has just had one leaves a gap. A
 * process that died waiting is forgotten after a second.
 */
function turns(file: string): { isWanted(): boolean; want(): void; taken(): void } {
  const mark = `${file}-wanted`
  if (file === ':memory:') return { isWanted: () => false, want: () => undefined, taken: () => undefined }
  let ours = false
  return {
    isWanted() {
      const since = ours ? undefined : statSync(mark, { throwIfNoEntry: false })?.mtimeMs
      if (since === undefined) return false
      if (systemClock.now() - since < 1_000) return true
      rmSync(mark, { force: true })
      return false
    },
    want() {
      // Where there is no room for a mark the turn comes too, only later.
      try {
        writeFileSync(mark, '', { mode: 0o600 })
        ours = true
      } catch {
        ours = false
      }
    },
    taken() {
      if (ours) rmSync(mark, { force: true })
      ours = false
    },
  }
}

/**
 * Opens it, making it if it is not there. A file that cannot be had is a setting to mend, so the setting is
 * named.
 */
function openFile(file: string, readonly: boolean, contents?: Buffer | Database.Database): Database.Database {
  if (contents instanceof Database) return contents
  try {
    if (readonly) return new Database(file, { timeout: busyTimeoutMs, readonly, fileMustExist: true })
    if (file !== ':memory:' && !existsSync(file)) makePrivate(file)
    const db = new Database(contents ?? file, { timeout: busyTimeoutMs })
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma('foreign_keys = ON')
    db.pragma(`busy_timeout = ${shortBusyMs}`)
    return db
  } catch (error) {
    const code = (error as { code?: string }).code ?? ''
    if (code === 'SQLITE_NOTADB')
      throw new BadInput(`DATABASE_URL names ${fileShown(file)}, which is not an SQLite database`, {
        cause: error,
      })
    if (/^(ENOENT|EACCES|EEXIST|ENOTDIR|EISDIR|EROFS|EPERM|SQLITE_CANTOPEN)/.test(code))
      throw new BadInput(
        `DATABASE_URL names ${fileShown(file)}, which cannot be opened (${code}): name a file in a folder this user may write to`,
        {
          cause: error,
        },
      )
    throw asUnavailable(error)
  }
}

/** Tax ids and account numbers are for its owner alone; SQLite gives the files beside it the same mode. */
function makePrivate(file: string): void {
  const missing: string[] = []
  for (let folder = dirname(file); !existsSync(folder); folder = dirname(folder)) missing.unshift(folder)
  // One by one: Node's own recursive mkdir never ends where nothing can be made, as in /proc.
  for (const folder of missing) mkdirSync(folder, { mode: 0o700 })
  closeSync(openSync(file, 'a', 0o600))
}

const codeOf = (error: unknown) => (error instanceof Database.SqliteError ? error.code : '')
const isBusy = (error: unknown) => codeOf(error).startsWith('SQLITE_BUSY')

/** Full disks and failing ones are expected: they become `DbUnavailable`. */
function asUnavailable(error: unknown): unknown {
  return /^SQLITE_(BUSY|FULL|IOERR|CANTOPEN|READONLY|NOMEM)/.test(codeOf(error))
    ? new DbUnavailable(`the database cannot be written now (${codeOf(error)})`, { cause: error })
    : error
}

function guard<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw asUnavailable(error)
  }
}
