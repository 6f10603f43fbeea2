/** The routes of payout accounts: list, one, add, approve, and the banks. */
import { listBanks } from '../../../base/brazil.ts'
import { isOurScript } from '../../../chain/destination.ts'
import { barFor } from '../../../ledger/ledger.ts'
import {
  addAccount,
  approveAccount,
  approvingAccount,
  closeAccount,
  destinationOf,
  findAccount,
  listAccounts,
  objectToAccount,
  proposeAccountClear,
  stopOf,
  receivables,
  twinsOf,
  type AccountRow,
  type NewDestination,
} from '../../../payout/payout.ts'
import { may } from '../../../people/people.ts'
import { showAccount } from '../../../queries/accounts.ts'
import { show } from '../../page/page.ts'
import type { Tone } from '../../page/parts.tsx'
import type { PageParts } from '../../context.ts'
import { signRoutes } from './sign.tsx'
import { debtRoutes, seeDebt } from './debt.tsx'
import { AccountForm, BanksPage } from './form.tsx'
import { AccountPage, accountPath, AccountsPage } from './page.tsx'
import { firstOf, readAccount, underivedText } from './readForm.ts'
import type { ConsoleContext, ConsoleRoutes } from '../guard.ts'
import { proposalPath } from '../proposals/page.tsx'
import { proofIn, signable } from '../people/passkeys.tsx'
import { reasonIn, type FieldFaults, type Values } from '../schedules/when.ts'
import { done, refusalText } from '../refusals.ts'
import { accountWords } from './words.ts'
import { frameWords } from '../frame/words.ts'

const path = '/console/accounts'

/** Those most people have an account at; every other is on the page of banks. */
const offered = [
  ...[
    '00000000',
    '60701190',
    '00360305',
    '60746948',
    '90400888',
    '18236120',
    '00416968',
    '31872495',
    '30306294',
    '02038232',
    '01181521',
  ],
  ...[
    '10573521',
    '08561701',
    '20018183',
    '16501555',
    '37880206',
    '22896431',
    '09089356',
    '19540550',
    '07237373',
    '04902979',
    '92894922',
  ],
  ...['58160789', '62232889', '61186680', '33264668'],
]

