/** Reads the bank's private key from its file: SEC1, secp256k1, for our eyes only. Says what to do when it is not. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { BadInput } from '../../base/answer.ts'

export interface PrivateKeyFile {
  /** SEC1 PEM, as the SDK wants it. */
  pem: string
  /** What is registered with the bank. */
  publicKeyPem: string
  /** What a doctor should say of the file; empty when all is well. */
  findings: string[]
}

const howToMake = 'make one with: openssl ecparam -name secp256k1 -genkey -noout -out private-key.pem'

/** Throws `BadInput` that says what would be right; a file that others may read is a finding in the sandbox, refused in production. */
export function readPrivateKey(file: string, environment: 'sandbox' | 'production'): PrivateKeyFile {
  const { text, mode } = contentOf(file)
  const findings = mode & 0o077 ? [`${file} can be read by others (mode ${(mode & 0o777).toString(8)}): chmod 400 ${file}`] : []
  if (environment === 'production' && findings[0]) throw new BadInput(`STARKBANK_PRIVATE_KEY_FILE: ${findings[0]}`)
  return { ...parsePrivateKey(text, file), findings }
}

/** The same of a PEM at hand; `name` is what the message calls it. */
export function parsePrivateKey(text: string, name: string): Pick<PrivateKeyFile, 'pem' | 'publicKeyPem'> {
  const wrong = (what: string, todo = howToMake) => new BadInput(`STARKBANK_PRIVATE_KEY_FILE: ${name} ${what}; ${todo}`)

  if (/-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(text))
    throw wrong('is PKCS#8 (BEGIN PRIVATE KEY), which the SDK does not read', 'turn it into SEC1: openssl ec -in KEY -out private-key.pem')
  if (/BEGIN PUBLIC KEY/.test(text)) throw wrong('is a public key', 'the private one is wanted, the public one is registered with the bank')
  // openssl writes EC PARAMETERS before the key unless told -noout.
  const block = /-----BEGIN EC PRIVATE KEY-----[\s\S]+?-----END EC PRIVATE KEY-----/.exec(text)?.[0]
  if (!block) throw wrong('is not a PEM private key (BEGIN EC PRIVATE KEY)')
  if (/ENCRYPTED/.test(block)) throw wrong('is locked with a passphrase', 'unlock it with: openssl ec -in KEY -out private-key.pem')

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
    throw new BadInput(`STARKBANK_PRIVATE_KEY_FILE: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}); ${howToMake}`)
  }
}

function parse(block: string): KeyObject | undefined {
  try {
    return createPrivateKey(block)
  } catch {
    return undefined
  }
}
