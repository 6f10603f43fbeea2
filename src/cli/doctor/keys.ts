/**
 * What `repasse doctor` says of the bank's public keys: which it publishes, and which of those kept here it
 * no longer does.
 */
import { BadInput } from '../../base/answer.ts'
import { instant } from '../../base/world.ts'
import type { Base } from '../../app.ts'
import type { Rail } from '../../rails/rail.ts'
import type { Check } from './check.ts'
import { prove } from '../prove.ts'
import type { ProofFlags } from '../acting.ts'

interface Flags extends ProofFlags {
  dropKey?: string
}

export async function* keysOfBank(base: Base, rail: Rail, { dropKey, ...who }: Flags): AsyncGenerator<Check> {
  const { config, db, world } = base
  const [{ bankKeys, retireBankKey }, { bankKeyOrigin }, { readPublicKey }, { overlapMs }] =
    await Promise.all([
      import('../../webhooks/webhooks.ts'),
      import('../../app.ts'),
      import('../../rails/starkbank/verify.ts'),
      import('../../rails/starkbank/keys.ts'),
    ])
  const check = 'bank keys'
  const keys = await rail.publishedKeys()
  if (keys.is !== 'done')
    return yield { check, is: 'error', says: `the bank did not say its public keys: ${keys.why}` }
  // By the key itself: the same one may be kept in two spellings of PEM.
  const idOf = (pem: string) => readPublicKey(pem).keyId
  const published = keys.value.map(idOf)
  const origin = bankKeyOrigin(config)

  if (dropKey !== undefined) {
    const key = (await bankKeys(db, origin)).find(({ pem }) => idOf(pem) === dropKey)
    if (!key)
      throw new BadInput(`no key ${dropKey} of the bank is kept here: "repasse doctor" names those that are`)
    const { by } = await prove(base, who)
    const isPublished = published.includes(dropKey)
    const answer = await retireBankKey(db, origin, { pem: key.pem, keyId: dropKey, isPublished, by })
    if (answer === 'published')
      throw new BadInput(
        `the bank still publishes the key ${dropKey}: its events would be refused, so it stays`,
      )
    if (answer === 'already') throw new BadInput(`the key ${dropKey} is retired already`)
    yield {
      check,
      is: 'ok',
      says: `${dropKey} is dropped: running processes refuse its events within a minute`,
    }
  }

  yield { check, is: 'ok', says: `the bank publishes ${published.join(', ')}` }
  for (const { pem, missingSince = world.clock.now(), isRetired } of await bankKeys(db, origin)) {
    if (published.includes(idOf(pem)) || isRetired || world.clock.now() - missingSince >= overlapMs) continue
    yield {
      check,
      is: 'warn',
      says: `${idOf(pem)} is not published any more; its events are taken until ${instant(missingSince + overlapMs)}`,
      run: `where the bank says that it was lost: repasse doctor --drop-key ${idOf(pem)}`,
    }
  }
}