export function accountRoutes(routes: ConsoleRoutes, pages: PageParts): void {
  const { app, settings } = pages
  debtRoutes(routes, pages)
  signRoutes(routes, pages)

  const { db, world, rails } = app
  const framed = async (ctx: ConsoleContext) => ({
    lang: ctx.state.lang,
    person: ctx.state.person,
    stopped: await stopOf(db),
  })
  /** The account of the path, or 404. */
  const the = async (ctx: ConsoleContext): Promise<AccountRow> =>
    (await findAccount(db, ctx.params['name']!)) ?? ctx.throw(404)

  routes.page(path, 'see', async ctx =>
    show(
      ctx,
      AccountsPage({ ...(await framed(ctx)), rows: await listAccounts(db), owing: await receivables(db) }),
    ),
  )

  routes.page(`${path}/banks`, 'see', async ctx => {
    const query = typeof ctx.query['q'] === 'string' ? ctx.query['q'].slice(0, 60) : ''
    const wanted = plain(query)
    const banks = listBanks().filter(
      ({ name, ispb, code }) => plain(name).includes(wanted) || ispb.startsWith(wanted) || code === wanted,
    )
    show(ctx, BanksPage({ ...(await framed(ctx)), banks, query }))
  })

  const showForm = async (ctx: ConsoleContext, values: Values, faults?: FieldFaults) => {
    const banks = listBanks().filter(({ ispb }) => offered.includes(ispb))
    const parts = { ...(await framed(ctx)), values, bitcoin: rails.bitcoin !== undefined, banks }
    show(ctx, AccountForm({ ...parts, ...(faults && { faults }) }), faults ? 400 : 200)
  }
  routes.page(`${path}/new`, 'account.add', ctx => showForm(ctx, { type: 'checking' }))

  routes.post(`${path}/new`, 'account.add', async (ctx, form) => {
    const { lang, person } = ctx.state
    const say = accountWords[lang].faults
    const { account, faults, shown } = readAccount(form.values(), rails.bitcoin, lang)
    if (!account) return showForm(ctx, shown, faults)
    if (account.destination && (await isOurScript(db, account.destination)))
      return showForm(ctx, shown, { destination: say.ours })
    const added = await addAccount(db, world, account.name, account.to, person.name)
    if (added.is === 'account-name-taken') return showForm(ctx, shown, { name: refusalText(lang, added) })
    return `${accountPath(done(lang, added).account)}?said=added`
  })

  routes.page(`${path}/:name`, 'see', async ctx => {
    const say = accountWords[ctx.state.lang]
    const said = ctx.query['said']
    const text =
      said === 'added'
        ? say.added
        : said === 'approved'
          ? say.approve.done
          : said === 'closed'
            ? say.close.done
            : said === 'objected'
              ? say.objection.done
              : undefined
    await showOne(ctx, await the(ctx), text === undefined ? undefined : { tone: 'good', text })
  })

  async function showOne(
    ctx: ConsoleContext,
    row: AccountRow,
    notice?: { tone: Tone; text: string },
    status = 200,
    faults?: Pick<Parameters<typeof AccountPage>[0], 'fault' | 'objectionFault'>,
  ): Promise<void> {
    const twins = (await twinsOf(db, toOf(row))).filter(({ id }) => id !== row.id)
    const debt = await seeDebt(db, row.id)
    const bar = await db.tx(
      async tx => barFor(tx, ctx.state.person.name, await tx.now(), row.added_by),
      'locks',
    )
    const maySign = row.state === 'awaiting' && may(ctx.state.person.role, 'account.approve')
    const sign = maySign ? await signable(ctx, db, settings, approvingAccount(row)) : undefined
    const parts = {
      ...(await framed(ctx)),
      ...(await showAccount(db, row)),
      bar,
      sign,
      first: firstOf(row, rails.bitcoin, ctx.state.lang),
      twins,
      debt,
    }
    show(ctx, AccountPage({ ...parts, notice, ...faults }), status)
  }

  routes.post(
    `${path}/:name/approve`,
    'account.approve',
    async (ctx, form) => {
      const row = await the(ctx)
      const { lang, person } = ctx.state
      const refuse = (account: AccountRow, text: string) => showOne(ctx, account, { tone: 'bad', text }, 409)
      // Derived before it is approved: what is of another network is no place to pay to.
      const first = firstOf(row, rails.bitcoin, lang)
      if (first && 'why' in first) return refuse(row, underivedText(lang, first.why))
      const approval = await approveAccount(db, row.id, {
        by: person.name,
        seen: form.text('seen'),
        proof: await proofIn(ctx, form, db, settings),
        coolingOffMs: world.coolingOffMs,
      })
      // The same again, as when a button is pressed twice, is no fault.
      const isSaid =
        approval.is === 'account-approved-already' && approval.account.approved_by === person.name
      if (approval.is === 'approved' || isSaid) return `${accountPath(row)}?said=approved`
      if (approval.is === 'account-unknown') return ctx.throw(404)
      return refuse(await the(ctx), refusalText(lang, approval))
    },
    { passkey: true },
  )

  routes.post(`${path}/:name/object`, 'account.object', async (ctx, form) => {
    const row = await the(ctx)
    const { lang, person } = ctx.state
    const why = reasonIn(form)
    if (why === '')
      return showOne(ctx, row, undefined, 400, { objectionFault: frameWords[lang].reasonMissing })
    const answer = await objectToAccount(db, world, row.id, { by: person.name, why })
    if (answer.is === 'done') return `${accountPath(row)}?said=objected`
    return showOne(ctx, row, { tone: 'bad', text: refusalText(lang, answer) }, 409)
  })

  routes.post(`${path}/:name/clear`, 'account.clear', async (ctx, form) => {
    const row = await the(ctx)
    const { lang, person } = ctx.state
    const why = reasonIn(form)
    if (why === '')
      return showOne(ctx, row, undefined, 400, { objectionFault: frameWords[lang].reasonMissing })
    const answer = await proposeAccountClear(db, world, row.id, { by: person.name, why })
    // Ended meanwhile, as when two people press the button.
    if (answer.is === 'no-objection') return accountPath(row)
    if (answer.is === 'proposed' || answer.is === 'there') return proposalPath(answer.proposal.id)
    return showOne(ctx, row, { tone: 'bad', text: refusalText(lang, answer) }, 409)
  })

  routes.post(`${path}/:name/close`, 'account.close', async (ctx, form) => {
    const row = await the(ctx)
    const { lang, person } = ctx.state
    const why = reasonIn(form)
    if (why === '') return showOne(ctx, row, undefined, 400, { fault: frameWords[lang].reasonMissing })
    const closing = await closeAccount(db, row.id, person.name, why)
    if (closing.is === 'in use')
      return showOne(ctx, closing.account, { tone: 'bad', text: accountWords[lang].close.inUse }, 409)
    return `${accountPath(row)}?said=closed`
  })
}

const toOf = (row: AccountRow): NewDestination =>
  row.kind === 'bank'
    ? destinationOf(row)
    : { kind: row.kind, holder: row.holder, destination: row.destination }

/** As people type a name: without accents, in any case. */
const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').trim().toLowerCase()
