/**
 * How the audit log names what it must not hold: by a digest under a key of this installation, which tells
 * nothing to whoever lacks the database.
 */
import { createHmac } from 'node:crypto'
import { taxIdForms } from '../base/brazil.ts'
import type { Random } from '../base/world.ts'
import { sql, type Tx } from '../db/db.ts'

const keyName = 'payer digest key'

async function keyedDigest(tx: Tx, random: Pick<Random, 'bytes'>, text: string): Promise<string> {
  const there = await tx.one<{ value: string }>(sql`select value from settings where name = ${keyName}`)
  const key = there?.value ?? (await makeKey(tx, random))
  return createHmac('sha256', Buffer.from(key, 'base64url')).update(text).digest('base64url').slice(0, 24)
}

async function makeKey(tx: Tx, random: Pick<Random, 'bytes'>): Promise<string> {
  const fresh = Buffer.from(random.bytes(32)).toString('base64url')
  await tx.run(
    sql`insert into settings (name, value) values (${keyName}, ${fresh}) on conflict (name) do nothing`,
  )
  return (await tx.one<{ value: string }>(sql`select value from settings where name = ${keyName}`))!.value
}

/** `payer:` and 24 characters: the same for the same tax id in one installation, however it is typed. */
export const payerDigest = async (tx: Tx, random: Pick<Random, 'bytes'>, taxId: string): Promise<string> =>
  `payer:${await keyedDigest(tx, random, taxIdForms(taxId)[1])}`

/** Of the filters of a list, whatever their order. */
export const filterDigest = (
  tx: Tx,
  random: Pick<Random, 'bytes'>,
  filter: Readonly<Record<string, string>>,
): Promise<string> =>
  keyedDigest(
    tx,
    random,
    JSON.stringify(Object.entries(filter).toSorted(([one], [other]) => (one < other ? -1 : 1))),
  )
