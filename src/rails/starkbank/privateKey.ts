/**
 * Reads the bank's private key from its file: SEC1, secp256k1, for our eyes only. Says what to do when it is
 * not.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { BadInput } from '../../base/answer.ts'
import { fileShown } from '../../base/setting.ts'

export interface PrivateKeyFile {
  /** SEC1 PEM, as the SDK wants it. */
  pem: string
  /** What is registered with the bank. */
  publicKeyPem: string
  /** What a doctor should say of the file; empty when all is well. */
  findings: string[]
}

// What cannot be used may still be the key that is registered with the bank, and openssl writes over what it
// finds: so a new one is advised only where there is no file, by a command that does not overwrite either.
const whichOne =
  'name the file with the key that is registered with the bank; where none is yet, move this one away before you make one'

/**
 * Throws `BadInput` that says what would be right; a file that others may read is a finding in the sandbox,
 * refused in production.
 */
export function readPrivateKey(path: string, environment: 'sandbox' | 'production'): PrivateKeyFile {
  const { text, mode } = contentOf(path)
  const file = fileShown(path)
  const findings =
    mode & 0o077
      ? [`${file} can be read by others (mode ${(mode & 0o777).toString(8)}): chmod 400 ${file}`]
      : []
  if (environment === 'production' && findings[0])
    throw new BadInput(`STARKBANK_PRIVATE_KEY_FILE: ${findings[0]}`)
  return { ...parsePrivateKey(text, file), findings }
}

/** The same of a PEM at hand; `name` is what the message calls it. */
export function parsePrivateKey(text: string, name: string): Pick<PrivateKeyFile, 'pem' | 'publicKeyPem'> {
  const wrong = (what: string, advice = whichOne) =>
    new BadInput(`STARKBANK_PRIVATE_KEY_FILE: ${name} ${what}; ${advice}`)
  const another = `${name.replace(/\.pem$/, '')}-sec1.pem`
  const intoAnother = `openssl ec -in ${quoted(name)} -out ${quoted(another)}, and name that file`

  if (/-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(text))
    throw wrong(
      'is PKCS#8 (BEGIN PRIVATE KEY), which the SDK does not read',
      `write it as SEC1 into another: ${intoAnother}`,
    )
  if (/BEGIN PUBLIC KEY/.test(text))
    throw wrong('is a public key', 'the private one is wanted, the public one is registered with the bank')
  // openssl writes EC PARAMETERS before the key unless told -noout.
  const block = /-----BEGIN EC PRIVATE KEY-----[\s\S]+?-----END EC PRIVATE KEY-----/.exec(text)?.[0]
  if (!block) throw wrong('is not a PEM private key (BEGIN EC PRIVATE KEY)')
  if (/ENCRYPTED/.test(block))
    throw wrong('is locked with a passphrase', `write it unlocked into another: ${intoAnother}`)

  const key = parse(block)
  if (!key) throw wrong('cannot be read as a key')
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (curve !== 'secp256k1') throw wrong(`is on the curve ${curve}, not secp256k1`)
  return {
    pem: key.export({ type: 'sec1', format: 'pem' }).toString(),
    publicKeyPem: createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString(),
  }
}

function contentOf(file: string): { text: string; mode: number } {
  try {
    return { text: readFileSync(file, 'latin1'), mode: statSync(file).mode }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw new BadInput(`STARKBANK_PRIVATE_KEY_FILE: ${adviceFor(code, fileShown(file))}`, { cause: error })
  }
}

/** What to do about a file that could not be opened, by the system's code for it. */
export function adviceFor(code: string, file: string): string {
  switch (code) {
    case 'ENOENT':
      return `there is no file ${file} (ENOENT); name the one that holds the key, or make one with: (umask 277; set -C; openssl ecparam -name secp256k1 -genkey -noout > ${quoted(file)})`
    case 'EISDIR':
      return `${file} is a folder (EISDIR): name the file in it`
    case 'EACCES':
    case 'EPERM':
      return `${file} may not be read by the user who runs this (${code}): give it to that user, chown USER ${quoted(file)} && chmod 400 ${quoted(file)}, and let them enter the folders above it`
    default:
      return `${file} cannot be read (${code})`
  }
}

/** As a shell takes it for one word. */
const quoted = (file: string) => (/^[\w./@%+=:,-]+$/.test(file) ? file : `'${file.replaceAll("'", `'\\''`)}'`)

function parse(block: string): KeyObject | undefined {
  try {
    return createPrivateKey(block)
  } catch {
    return undefined
  }
}
