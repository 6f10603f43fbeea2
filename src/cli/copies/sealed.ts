/**
 * Copies that only the holder of a key can read: the age format (age-encryption.org/v1, by typage), 64 kB at
 * a time.
 */
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Decrypter, Encrypter } from 'age-encryption'
import { BadInput } from '../../base/answer.ts'

/** As `pipeline` takes it. */
export type Transform = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>

const webOf = (source: AsyncIterable<Uint8Array>) =>
  Readable.toWeb(Readable.from(source, { objectMode: false })) as ReadableStream<Uint8Array>

/** To everybody named: each of them alone can read it. Throws `BadInput` for a key that is none. */
export function sealTo(recipients: readonly string[]): Transform {
  const encrypter = new Encrypter()
  for (const recipient of recipients)
    try {
      encrypter.addRecipient(recipient)
    } catch {
      throw new BadInput(
        `BACKUP_RECIPIENTS has "${recipient.slice(0, 80)}", which is no age public key: "age-keygen -y key.txt" shows it`,
      )
    }
  return async function* (source) {
    yield* await encrypter.encrypt(webOf(source))
  }
}

const heads = { sealed: 'age-encryption.org/v1\n', armored: '-----BEGIN AGE ENCRYPTED FILE-----' }

/** Whether it is encrypted, by its first bytes. */
export function isSealed(head: Buffer, file: string): boolean {
  const text = head.toString('latin1')
  if (text.startsWith(heads.armored))
    throw new BadInput(
      `FILE "${file}" is encrypted as text: "age --decrypt" it first, or make it without --armor`,
    )
  return text.startsWith(heads.sealed)
}

/** With the secret keys in `identityFile`, as `age-keygen` writes them. */
export function unsealWith(identityFile: string): Transform {
  const decrypter = new Decrypter()
  const lines = readFileSync(identityFile, 'utf8').split(/\r?\n/)
  const keys = lines.filter(line => /^AGE-SECRET-KEY-(PQ-)?1/.test(line))
  if (keys.length === 0)
    throw new BadInput(
      `--identity "${identityFile}" holds no secret key of age: name the file that age-keygen wrote`,
    )
  for (const key of keys)
    try {
      decrypter.addIdentity(key.trim())
    } catch {
      throw new BadInput(`--identity "${identityFile}" holds a secret key that cannot be read`)
    }
  return async function* (source) {
    try {
      yield* await decrypter.decrypt(webOf(source))
    } catch (error) {
      if ((error as { code?: string }).code !== undefined) throw error
      const said = error instanceof Error ? error.message : ''
      throw new BadInput(
        /no identity matched/.test(said)
          ? 'the backup is encrypted to another key: name the one of BACKUP_RECIPIENTS with --identity'
          : 'the backup was changed or cut off: it is not what was encrypted',
        { cause: error },
      )
    }
  }
}

/** Reads it to its end, so that nothing is done with the beginning of one that was cut off. */
export const readThrough = async (file: string, unseal: Transform): Promise<void> =>
  pipeline(createReadStream(file), unseal, new Writable({ write: (_chunk, _encoding, done) => done() }))

export const isOpenToOthers = (file: string): boolean => (statSync(file).mode & 0o077) !== 0
