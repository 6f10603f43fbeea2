/**
 * What each proposed act does once a second person approves it: one entry an act, done in the transaction of
 * the approval.
 */
import { approvingProposal, said, state, type Proof } from '../approvals/approvals.ts'
import { refusing } from '../base/refusal.ts'
import type { World } from '../base/world.ts'
import {
  approve,
  barFor,
  carryOutClose,
  findProposal,
  mayApprove,
  suspenseAct,
  type Approver,
  type ProposalDecision,
  type ProposalRow,
} from '../ledger/ledger.ts'
import {
  adjudicateAct,
  accountClearAct,
  beyondAct,
  carryOutAccountClear,
  carryOutBeyond,
  carryOutLimits,
  carryOutRedirect,
  carryOutVerdict,
  changeTerms,
  debtAct,
  endDebt,
  carryOutLimitsClear,
  limitsAct,
  limitsClearAct,
  prepareVerdict,
  redirectAct,
  termsAct,
  type PayoutRefusal,
} from '../payout/payout.ts'
import {
  addAct,
  carryOutAdd,
  carryOutClear,
  carryOutReset,
  carryOutRole,
  clearAct,
  resetAct,
  roleAct,
  type PeopleRefusal,
} from '../people/people.ts'
import type { PrivacyRefusal } from '../privacy/refusals.ts'
import type { Rails } from '../rails/rail.ts'
import type { ScheduleRefusal } from '../schedule/schedule.ts'
import type { ShopRefusal } from '../shop/shop.ts'
import type { Db, Tx } from '../db/db.ts'
import {
  beginRefund,
  carryOutCoinRefund,
  carryOutCoinRefundMade,
  carryOutReversalEnd,
  carryOutTakeBack,
  checkRefund,
  checkReversalEnd,
  coinRefundAct,
  coinRefundMadeAct,
  notReceivedAct,
  refundAct,
  reversalAct,
  type ChainTerms,
  type InvoiceRefusal,
} from '../webhooks/webhooks.ts'
import { askBeforeClose } from '../reconcile/ownLines.ts'
import type { ReconcileRefusal } from '../reconcile/refusals.ts'
import { acceptAct, carryOutAccept, carryOutRule, ruleAct } from '../reconcile/strangers.ts'

export interface ProposalParts {
  db: Db
  rails: Rails
  world: World
  /** How what comes on a chain is judged; there with the Bitcoin rail. */
  bitcoin?: { terms: ChainTerms } | undefined
}

/** Either half refuses where the act cannot be done any more; then nothing was approved. */
export interface ProposedWork<Prepared> {
  /** Before the transaction: what only a provider knows. */
  prepare(app: ProposalParts, proposal: ProposalRow): Promise<Prepared>
  /** In the transaction of the approval. */
  carryOut(tx: Tx, app: ProposalParts, proposal: ProposalRow, prepared: Prepared): Promise<void>
}

/** Ties the two halves of one act together, so that what one answers is what the other is given. */
export const proposedWork =
  <Prepared>({
    prepare,
    carryOut,
  }: ProposedWork<Prepared>): ((app: ProposalParts, proposal: ProposalRow) => Promise<CarryOut>) =>
  async (app, proposal) => {
    const prepared = await prepare(app, proposal)
    return (tx, decided) => carryOut(tx, app, decided, prepared)
  }

type CarryOut = (tx: Tx, proposal: ProposalRow) => Promise<void>

const nothing = async () => undefined

/** By the name of the act, such as `payout.adjudicate`. */
const works: ReadonlyMap<string, ReturnType<typeof proposedWork>> = new Map<
  string,
  ReturnType<typeof proposedWork>
