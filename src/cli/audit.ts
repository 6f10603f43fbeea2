/**
 * `repasse audit`: the log of acts as a file, whether such a file and its anchors agree, and the word of a
 * person where they do not.
 */
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import type { AuditRow } from '../ledger/ledger.ts'
import { auditFilters, type FilterOf } from '../queries/filters.ts'
import { personFlag, textFlag } from './flags.ts'
import { listFlags, readFilters, sayMore, type ListFlags } from './listFlags.ts'
import { example, json, paint, table, tame } from './print.ts'
import { inBase, operator } from './shell.ts'
import type { Shell } from './context.ts'

export function auditCommands(repasse: Command, shell: Shell): void {
  const audit = repasse
    .command('audit')
    .description('the log of all acts, and its anchors outside the database')
    .addHelpText('after', example('audit export > audit.jsonl'))

  listFlags(
    audit.command('list').description('what was done, by whom and to what, newest first'),
    auditFilters,
    'record',
  )
    .addHelpText('after', example('audit list --actor maria --limit 20', 'audit list --subject main --json'))
    .action((flags: ListFlags<FilterOf<typeof auditFilters>>) =>
      inBase(shell, async ({ db }) => {
        const { listAudit } = await import('../queries/audit.ts')
        const asked = await readFilters(db, flags, auditFilters, id => {
          if (!/^\d{1,18}$/.test(id))
            throw new BadInput(`--before "${id}" is not a record: "repasse audit list" shows their numbers`)
          return Promise.resolve({ at: '', id })
        })
        const before = asked.after && BigInt(asked.after.id)
        const rows = await listAudit(db, { ...asked, before }, flags.limit)
        const line = (row: AuditRow) => [`${row.seq}`, row.at, row.actor, row.act, row.subject, row.detail]
        await shell.out(
          flags.json
            ? json(rows.map(({ detail, ...row }) => ({ ...row, detail: JSON.parse(detail) as unknown })))
            : table(['>RECORD', 'AT (UTC)', 'BY', 'ACT', 'ABOUT', 'DETAIL'], rows.map(line)),
        )
        sayMore(
          shell,
          flags,
          rows.map(({ seq }) => `${seq}`),
        )
      }),
    )

  audit
    .command('export')
    .description('every record, oldest first, as a line of JSON on standard output')
    .addHelpText('after', example('audit export > audit.jsonl'))
    .action(() =>
      inBase(shell, async ({ db }) => {
        const { exportAudit, exportedLine } = await import('../ledger/ledger.ts')
        for await (const rows of exportAudit(db)) await shell.out(rows.map(exportedLine).join(''))
      }),
    )

  audit
    .command('statements')
    .description(
      'what was approved, to the letter, with signatures and public keys, as lines of JSON: for tools/verify-audit.mjs',
    )
    .addHelpText('after', example('audit statements > statements.jsonl'))
    .action(() =>
      inBase(shell, async ({ db }) => {
        const { exportStatements } = await import('../approvals/approvals.ts')
        for await (const lines of exportStatements(db)) await shell.out(lines)
      }),
    )

  audit
    .command('verify')
    .description(
      'checks what "audit export" wrote, without the database: that no record was changed, taken away or cut off',
    )
    .argument('<file>', 'what "repasse audit export" wrote')
    .option(
      '--anchors <files...>',
      'the anchors, oldest part first, and mails with anchors; without them a cut at the end cannot be seen',
    )
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example(
        'audit verify audit.jsonl --anchors repasse.db.anchors',
        'audit verify audit.jsonl --anchors mail.eml',
      ),
    )
    .action((file: string, flags: { anchors?: string[]; json?: true }) => verify(shell, file, flags))

  audit
    .command('accept')
    .description(
      'says that the log and its anchors differ for a known reason, as after a restore; written into both',
    )
    .requiredOption('--why <words>', 'what was looked at', textFlag('--why'))
    .option('--by <person>', 'who says so (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example('audit accept --why "restored the backup of Monday, disk failure"'))
    .action(({ why, by = operator() }: { why: string; by?: string }) =>
      inBase(shell, async base => {
        const [{ acceptBreak }, { checkBooks }] = await Promise.all([
          import('../ledger/ledger.ts'),
          import('../reconcile/reconcile.ts'),
        ])
        const file = base.anchoring?.file
        if (!file) throw new BadInput('the audit log has no anchor file here: set AUDIT_ANCHOR_FILE')
        const found = await acceptBreak(base.db, file, { by, why })
        if (!found) throw new BadInput('the audit log and its anchors agree: there is nothing to accept')
        await shell.out(`accepted: ${found.says}\n`)
        const left = await checkBooks(base.db, base.world, undefined, file)
        for (const finding of left) await shell.out(`${paint(shell, 'red', 'WRONG')}: ${finding}\n`)
        if (left.length > 0) shell.exitCode = 1
      }),
    )
}

async function verify(
  shell: Shell,
  file: string,
  { anchors, json: asJson }: { anchors?: string[]; json?: true },
): Promise<void> {
  for (const each of [file, ...(anchors ?? [])])
    if (!existsSync(each)) throw new BadInput(`"${each}" does not exist`)
  const { readAnchors, readMail, verifyExport, withMails } = await import('../ledger/ledger.ts')
  const texts = anchors?.map(each => ({
    text: readFileSync(each, 'utf8'),
    mails: readMail(readFileSync(each, 'utf8')),
  }))
  const ofFile = texts?.filter(({ mails }) => mails.length === 0).flatMap(({ text }) => text.split('\n'))
  const known =
    texts &&
    ofFile &&
    withMails(
      readAnchors(ofFile, true),
      texts.flatMap(({ mails }) => mails),
    )
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })
  const verdict = await verifyExport(lines, known)
  const { records, hash, anchored } = verdict
  // Files that hold none must not look like some that agree.
  const fault =
    verdict.fault ??
    (known?.lines.length === 0 ? 'the anchors hold none: is it their file, or a mail with one?' : undefined)
  if (fault !== undefined) shell.exitCode = 1
  // Of what was anchored before, only what comes before it counts: whoever reads the verdict has to know
  // whose word that is.
  const accepted =
    known?.lines.flatMap(({ at, accepted: word }) =>
      word ? [{ at, from: Number(word.from), by: word.by, why: word.why }] : [],
    ) ?? []
  if (asJson)
    return shell.out(
      json({
        ok: fault === undefined,
        records: Number(records),
        hash,
        anchored,
        accepted,
        fault: fault ?? null,
      }),
    )
  for (const word of accepted)
    await shell.out(
      tame(`accepted from record ${word.from} on, by ${word.by} at ${word.at}: ${word.why}`) + '\n',
    )
  if (fault !== undefined) return shell.out(`${paint(shell, 'red', 'WRONG')}: ${fault}\n`)
  await shell.out(
    `${paint(shell, 'green', 'OK')}: ${records} records follow from each other, the newest is ${hash}; ${anchors ? `${anchored} of them are anchored` : 'not held against anchors, so a cut at the end would not be seen'}\n`,
  )
}
