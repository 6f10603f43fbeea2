/** `repasse proposal`: acts that need two people, and what the second one says. */
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import type { ProposalRow } from '../ledger/ledger.ts'
import type { Approved } from '../jobs/jobs.ts'
import { proposalFilters, type FilterOf } from '../queries/filters.ts'
import { personFlag, textFlag } from './flags.ts'
import { listFlags, readFilters, sayMore, type ListFlags } from './listFlags.ts'
import { example, historyJson, historyTable, json, sheet, table } from './print.ts'
import { proofFlags, prove } from './prove.ts'
import type { ProofFlags } from './acting.ts'
import { chainTermsOf } from './requests.ts'
import { done, inBase, onRails, operator } from './shell.ts'
import type { Shell } from './context.ts'
import { proposalJson } from '../queries/json/proposals.ts'

type ActFlags = { why?: string; by?: string }

export function proposalCommands(repasse: Command, shell: Shell): void {
  const proposal = repasse
    .command('proposal')
    .description('acts that need two people: what was proposed, and what the second person says')
    .addHelpText('after', example('proposal list --state open'))

  listFlags(proposal.command('list').description('proposals, newest first'), proposalFilters, 'proposal')
    .addHelpText('after', example('proposal list --state open', 'proposal list --by maria --from 2026-11-01'))
    .action((flags: ListFlags<FilterOf<typeof proposalFilters>>) =>
      inBase(shell, async ({ db }) => {
        const { detailsOfProposals, listProposals, placeOfProposal } = await import('../queries/proposals.ts')
        const asked = await readFilters(db, flags, proposalFilters, async before => {
          const place = await placeOfProposal(db, before)
          if (!place) throw new BadInput(noSuch(before))
          return place
        })
        const rows = await listProposals(db, asked, flags.limit)
        const details = await detailsOfProposals(db, rows)
        const detailOf = ({ id }: ProposalRow) => details.get(id)!
        const line = (row: ProposalRow) => [
          row.id,
          row.added_at,
          row.state,
          row.act,
          row.subject,
          row.made_by,
          wordsOf(detailOf(row)),
        ]
        await shell.out(
          flags.json
            ? json(rows.map(row => proposalJson(row, detailOf(row))))
            : table(['PROPOSAL', 'MADE (UTC)', 'STATE', 'ACT', 'ABOUT', 'BY', 'WHAT'], rows.map(line)),
        )
        sayMore(
          shell,
          flags,
          rows.map(({ id }) => id),
        )
      }),
    )

  proposal
    .command('show')
    .description('one proposal: what is to be done, by whom it was made and decided, and its history')
    .argument('<id>', 'the proposal')
    .option('--json', 'as JSON')
    .addHelpText('after', example('proposal show pro_01k9zq3f5c8wxy2m7n4p6r8s0t'))
    .action((id: string, { json: asJson }: { json?: true }) =>
      inBase(shell, async ({ db }) => {
        const [{ findProposal }, { detailShown }, { history }] = await Promise.all([
          import('../ledger/ledger.ts'),
          import('../reconcile/reconcile.ts'),
          import('../db/db.ts'),
        ])
        const row = await findProposal(db, id)
        if (!row) throw new BadInput(noSuch(id))
        const detail = await detailShown(db, row)
        const steps = await history(db, id)
        if (asJson) return shell.out(json({ ...proposalJson(row, detail), history: historyJson(steps) }))
        const facts: [string, string | null][] = [
          ['proposal', row.id],
          ['state', row.state],
          ['act', row.act],
          ['about', row.subject],
          ...Object.entries(detail),
          ['made by', row.made_by],
          ['because', row.why],
          ['decided by', row.decided_by],
          ['decided because', row.decided_why],
        ]
        await shell.out(`${sheet(facts)}\n${historyTable(steps)}`)
      }),
    )

  proofFlags(
    proposal
      .command('approve')
      .description('approves what somebody else proposed, and does it')
      .argument('<id>', 'the proposal')
      .option(
        '--by <person>',
        'who approves, another person than made it (default: the user of this system)',
        personFlag('--by'),
      ),
  )
    .addHelpText('after', example('proposal approve pro_01k9zq3f5c8wxy2m7n4p6r8s0t --by bruno'))
    .action((id: string, flags: ProofFlags) =>
      onRails(shell, async (base, { rails }) => {
        const { db, world, config } = base
        const [{ approveAndDo }, { findProposal }, { personActs }] = await Promise.all([
          import('../jobs/jobs.ts'),
          import('../ledger/ledger.ts'),
          import('../people/people.ts'),
        ])
        const found = await findProposal(db, id)
        const act = found && personActs.includes(found.act) ? 'user.approve' : 'proposal.approve'
        const { by, proof } = await prove(base, flags, act)
        await tell(
          shell,
          id,
          by,
          await approveAndDo({ db, rails, world, bitcoin: { terms: chainTermsOf(config) } }, id, {
            by,
            proof,
          }),
        )
      }),
    )

  proposal
    .command('refuse')
    .description('ends a proposal undone; whoever made it withdraws it')
    .argument('<id>', 'the proposal')
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who says so (default: the user of this system)', personFlag('--by'))
    .addHelpText(
      'after',
      example('proposal refuse pro_01k9zq3f5c8wxy2m7n4p6r8s0t --why "the transfer was ours"'),
    )
    .action((id: string, { why, by = operator() }: ActFlags & { why: string }) =>
      inBase(shell, async ({ db }) => {
        const { refuse } = await import('../ledger/ledger.ts')
        await tell(shell, id, by, await db.tx(tx => refuse(tx, id, { by, why })))
      }),
    )
}

async function tell(shell: Shell, id: string, by: string, decision: Approved): Promise<void> {
  switch (decision.is) {
    case 'approved':
    case 'refused':
    case 'withdrawn':
      return shell.out(
        `proposal ${id} (${decision.proposal.act} of ${decision.proposal.subject}) is ${decision.is}\n`,
      )
    case 'unknown':
      throw new BadInput(noSuch(id))
    case 'own':
      throw new BadInput(`--by ${by} made proposal ${id}: someone else has to approve it (--by NAME)`)
    case 'decided':
      throw new BadInput(
        `proposal ${id} is ${decision.proposal.state} already, by ${decision.proposal.decided_by}`,
      )
    case 'barred':
      await done(decision)
      return
    case 'cannot':
      await done(decision.refusal)
      return
    case 'changed':
      throw new BadInput(`proposal ${id} is not the one that was looked at: look again`)
  }
}

const noSuch = (id: string) => `there is no proposal "${id}": "repasse proposal list" shows them`
const wordsOf = (detail: Record<string, string>) =>
  Object.entries(detail)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
