/**
 * The file with the keys that values are encrypted under. Keys are added to it while processes run, so it is
 * read again where it has changed.
 */
import { closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { BadInput } from '../base/answer.ts'
import { keyLine, keysOf, readKeys, type DataKeys } from '../base/cipher.ts'
import { monotonicMs } from '../base/clock.ts'
import { fileShown } from '../base/setting.ts'
import { instant, type World } from '../base/world.ts'

const name = 'ENCRYPTION_KEY_FILE'
const lookEveryMs = 60_000

export interface KeyFile extends DataKeys {
  /** What a doctor should say of the file; empty when all is well. */
  readonly findings: readonly string[]
}

/**
 * Reads the keys in `path`. The file is looked at again where a value names a key that it did not have, and
 * once a minute for what is written. `strict`: one that others may read is refused. Throws `BadInput` that
 * says what to do.
 */
export function openKeyFile(path: string, { strict }: { strict: boolean }): KeyFile {
  const first = load(path)
  const findings =
    first.mode & 0o077
      ? [`${fileShown(path)} can be read by others (mode ${(first.mode & 0o777).toString(8)}): chmod 600 it`]
      : []
  if (strict && findings[0] !== undefined) throw new BadInput(`${name}: ${findings[0]}`)
  let keys = first.keys
  let readFor = first.stamp
  let lookedMs = monotonicMs()
  /**
   * A file that is half written or away changes nothing, and so does one of other keys alone, which the next
   * start would refuse. A key that has left the file is read with until this process ends.
   */
  const look = () => {
    lookedMs = monotonicMs()
    try {
      if (stampOf(path) === readFor) return
      const next = load(path)
      readFor = next.stamp
      if (!next.keys.find(keys.newest!.id) && !keys.find(next.keys.newest!.id)) return
      const gone = keys.all.filter(({ id }) => !next.keys.find(id))
      keys = keysOf([...next.keys.all, ...gone])
    } catch (error) {
      if (!(error instanceof BadInput) && (error as NodeJS.ErrnoException).code === undefined) throw error
    }
  }
  const recent = () => {
    if (monotonicMs() - lookedMs >= lookEveryMs) look()
    return keys
  }
  return {
    findings,
    get newest() {
      return recent().newest
    },
    get all() {
      return recent().all
    },
    find(id) {
      const known = keys.find(id)
      if (known) return known
      look()
      return keys.find(id)
    },
  }
}

function load(path: string): { keys: DataKeys; stamp: string; mode: number } {
  const file = fileShown(path)
  let text: string
  let stamp: string
  let mode: number
  try {
    stamp = stampOf(path)
    mode = statSync(path).mode
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    const advice =
      code === 'ENOENT'
        ? `there is no file ${file}: put the key file back that this database was used with, or make one where there was none yet: repasse keys new ${file}`
        : `${file} cannot be read (${code}): let the user who runs this read it, and nobody else`
    throw new BadInput(`${name}: ${advice}`, { cause: error })
  }
  try {
    return { keys: keysOf(readKeys(text)), stamp, mode }
  } catch (error) {
    if (error instanceof BadInput) throw new BadInput(`${name}: ${file}: ${error.message}`, { cause: error })
    throw error
  }
}

function stampOf(path: string): string {
  const { mtimeMs, size, ino } = statSync(path)
  return `${mtimeMs} ${size} ${ino}`
}

/**
 * Makes a key file with one key in it, for its owner's eyes alone; one that is there is left as it is.
 * Answers the key's id.
 */
export function makeKeyFile(path: string, { clock, random }: Pick<World, 'clock' | 'random'>): string {
  const secret = random.bytes(32)
  const head =
    '# Keys of Repasse (ENCRYPTION_KEY_FILE), the newest last. Without them what is encrypted in the database and in its backups is lost.\n'
  writeThrough(path, 'wx', head + entryOf(secret, clock.now()))
  return readKeys(keyLine(secret))[0]!.id
}

/** Adds a key, which is the newest then. Answers its id. */
export function addKey(path: string, { clock, random }: Pick<World, 'clock' | 'random'>): string {
  load(path)
  const secret = random.bytes(32)
  const before = readFileSync(path, 'utf8')
  writeThrough(path, 'a', (before.endsWith('\n') ? '' : '\n') + entryOf(secret, clock.now()))
  return readKeys(keyLine(secret))[0]!.id
}

const entryOf = (secret: Uint8Array, now: number): string =>
  `# ${readKeys(keyLine(secret))[0]!.id}, made ${instant(now)}\n${keyLine(secret)}\n`

/** On the disk before anything is encrypted under it. */
function writeThrough(path: string, flag: 'wx' | 'a', text: string): void {
  const opened = openSync(path, flag, 0o600)
  try {
    writeSync(opened, text)
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}
