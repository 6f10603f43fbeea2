/**
 * The head of the audit log by mail, so that a mailbox elsewhere is a witness that nobody here can edit: once
 * a day, and at most an hour after an approval.
 */
import { because } from '../base/reasons.ts'
import { newId } from '../base/id.ts'
import { later, millis, type Instant, type World } from '../base/world.ts'
import { auditHead, findBreak, mailedAnchor, type Anchoring } from '../ledger/ledger.ts'
import { escaped, type Mail, type OutboxRow } from '../mail/mail.ts'
import { remember, sql, type Db, type Tx } from '../db/db.ts'

export type AnchorMailRow = OutboxRow & {
  address: string
  seq: bigint
  hash: string
  transactions: bigint
  at: Instant
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** What another machine's clock may be ahead by. */
const slackMs = 60_000

interface Parts {
  db: Db
  world: Pick<World, 'clock' | 'random'>
  anchoring?: Anchoring | undefined
}

/**
 * Queues one for each address where it is time. `differs`: the log is not the one that was anchored, and what
 * somebody rewrote is not witnessed.
 */
export async function queueAnchorMails(
  { db, world, anchoring }: Parts,
  addresses: readonly string[],
): Promise<number | 'differs'> {
  const now = await db.tx(tx => tx.now())
  const last = await newest(db, now)
  const ageMs = last === undefined ? Infinity : millis(now) - millis(last.added_at)
  if (ageMs < hourMs || (ageMs < dayMs && !(await approvedSince(db, last!.seq)))) return 0
  if (anchoring?.file && (await findBreak(db, anchoring.file, 'newest'))) return 'differs'
  const kept = await auditHead(db)
  if (!kept) return 0
  return db.tx(async tx => {
    // Another process may have been faster.
    if ((await newest(tx, now))?.id !== last?.id) return 0
    for (const address of addresses) {
      const id = newId('mail', world)
      const { head, transactions } = kept
      await tx.run(sql`
        insert into anchor_mails (id, store_id, address, seq, hash, transactions, at, state, next_at,
          added_at, changed_at)
        values (${id}, ${tx.store}, ${address}, ${head.seq}, ${head.hash}, ${transactions}, ${now},
          'queued', ${now}, ${now}, ${now})`)
      await remember(
        tx,
        'anchor_mails',
        id,
        '',
        'queued',
        { why: because('audit-anchored'), ref: `${head.seq}` },
        now,
      )
    }
    return addresses.length
  })
}

/**
 * The newest by now: one that was queued under a clock that was ahead would be it, and another be due each
 * minute, until that clock's time has come.
 */
const newest = (reader: Pick<Tx, 'store' | 'one'>, now: Instant) =>
  reader.one<{ id: string; seq: bigint; added_at: Instant }>(sql`
    select id, seq, added_at from anchor_mails where store_id = ${reader.store}
      and added_at <= ${later(now, slackMs)}
    order by added_at desc, id desc limit 1`)

/**
 * Approvals bear a statement; a restore and a break that was accepted change what the log says, so they are
 * told as soon.
 */
const approvedSince = async (reader: Pick<Tx, 'store' | 'one'>, seq: bigint): Promise<boolean> =>
  (await reader.one(sql`
    select 1 as yes from audit where seq > ${seq} and (detail like '%"statement":"%'
      or act in ('restored', 'audit break accepted')) limit 1`)) !== undefined

/** Pure. In both languages, for whoever keeps the mailbox. */
export function composeAnchorMail(
  { id, address, ...anchor }: AnchorMailRow,
  { shopName, publicUrl }: { shopName: string; publicUrl: string },
): Mail {
  const paragraphs = [
    `Registro de auditoria de ${shopName} (${publicUrl}). Guarde este e-mail: ele mostra até onde o registro ia, e ninguém de lá pode mudá-lo.`,
    `The audit log of ${shopName} (${publicUrl}). Keep this mail: it shows how far the log went, and nobody there can change it.`,
  ]
  const block = mailedAnchor(anchor)
  const check = 'repasse audit export > audit.jsonl; repasse audit verify audit.jsonl --anchors MAIL.eml'
  return {
    ...{ id, to: address, language: 'pt-BR', subject: `Repasse: ${anchor.seq} ${anchor.hash.slice(0, 16)}` },
    text: `${[...paragraphs, block, check].join('\n\n')}\n`,
    html: [
      '<!doctype html><html lang="pt-BR"><head><meta charset="utf-8"><title>Repasse</title></head>',
      '<body style="font-family:sans-serif;line-height:1.5;max-width:40rem;margin:0 auto;padding:16px">',
      ...paragraphs.map(text => `<p>${escaped(text)}</p>`),
      `<pre>${escaped(block)}</pre><p><code>${escaped(check)}</code></p></body></html>`,
    ].join('\n'),
  }
}
