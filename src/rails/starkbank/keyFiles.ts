/**
 * Our private key at the bank and the files beside it while it is rotated: `FILE` signs, `FILE.next` is to,
 * `FILE.retired-2026-11-29` did. Each is whole under its name or not there, and `FILE` is there at every
 * moment, so that a rotation may be cut off anywhere and begun once more.
 */
import { generateKeyPairSync } from 'node:crypto'
import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { BadInput } from '../../base/answer.ts'
import type { Log } from '../../base/log.ts'
import { isSaidAgain } from '../../base/reasons.ts'
import { fileShown } from '../../base/setting.ts'
import { readPrivateKey } from './privateKey.ts'
import { readPublicKey } from './verify.ts'

export interface KeyFile {
  /** `next` waits for the bank to accept it. */
  is: 'in use' | 'next' | 'retired'
  file: string
  /** Of its public half. */
  keyId: string
  pem: string
  publicKeyPem: string
}

type Environment = 'sandbox' | 'production'

const nextOf = (file: string) => `${file}.next`

/**
 * The key in use first, then the next where there is one, then those that were retired. Throws `BadInput`
 * where one cannot be read.
 */
export function keyFiles(named: string, environment: Environment): [KeyFile, ...KeyFile[]] {
  const current = read('in use', named, environment)
  const file = realpathSync(named)
  const begin = `${basename(file)}.retired-`
  const retired = readdirSync(dirname(file))
    .filter(name => name.startsWith(begin) && /^\d{4}-\d{2}-\d{2}(-\d+)?$/.test(name.slice(begin.length)))
    .sort()
  return [
    { ...current, file },
    ...(existsSync(nextOf(file)) ? [read('next', nextOf(file), environment)] : []),
    ...retired.map(name => read('retired', join(dirname(file), name), environment)),
  ]
}

function read(is: KeyFile['is'], file: string, environment: Environment): KeyFile {
  const { pem, publicKeyPem } = readPrivateKey(file, environment)
  return { is, file, pem, publicKeyPem, keyId: readPublicKey(publicKeyPem).keyId }
}

/** Makes the next key, for its owner's eyes alone; one that is there already stays. */
export function makeNext(file: string): void {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  put(file, nextOf(file), privateKey.export({ type: 'sec1', format: 'pem' }).toString())
}

/**
 * The next key takes the place of the one in use, which is kept beside under its date. Answers where;
 * undefined where another process did it.
 */
export function useNext(
  current: KeyFile,
  next: KeyFile,
  day: string,
  environment: Environment,
): string | undefined {
  const now = read('in use', current.file, environment)
  if (now.keyId === next.keyId) return undefined
  const kept = keyFiles(current.file, environment).find(
    ({ is, keyId }) => is === 'retired' && keyId === now.keyId,
  )
  const aside = kept?.file ?? freeName(`${current.file}.retired-${day}`)
  if (!kept) put(current.file, aside, now.pem)
  try {
    renameSync(next.file, current.file)
  } catch (error) {
    // Whoever else rotates was faster.
    if (
      (error as { code?: string }).code === 'ENOENT' &&
      read('in use', current.file, environment).keyId === next.keyId
    )
      return aside
    throw error
  }
  settle(dirname(current.file))
  return aside
}

/** Deletes the file of a key that was retired. */
export function deleteRetired({ file }: KeyFile): void {
  rmSync(file)
  settle(dirname(file))
}

function freeName(wanted: string): string {
  for (let count = 1; ; count++) {
    const name = count === 1 ? wanted : `${wanted}-${count}`
    if (!existsSync(name)) return name
  }
}

/**
 * Writes `text` through to the disk under another name first, then gives it `target` unless that is there. It
 * belongs to whoever `like` belongs to.
 */
function put(like: string, target: string, text: string): void {
  const partial = `${target}.partial-${process.pid}`
  try {
    rmSync(partial, { force: true })
    const opened = openSync(partial, 'wx', 0o600)
    try {
      writeSync(opened, text)
      fsyncSync(opened)
    } finally {
      closeSync(opened)
    }
    // Made by root, it could not be read by the program's own user.
    const { uid, gid } = statSync(like)
    if (uid !== statSync(partial).uid) chownSync(partial, uid, gid)
    linkSync(partial, target)
    settle(dirname(target))
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'EEXIST') return
    throw new BadInput(`${fileShown(target)} cannot be written (${code}): ${adviceOf(code)}`, {
      cause: error,
    })
  } finally {
    rmSync(partial, { force: true })
  }
}

const adviceOf = (code: string | undefined): string =>
  code === 'EROFS'
    ? 'run this where the key’s own folder is, outside of the container'
    : 'run this as the user the key belongs to, who must be allowed to write into its folder'

/** Through to the disk, names of files too. */
function settle(path: string): void {
  const opened = openSync(path, 'r')
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}

export interface SigningKey {
  /** As the file has it now. */
  pem(): string
  keyId(): string
}

/**
 * The key that signs, as its file holds it at each request: one that was rotated is followed without a
 * restart, one that cannot be read leaves the last good one.
 */
export function followKeyFile(file: string, environment: Environment, log: Log): SigningKey {
  let stamp = stampOf(file)
  let known = read('in use', file, environment)
  let said: string | undefined
  const look = () => {
    const now = stampOf(file)
    if (now === stamp) return known
    try {
      const found = read('in use', file, environment)
      if (found.keyId !== known.keyId)
        log.info(
          { keyId: found.keyId, before: known.keyId },
          'requests to the bank are signed with another key',
        )
      known = found
      stamp = now
      said = undefined
    } catch (error) {
      const why = error instanceof Error ? error.message : 'unknown'
      if (!isSaidAgain(why, said))
        log.error({ why }, 'the key file was changed and cannot be used: the key before it goes on signing')
      said = why
    }
    return known
  }
  return { pem: () => look().pem, keyId: () => look().keyId }
}

/** Changes with each file that takes the name, and with each write. */
function stampOf(file: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(file)
    return [ino, size, mtimeMs, ctimeMs].join()
  } catch {
    return 'missing'
  }
}
