/**
 * An exported audit log, one record a line, held against its own chain and its anchors, without the database.
 */
import { genesis, hashOf, type AuditRow } from './audit.ts'
import { recordsInForce, type Anchor } from './anchors.ts'

/** One record as `audit export` writes it; `detail` stays the text that was hashed. */
export const exportedLine = ({ seq, ...record }: AuditRow): string =>
  `${JSON.stringify({ seq: `${seq}`, ...record })}\n`

export interface ExportVerdict {
  records: bigint
  /** Of the newest record. */
  hash: string
  /** How many records an anchor says the hash of. */
  anchored: number
  /** The first thing that does not hold. */
  fault?: string
}

const names = ['at', 'actor', 'act', 'subject', 'detail', 'previous', 'hash'] as const

function readRecord(text: string): AuditRow | undefined {
  try {
    const row = JSON.parse(text) as Record<string, unknown>
    if (typeof row['seq'] !== 'string' || !/^\d{1,18}$/.test(row['seq'])) return undefined
    if (names.some(name => typeof row[name] !== 'string') || Object.keys(row).length !== names.length + 1)
      return undefined
    return { ...(row as AuditRow), seq: BigInt(row['seq']) }
  } catch {
    return undefined
  }
}

/** Walks the lines once, in little memory. */
export async function verifyExport(
  lines: AsyncIterable<string>,
  anchors: { lines: readonly Anchor[]; fault: string | undefined } | undefined,
): Promise<ExportVerdict> {
  const verdict: ExportVerdict = { records: 0n, hash: genesis, anchored: 0 }
  const records = recordsInForce(anchors?.lines ?? [])
  for await (const text of lines) {
    if (text === '') continue
    const row = readRecord(text)
    const expected = verdict.records + 1n
    const fault = !row
      ? 'is no record'
      : row.seq !== expected
        ? `is record ${row.seq}, and record ${expected} is missing`
        : row.previous !== verdict.hash || row.hash !== hashOf(row)
          ? `record ${row.seq} was changed, or the one before it`
          : (records.get(row.seq)?.hash ?? row.hash) !== row.hash
            ? `record ${row.seq} is not the one that was anchored at ${records.get(row.seq)!.at}`
            : undefined
    if (fault !== undefined)
      return { ...verdict, fault: fault.startsWith('is') ? `line ${expected} ${fault}` : fault }
    if (records.has(expected)) verdict.anchored += 1
    verdict.records = expected
    verdict.hash = row!.hash
  }
  const missing = [...records].find(([seq]) => seq > verdict.records)
  if (missing)
    return {
      ...verdict,
      fault: `record ${missing[0]}, anchored at ${missing[1].at}, is missing: the log was cut at its end`,
    }
  return anchors?.fault === undefined
    ? verdict
    : { ...verdict, fault: `the anchors were changed: ${anchors.fault}` }
}