>([
  [
    coinRefundAct,
    proposedWork({
      prepare: nothing,
      carryOut: async (tx, { world, rails, bitcoin }, proposal) =>
        void (await carryOutCoinRefund(tx, { world, chain: bitcoin?.terms, rail: rails.bitcoin }, proposal)),
    }),
  ],
  [
    coinRefundMadeAct,
    proposedWork({
      prepare: nothing,
      carryOut: (tx, { world, bitcoin }, proposal) =>
        carryOutCoinRefundMade(tx, { world, chain: bitcoin?.terms }, proposal),
    }),
  ],
  [
    limitsAct,
    proposedWork({
      prepare: nothing,
      carryOut: (tx, { world }, proposal) => carryOutLimits(tx, world, proposal),
    }),
  ],
  [
    beyondAct,
    proposedWork({ prepare: nothing, carryOut: (tx, _, proposal) => carryOutBeyond(tx, proposal) }),
  ],
  [termsAct, proposedWork({ prepare: nothing, carryOut: (tx, _, proposal) => changeTerms(tx, proposal) })],
  [
    debtAct,
    proposedWork({ prepare: nothing, carryOut: (tx, { world }, proposal) => endDebt(tx, world, proposal) }),
  ],
  [
    refundAct,
    proposedWork({
      prepare: ({ db, rails }, proposal) => checkRefund({ db, rail: rails.starkbank }, proposal),
      carryOut: (tx, { world }, proposal) => beginRefund(tx, world, proposal),
    }),
  ],
  [
    reversalAct,
    proposedWork({
      prepare: ({ db, rails }, proposal) => checkReversalEnd({ db, rail: rails.starkbank }, proposal),
      carryOut: (tx, { world }, proposal, logCount) => carryOutReversalEnd(tx, world, proposal, logCount),
    }),
  ],
  [
    notReceivedAct,
    proposedWork({
      prepare: nothing,
      carryOut: (tx, { world }, proposal) => carryOutTakeBack(tx, world, proposal),
    }),
  ],
  [
    acceptAct,
    proposedWork({ prepare: nothing, carryOut: (tx, _, proposal) => carryOutAccept(tx, proposal) }),
  ],
  [
    ruleAct,
    proposedWork({
      prepare: nothing,
      carryOut: (tx, { world }, proposal) => carryOutRule(tx, world, proposal),
    }),
  ],
  [
    adjudicateAct,
    proposedWork({
      prepare: prepareVerdict,
      carryOut: (tx, { world }, proposal, shown) => carryOutVerdict(tx, world, proposal, shown),
    }),
  ],
  [
    redirectAct,
    proposedWork({ prepare: nothing, carryOut: (tx, _, proposal) => carryOutRedirect(tx, proposal) }),
  ],
  [
    addAct,
    proposedWork({
      prepare: nothing,
      carryOut: (tx, { world }, proposal) => carryOutAdd(tx, world, proposal),
    }),
  ],
  [
    roleAct,
    proposedWork({
      prepare: nothing,
      carryOut: (tx, { world }, proposal) => carryOutRole(tx, world, proposal),
    }),
  ],
  [
    resetAct,
    proposedWork({
      prepare: nothing,
      carryOut: (tx, { world }, proposal) => carryOutReset(tx, world, proposal),
    }),
  ],
  [
    limitsClearAct,
    proposedWork({ prepare: nothing, carryOut: (tx, _, proposal) => carryOutLimitsClear(tx, proposal) }),
  ],
  [
    accountClearAct,
    proposedWork({ prepare: nothing, carryOut: (tx, _, proposal) => carryOutAccountClear(tx, proposal) }),
  ],
  [
    clearAct,
    proposedWork({
      prepare: nothing,
      carryOut: (tx, { world }, proposal) => carryOutClear(tx, world, proposal),
    }),
  ],
  [
    suspenseAct,
    proposedWork({
      prepare: (app, proposal) => askBeforeClose(app, proposal.subject),
      carryOut: (tx, { world }, proposal) => carryOutClose(tx, world, proposal),
    }),
  ],
])

/** Every act that can be approved, by its name. */
export const proposedActs: readonly string[] = [...works.keys()]

/** Every code for which an act is not done, one that was proposed among them. */
export type ActRefusal =
  /** The version that made it does. */
  | { is: 'proposal-unknown-act'; id: string; act: string }
  | InvoiceRefusal
  | PayoutRefusal
  | PeopleRefusal
  | PrivacyRefusal
  | ReconcileRefusal
  | ScheduleRefusal
  | ShopRefusal

/** `cannot`: it is still open, and what it is for is refused. */
export type Approved = ProposalDecision | { is: 'cannot'; proposal: ProposalRow; refusal: ActRefusal }

const { answering } = refusing<ActRefusal>()

/** Approves a proposal and does what it is for: both or neither. */
export async function approveAndDo(
  app: ProposalParts,
  id: string,
  { proof = said, ...whoever }: Omit<Approver, 'state'> & { proof?: Proof },
  known = works,
): Promise<Approved> {
  const approver: Approver = {
    ...whoever,
    state: (tx, row) => state(tx, { ...approvingProposal(row), by: whoever.by }, proof),
  }
  const proposal = await findProposal(app.db, id)
  if (!proposal) return { is: 'unknown' }
  // No provider is asked for somebody who may not approve it anyway.
  const refusal = mayApprove(proposal, approver)
  if (refusal !== undefined) return { is: refusal, proposal }
  const bar = await app.db.tx(async tx => barFor(tx, approver.by, await tx.now(), proposal.made_by))
  if (bar) return { is: 'barred', by: approver.by, bar, proposal }
  const work = known.get(proposal.act)
  if (!work) return { is: 'cannot', proposal, refusal: { is: 'proposal-unknown-act', id, act: proposal.act } }
  const decision = await answering(async () => {
    const carryOut = await work(app, proposal)
    return app.db.tx(async tx => {
      const decided = await approve(tx, id, approver)
      if (decided.is === 'approved') await carryOut(tx, decided.proposal)
      return { is: 'decided', decided } as const
    })
  })
  return decision.is === 'decided' ? decision.decided : { is: 'cannot', proposal, refusal: decision }
}
