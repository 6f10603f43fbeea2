/** Passkeys: a person's device, registered in a session with a fresh code, that signs what they approve. */
import { createPublicKey } from 'node:crypto'
import { verifyRegistrationResponse, type RegistrationResponseJSON } from '@simplewebauthn/server'
import { decodeCredentialPublicKey } from '@simplewebauthn/server/helpers'
import {
  assertionFault,
  counterOf,
  findCredential,
  digest,
  keysOf,
  readAssertion,
  registerKey,
  signsFrom,
  type KeyRow,
  type Proof,
  type Site,
} from '../approvals/approvals.ts'
import { later, type Instant, type World } from '../base/world.ts'
import type { Reader, Db, Tx } from '../db/db.ts'
import { tellAbout } from './notices.ts'
import { needsTwo } from './roles.ts'
import type { Person } from './session.ts'
import { findUser } from './user.ts'

/** What a new passkey is asked for: known to this session alone. */
export const registrationChallenge = ({ csrf }: Pick<Person, 'csrf'>): string =>
  digest(`register a passkey ${csrf}`)

export const passkeysOf = async (reader: Reader, userId: string): Promise<KeyRow[]> =>
  (await keysOf(reader, userId)).filter(({ kind, retired_at: at }) => kind === 'passkey' && at === null)

/**
 * Registers what the browser made. Answers false where it is no passkey for this site and session, or is
 * registered already.
 */
export async function registerPasskey(
  db: Db,
  world: World,
  person: Person,
  site: Site,
  { response, label }: { response: string; label: string },
): Promise<boolean> {
  const made = await madeBy(person, site, response)
  if (!made) return false
  return db.tx(async tx => {
    const key = {
      ...made,
      user: person,
      kind: 'passkey',
      label,
      proof: 'code',
      rp: site.rp,
      signsFrom: await keySignsFrom(tx, world),
    } as const
    const isNew = (await registerKey(tx, key, person.name)) !== undefined
    if (isNew) await tellOfKey(tx, world, person.id, person.name)
    return isNew
  })
}

/**
 * From when a key signs that an active person registers now: until then whoever knows better objects to them.
 */
export const keySignsFrom = async (
  tx: Tx,
  { coolingOffMs = 0 }: Pick<World, 'coolingOffMs'>,
): Promise<Instant | undefined> => (coolingOffMs > 0 ? later(await tx.now(), coolingOffMs) : undefined)

/** Those that sign already. */
export async function passkeysThatSign(reader: Reader, userId: string, now: Instant): Promise<KeyRow[]> {
  const from = await signsFrom(reader, userId)
  return (await passkeysOf(reader, userId)).filter(({ id }) => (from.get(id) ?? now) <= now)
}

/**
 * Whoever had one code of theirs, or a shell, could sign in their name from now on: they hear of it, and so
 * do the others.
 */
export async function tellOfKey(tx: Tx, world: World, userId: string, by: string): Promise<void> {
  const about = (await findUser(tx, userId))!
  if (needsTwo(about.role)) await tellAbout(tx, world, { kind: 'key', about, by })
}

async function madeBy(person: Person, { rp, origin }: Site, text: string) {
  try {
    const response = JSON.parse(text) as RegistrationResponseJSON
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: registrationChallenge(person),
      expectedOrigin: origin,
      expectedRPID: rp,
      requireUserVerification: true,
      supportedAlgorithmIDs: [-7, -8, -257],
    })
    if (!verified) return undefined
    const { id: credentialId, publicKey, counter } = registrationInfo.credential
    return { publicKey: spkiOf(publicKey), credentialId, counter: BigInt(counter) }
  } catch {
    // It was written by a browser, or by somebody who is none: whatever is wrong with it, it is no passkey.
    return undefined
  }
}

// COSE (RFC 9053): kinds of keys, and where each has its numbers.
const [okp, ec2, rsa] = [1, 2, 3]

/** SubjectPublicKeyInfo in base64 of a key as authenticators write it. */
function spkiOf(cose: Uint8Array): string {
  const key = decodeCredentialPublicKey(new Uint8Array(cose)) as unknown as Map<number, number | Uint8Array>
  const part = (at: number) => Buffer.from(key.get(at) as Uint8Array).toString('base64url')
  const jwk =
    key.get(1) === ec2
      ? { kty: 'EC', crv: 'P-256', x: part(-2), y: part(-3) }
      : key.get(1) === okp
        ? { kty: 'OKP', crv: 'Ed25519', x: part(-2) }
        : key.get(1) === rsa
          ? { kty: 'RSA', n: part(-1), e: part(-2) }
          : undefined
  if (!jwk) throw new Error(`a key of kind ${String(key.get(1))} is not one we know`)
  return createPublicKey({ key: jwk, format: 'jwk' })
    .export({ type: 'spki', format: 'der' })
    .toString('base64')
}

/**
 * The proof in what a browser signed of the statement `text`; undefined where it is none by a passkey of this
 * person.
 */
export async function proofByPasskey(
  reader: Reader,
  person: Pick<Person, 'id'>,
  site: Site,
  text: string,
  response: string,
): Promise<Proof | undefined> {
  const assertion = readAssertion(response)
  const credentialId = assertion && credentialOf(response)
  const key = credentialId === undefined ? undefined : await findCredential(reader, person.id, credentialId)
  if (
    !assertion ||
    !key ||
    key.retired_at !== null ||
    assertionFault(key.public_key, text, assertion, site) !== undefined
  )
    return undefined
  return {
    is: 'passkey',
    keyId: key.id,
    text,
    signature: JSON.stringify(assertion),
    counter: counterOf(assertion),
  }
}

/** Of a response that was read as an assertion before. */
function credentialOf(response: string): string | undefined {
  const { id } = JSON.parse(response) as { id?: unknown }
  return typeof id === 'string' ? id : undefined
}
