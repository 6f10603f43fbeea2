/**
 * What an auditor needs beside the exported audit log: the public keys, and every statement with its content
 * and its signature.
 */
import { sql, type Reader } from '../db/db.ts'
import type { StatementRow } from './judge.ts'
import type { KeyRow } from './keys.ts'

const sliceLength = 1_000n

/**
 * Lines of JSON: a key is `{key, kind, publicKey}`, a statement `{id, text, content, proof, key, signature}`.
 * Which key was whose, the audit log says.
 */
export async function* exportStatements(reader: Reader): AsyncGenerator<string> {
  const keys = await reader.all<KeyRow>(
    sql`select * from signing_keys where store_id = ${reader.store} order by added_at, id`,
  )
  yield linesOf(keys.map(({ id, kind, public_key: publicKey }) => ({ key: id, kind, publicKey })))
  for (let after = ''; ;) {
    const rows = await reader.all<StatementRow>(
      sql`select * from statements where store_id = ${reader.store} and id > ${after} order by id
        limit ${sliceLength}`,
    )
    if (rows.length === 0) return
    yield linesOf(
      rows.map(({ id, text, content, proof, key_id: key, signature }) => ({
        id,
        text,
        content,
        proof,
        key,
        signature,
      })),
    )
    after = rows.at(-1)!.id
  }
}

const linesOf = (rows: object[]): string => rows.map(row => `${JSON.stringify(row)}\n`).join('')
