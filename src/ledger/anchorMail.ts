/**
 * An anchor as a mail says it: four short lines that survive being quoted, wrapped and encoded on their way.
 */
import type { Instant } from '../base/world.ts'
import type { Anchor, ReadAnchors } from './anchors.ts'

export const mailedAnchor = ({
  seq,
  hash,
  transactions,
  at,
}: Pick<Anchor, 'seq' | 'hash' | 'transactions' | 'at'>): string =>
  `Record: ${seq}\nHash: ${hash}\nLedger: ${transactions}\nTime: ${at}`

const block =
  /Record: (\d{1,18})[\s>]+Hash: ([\da-f]{64})[\s>]+Ledger: (\d{1,18})[\s>]+Time: (\d{4}-\d\d-\d\dT[\d:.]+Z)/g

/**
 * The anchors in the text of a mail, or in one as it was sent (.eml), whose quoted-printable parts may break
 * any line. Each once, empty where there are none.
 */
export function readMail(text: string): Anchor[] {
  const found = new Map<string, Anchor>()
  for (const [, seq, hash, transactions, at] of text.replaceAll(/=\r?\n/g, '').matchAll(block))
    found.set(`${seq} ${hash}`, {
      seq: BigInt(seq!),
      hash: hash!,
      transactions: BigInt(transactions!),
      at: at as Instant,
      rows: [hash!],
    })
  return [...found.values()]
}

/**
 * Those of the file with those of mails, each where its time puts it: what a person has accepted since
 * overrules a mail too.
 */
export function withMails(
  { lines, fault }: ReadAnchors,
  mails: readonly Anchor[],
): { lines: Anchor[]; fault: string | undefined } {
  const all: Anchor[] = [...lines]
  for (const mail of mails) {
    const later = all.findIndex(({ at }) => at > mail.at)
    all.splice(later < 0 ? all.length : later, 0, mail)
  }
  return { lines: all, fault }
}
