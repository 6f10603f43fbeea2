/** How the audit log names a person that it must not name: by a keyed digest of the tax id, which tells nothing to whoever lacks the database. */
import { createHmac } from 'node:crypto'
import { taxIdForms } from '../base/brazil.ts'
import type { Random } from '../base/world.ts'
import { sql, type Tx } from '../store/store.ts'

const keyName = 'payer digest key'

/** `payer:` and 24 characters: the same for the same tax id in one installation, however it is typed. */
export async function payerDigest(tx: Tx, random: Random, taxId: string): Promise<string> {
  const fresh = Buffer.from(random.bytes(32)).toString('base64url')
  await tx.run(sql`insert into settings (name, value) values (${keyName}, ${fresh}) on conflict (name) do nothing`)
  const { value } = (await tx.one<{ value: string }>(sql`select value from settings where name = ${keyName}`))!
  const [, plain] = taxIdForms(taxId)
  return `payer:${createHmac('sha256', Buffer.from(value, 'base64url')).update(plain).digest('base64url').slice(0, 24)}`
}
