/** The routes of proposals: the list, one, its approval, which does it, and its end undone. */
import { approvingProposal, SignatureRefused } from '../../../approvals/approvals.ts'
import { BadInput } from '../../../base/answer.ts'
import { approveAndDo, type Approved } from '../../../jobs/jobs.ts'
import { barFor, findProposal, refuse, type ProposalRow } from '../../../ledger/ledger.ts'
import { stopOf } from '../../../payout/payout.ts'
import { personActs } from '../../../people/people.ts'
import { history, type Reader } from '../../../db/db.ts'
import { show, type Form } from '../../page/page.ts'
import type { PageParts } from '../../context.ts'
import type { ConsoleContext, ConsoleRoutes } from '../guard.ts'
import {
  detailsOfProposals,
  keyOfProposal,
  listProposals,
  subjectsOfProposals,
  type ProposalFilters,
} from '../../../queries/proposals.ts'
import { pathTo } from '../links.ts'
import { filtersOf, pageAsked } from '../list/list.ts'
import { proofIn, signable } from '../people/passkeys.tsx'
import { proposalPath, ProposalPage, ProposalsPage, type About } from './page.tsx'
import { reasonIn } from '../schedules/when.ts'
import { barText } from '../schedules/barsWords.ts'
import { refusalText } from '../refusals.ts'
import { frameWords } from '../frame/words.ts'
import { proposalWords } from './words.ts'

const path = '/console/proposals'
/**
 * There is one for one act on one thing, so they are few; the list says how many there are in its caption.
 */
const openLimit = 200

export function proposalRoutes(routes: ConsoleRoutes, { app, settings }: PageParts): void {
  const { db } = app
  const framed = async (ctx: ConsoleContext) => ({
    lang: ctx.state.lang,
    person: ctx.state.person,
    stopped: await stopOf(db),
  })

  routes.page(path, 'see', async ctx => {
    const filters = await filtersOf(db, ctx, { names: [], choices: {} })
    const read = (asked: ProposalFilters, limit: number) => listProposals(db, asked, limit, true)
    const { rows: decided, next } = await pageAsked(read, filters, keyOfProposal)
    const open = await listProposals(
      db,
      { ...filters, query: { state: 'open' }, after: undefined },
      openLimit,
    )
    const abouts = await aboutsOf(db, [...open, ...decided])
    const details = await detailsOfProposals(db, [...open, ...decided])
    show(
      ctx,
      ProposalsPage({ ...(await framed(ctx)), details, open, decided, abouts, next, query: filters.query }),
    )
  })

  routes.page(`${path}/:id`, 'see', async ctx => {
    const row = (await findProposal(db, ctx.params['id']!)) ?? ctx.throw(404)
    const say = proposalWords[ctx.state.lang]
    const said = ctx.query['said']
    const text =
      said === 'approved'
        ? say.approve.done
        : said === 'refused'
          ? say.refuse.done
          : said === 'withdrawn'
            ? say.withdraw.done
            : undefined
    await showOne(
      ctx,
      row,
      text === undefined || row.state !== said ? {} : { notice: { tone: 'good', text } },
    )
  })

  type Told = Pick<Parameters<typeof ProposalPage>[0], 'notice' | 'fault'>
  async function showOne(ctx: ConsoleContext, row: ProposalRow, told: Told, status = 200): Promise<void> {
    const abouts = await aboutsOf(db, [row])
    const { name } = ctx.state.person
    const bar = await db.tx(async tx => barFor(tx, name, await tx.now(), row.made_by), 'locks')
    const sign = row.state === 'open' ? await signable(ctx, db, settings, approvingProposal(row)) : undefined
    const details = await detailsOfProposals(db, [row])
    show(
      ctx,
      ProposalPage({
        ...(await framed(ctx)),
        details,
        row,
        abouts,
        bar,
        sign,
        steps: await history(db, row.id),
        ...told,
      }),
      status,
    )
  }
  const refused = (ctx: ConsoleContext, row: ProposalRow, text: string, said?: string) =>
    showOne(ctx, row, { notice: { tone: 'bad', text, ...(said !== undefined && { said }) } }, 409)

  /**
   * Where to go after a decision, or the page that says why there was none. The same again, as when a button
   * is pressed twice, is no fault.
   */
  function afterwards(
    ctx: ConsoleContext,
    decision: Approved,
    wanted: readonly ProposalRow['state'][],
  ): string | Promise<void> {
    const { lang, person } = ctx.state
    const say = proposalWords[lang]
    switch (decision.is) {
      case 'approved':
      case 'refused':
      case 'withdrawn':
        return `${proposalPath(decision.proposal.id)}?said=${decision.is}`
      case 'decided': {
        const { id, state, decided_by: by } = decision.proposal
        if (by === person.name && wanted.includes(state)) return `${proposalPath(id)}?said=${state}`
        return refused(ctx, decision.proposal, say.already(say.states[state], by ?? ''))
      }
      case 'own':
        return refused(ctx, decision.proposal, say.approve.own(decision.proposal.made_by))
      case 'barred':
        return refused(ctx, decision.proposal, barText(lang, decision.bar))
      case 'cannot':
        return refused(ctx, decision.proposal, `${say.approve.cannot} ${refusalText(lang, decision.refusal)}`)
      case 'changed':
        return refused(ctx, decision.proposal, say.approve.changed)
      case 'unknown':
        return ctx.throw(404)
    }
  }

  const approving = async (ctx: ConsoleContext, form: Form): Promise<string | void> => {
    const id = ctx.params['id']!
    const { lang, person } = ctx.state
    try {
      return await afterwards(
        ctx,
        await approveAndDo(app, id, {
          by: person.name,
          seen: form.text('seen'),
          proof: await proofIn(ctx, form, db, settings),
        }),
        ['approved'],
      )
    } catch (error) {
      if (!(error instanceof BadInput) || error instanceof SignatureRefused) throw error
      const row = (await findProposal(db, id)) ?? ctx.throw(404)
      await refused(ctx, row, proposalWords[lang].approve.cannot, error.message)
    }
  }

  routes.post(`${path}/:id/approve`, 'proposal.approve', (ctx, form) => approving(ctx, form), {
    passkey: true,
  })

  // Admins approve what is proposed about people, and nothing else.
  routes.post(
    `${path}/:id/approve-person`,
    'user.approve',
    async (ctx, form) => {
      const row = (await findProposal(db, ctx.params['id']!)) ?? ctx.throw(404)
      if (!personActs.includes(row.act)) ctx.throw(403)
      return approving(ctx, form)
    },
    { passkey: true },
  )

  routes.post(`${path}/:id/refuse`, 'proposal.refuse', async (ctx, form) => {
    const id = ctx.params['id']!
    const { lang, person } = ctx.state
    const why = reasonIn(form)
    if (why === '') {
      const row = (await findProposal(db, id)) ?? ctx.throw(404)
      return showOne(ctx, row, { fault: frameWords[lang].reasonMissing }, 400)
    }
    const decision = await db.tx(tx => refuse(tx, id, { by: person.name, why }))
    return afterwards(ctx, decision, ['refused', 'withdrawn'])
  })
}

/** By where each is seen. */
async function aboutsOf(reader: Reader, rows: readonly ProposalRow[]): Promise<Map<string, About>> {
  const subjects = await subjectsOfProposals(reader, rows)
  return new Map(
    [...subjects].map(([subject, { kind, id, name }]): [string, About] => [
      subject,
      { name, href: kind === 'person' ? `/console/people/${id}` : pathTo(kind, id) },
    ]),
  )
}
