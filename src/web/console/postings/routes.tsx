/** One posting: the movement with both its lines, what it is of, and the invoice it belongs to. */
import { stopOf } from '../../../payout/payout.ts'
import { amount, show } from '../../page/page.ts'
import { Time } from '../../page/parts.tsx'
import type { PageParts } from '../../context.ts'
import { Frame } from '../frame/frame.tsx'
import type { ConsoleRoutes } from '../guard.ts'
import { showPosting } from '../../../queries/postings.ts'
import { hrefOf, pathTo } from '../links.ts'
import { Known, Mono, Ref, Rows, Said } from '../list/parts.tsx'
import { ledgerWords } from './words.ts'
import { listWords } from '../list/words.ts'

export function postingPages(routes: ConsoleRoutes, { app: { db } }: PageParts): void {
  routes.page('/console/postings/:id', 'see', async ctx => {
    const { lang, person } = ctx.state
    const seen = await showPosting(db, ctx.params['id']!)
    if (!seen) return ctx.throw(404)
    const { posting, source } = seen
    const [say, lists] = [ledgerWords[lang], listWords[lang]]
    const lines = [
      { account: posting.debit_account, units: posting.units },
      { account: posting.credit_account, units: -posting.units },
    ]
    show(
      ctx,
      <Frame
        {...{
          lang,
          person,
          title: `${say.title}: ${say.movements[posting.movement]}`,
          stopped: await stopOf(db),
        }}
      >
        <Known
          facts={[
            [say.transaction, <Mono>{posting.id}</Mono>],
            [say.at, <Time lang={lang} at={posting.at} />],
            [say.source, <Ref {...{ id: posting.source, href: hrefOf(source) }} />],
            [
              say.invoice,
              posting.invoice_id !== null && (
                <Ref {...{ id: posting.invoice_id, href: pathTo('invoice', posting.invoice_id) }} />
              ),
            ],
            [lists.memo, posting.memo !== '' && <Said>{posting.memo}</Said>],
          ]}
        />
        <h2>{say.lines}</h2>
        <Rows
          lang={lang}
          caption={say.zero}
          rows={lines}
          empty={lists.none}
          columns={[
            { head: say.account, cell: ({ account }) => say.accounts[account] },
            { head: say.amount, number: true, cell: ({ units }) => amount(lang, units, posting.asset) },
          ]}
        />
      </Frame>,
    )
  })
}
