/**
 * The chain as it is followed, what waits for a signature, and one bundle with its transactions, each output
 * derived again.
 */
import { may, type Person } from '../../../people/people.ts'
import type { ChainRail } from '../../../rails/chain.ts'
import type { WaitingTransaction, Stop } from '../../../payout/payout.ts'
import { amount, type Language } from '../../page/page.ts'
import { Notice, TextArea, Time } from '../../page/parts.tsx'
import type { ListedBundle, ShownBundle, ShownCandidate } from '../../../queries/bundles.ts'
import type { ChainSeen } from './see.ts'
import { ActForm, Frame } from '../frame/frame.tsx'
import { pathTo } from '../links.ts'
import type { Column, AskedFilters } from '../list/list.ts'
import {
  Because,
  Choice,
  Known,
  List,
  Money,
  Mono,
  Ref,
  Rows,
  Said,
  State,
  stateOptions,
  Timeline,
  Why,
} from '../list/parts.tsx'
import { bitcoinWords } from './words.ts'
import { listWords } from '../list/words.ts'

interface Parts {
  lang: Language
  person: Person
  rail: ChainRail | undefined
  seen: ChainSeen
  stopped: Stop | undefined
  refused?: { lead: string; why?: string }
  done?: string
  path: string
  filters: AskedFilters
  next: string | undefined
  rows: ListedBundle[]
  columns: Column<ListedBundle>[]
  states: string[]
}

/** Satoshis for a virtual byte, of those for a thousand. */
const perByte = (lang: Language, rate: bigint): string =>
  new Intl.NumberFormat(lang, { maximumFractionDigits: 3 }).format(`${rate}E-3` as Intl.StringNumericLiteral)

export function BitcoinPage({
  lang,
  person,
  rail,
  seen,
  stopped,
  refused,
  done,
  path,
  filters,
  next,
  rows,
  columns,
  states,
}: Parts) {
  const say = bitcoinWords[lang]
  return (
    <Frame {...{ lang, person, stopped, here: 'bitcoin', title: say.title }}>
      {refused && (
        <Notice tone="bad">
          {refused.lead} {refused.why}
        </Notice>
      )}
      {done !== undefined && <Notice tone="good">{done}</Notice>}
      {!rail && <Notice tone="still">{say.off}</Notice>}
      <Chain {...{ lang, rail, seen }} />
      <Waiting {...{ lang, person, waiting: seen.waiting }} />
      <section aria-labelledby="bundles">
        <h2 id="bundles">{say.bundles}</h2>
        <form method="get" action={path} class="filters">
          <Choice
            {...{
              name: 'state',
              label: listWords[lang].state,
              options: stateOptions(lang, 'bundle', states),
              filters,
            }}
          />
          <button>{listWords[lang].apply}</button>
        </form>
        <List {...{ lang, path, filters, next, rows, columns }} empty={say.empty} />
      </section>
    </Frame>
  )
}

function Chain({ lang, rail, seen: { tip, trouble, rate } }: Pick<Parts, 'lang' | 'rail' | 'seen'>) {
  const say = bitcoinWords[lang]
  return (
    <section aria-labelledby="chain">
      <h2 id="chain">{say.chain}</h2>
      <Known
        facts={[
          [say.network, rail?.network],
          [
            say.followed,
            tip ? (
              <>
                {`${tip.height}`} {say.of} <Time lang={lang} at={tip.at} />
              </>
            ) : (
              say.notYet
            ),
          ],
          [say.trouble, trouble !== undefined && <Said>{trouble}</Said>],
          [
            say.rate,
            rate &&
              ('none' in rate ? (
                <>
                  {say.noRate}: <Said>{rate.none}</Said>
                </>
              ) : (
                <>
                  {amount(lang, rate.price, 'BRL')}, <Time lang={lang} at={rate.at} />, {say.rateBy}{' '}
                  {rate.sources.join(', ')}
                </>
              )),
          ],
          [say.signer, rail && say.signers[rail.signer]],
        ]}
      />
    </section>
  )
}

function Waiting({
  lang,
  person,
  waiting,
}: {
  lang: Language
  person: Person
  waiting: readonly WaitingTransaction[]
}) {
  const [say, lists] = [bitcoinWords[lang], listWords[lang]]
  const paid = ({ read }: WaitingTransaction) => read.outputs.filter(({ key }) => key !== undefined)
  return (
    <section aria-labelledby="waiting">
      <h2 id="waiting">{say.waiting}</h2>
      <Rows
        lang={lang}
        caption={lists.tz}
        rows={waiting}
        empty={say.noWaiting}
        columns={[
          { head: say.bundle, cell: ({ bundle_id: id }) => <Ref {...{ id, href: pathTo('bundle', id) }} /> },
          { head: say.planned, cell: ({ added_at: at }) => <Time lang={lang} at={at} /> },
          { head: say.payees, number: true, cell: each => `${paid(each).length}` },
          {
            head: say.pays,
            number: true,
            cell: each => (
              <Money
                {...{ lang, units: paid(each).reduce((sum, { units }) => sum + units, 0n), asset: 'BTC' }}
              />
            ),
          },
          {
            head: say.fee,
            number: true,
            cell: ({ fee_units: units }) => <Money {...{ lang, units, asset: 'BTC' }} />,
          },
          {
            head: say.rateUnit,
            number: true,
            cell: ({ fee_units: fee, size }) => perByte(lang, (fee * 1000n) / size),
          },
          {
            head: lists.why,
            cell: ({ why, number }) => (why !== null ? <Said>{why}</Said> : number > 1n ? say.replaces : '–'),
          },
        ]}
      />
      {may(person.role, 'psbt.import') && (
        <ActForm {...{ lang, person, act: 'psbt.import', action: '/console/bitcoin', file: true }}>
          <h3>{say.handBack}</h3>
          <p>{say.handBackHint}</p>
          <div class="field">
            <label for="signed">{say.file}</label>
            <input type="file" id="signed" name="signed" />
          </div>
          <TextArea {...{ name: 'text', label: say.text, maxLength: 4_000_000 }} />
          <button>{say.send}</button>
        </ActForm>
      )}
    </section>
  )
}

export function BundlePage({
  lang,
  person,
  seen,
  stopped,
}: {
  lang: Language
  person: Person
  seen: ShownBundle
  stopped: Stop | undefined
}) {
  const say = bitcoinWords[lang]
  const { bundle, candidates, steps, waiting } = seen
  return (
    <Frame {...{ lang, person, stopped, here: 'bitcoin', title: say.bundle }}>
      <p class="headline">
        <State {...{ lang, of: 'bundle', state: bundle.state }} /> <Mono>{bundle.id}</Mono>
      </p>
      <Known
        facts={[
          [listWords[lang].why, bundle.why !== null && <Because {...{ lang, of: bundle }} />],
          [say.planned, <Time lang={lang} at={bundle.added_at} />],
        ]}
      />
      {waiting && may(person.role, 'psbt.export') && (
        <p class="actions">
          <a class="button" href={`/console/bitcoin/${bundle.id}/psbt`}>
            {say.download}
          </a>
        </p>
      )}
      {['planned', 'signed', 'sent'].includes(bundle.state) && may(person.role, 'bundle.cancel') && (
        <details class="act">
          <summary>{say.cancelTitle}</summary>
          <ActForm
            {...{ lang, person, act: 'bundle.cancel', action: `/console/bitcoin/${bundle.id}/cancel` }}
          >
            <p>{say.cancelHint}</p>
            <Why {...{ lang, id: 'cancel' }} />
            <button class="danger">{say.cancel}</button>
          </ActForm>
        </details>
      )}
      <h2>{say.transactions}</h2>
      {candidates.map(candidate => (
        <Candidate {...{ lang, candidate }} />
      ))}
      <Timeline {...{ lang, of: 'bundle', steps }} />
    </Frame>
  )
}

function Candidate({
  lang,
  candidate: { row, plan, outputs, derived },
}: {
  lang: Language
  candidate: ShownCandidate
}) {
  const [say, lists] = [bitcoinWords[lang], listWords[lang]]
  const money = (units: bigint) => <Money {...{ lang, units, asset: 'BTC' }} />
  return (
    <article class="card">
      <p class="headline">
        <State {...{ lang, of: 'candidate', state: row.state }} /> <Mono>{row.id}</Mono>
      </p>
      <Known
        facts={[
          [
            say.fee,
            <>
              {money(row.fee_units)} ({perByte(lang, (row.fee_units * 1000n) / row.size)} {say.rateUnit})
            </>,
          ],
          [say.size, `${row.size} vB`],
          [say.dust, row.house_units > 0n && money(row.house_units)],
          [say.lockTime, `${plan.lockTime}`],
          [say.block, row.height !== null && `${row.height}`],
        ]}
      />
      <h3>{say.outputs}</h3>
      <Rows
        lang={lang}
        caption=""
        rows={outputs}
        empty={lists.none}
        columns={[
          {
            head: say.payouts,
            cell: ({ payout }) => <Ref {...{ id: payout, href: pathTo('payout', payout) }} />,
          },
          { head: say.address, cell: ({ address }) => <Mono>{address}</Mono> },
          { head: lists.amount, number: true, cell: ({ units }) => money(units) },
          { head: say.share, number: true, cell: ({ fee_units: units }) => money(units) },
        ]}
      />
      {derived && (
        <>
          <h3>{say.derived}</h3>
          <Rows
            lang={lang}
            caption=""
            rows={[
              ...derived.paid.map(({ account, address, units, same }) => ({
                to: account,
                address,
                units,
                says: same ? say.same : say.strange,
              })),
              ...derived.changes.map(({ address, path, units, ours }) => ({
                ...{ to: say.change, address, units },
                says: ours ? `${say.ours}, ${path}` : say.strange,
              })),
            ]}
            empty={lists.none}
            columns={[
              { head: say.to, cell: ({ to }) => to },
              { head: say.address, cell: ({ address }) => <Mono>{address}</Mono> },
              { head: lists.amount, number: true, cell: ({ units }) => money(units) },
              { head: say.derived, cell: ({ says }) => says },
            ]}
          />
        </>
      )}
      <h3>{say.coins}</h3>
      <Rows
        lang={lang}
        caption=""
        rows={plan.inputs}
        empty={lists.none}
        columns={[
          { head: listWords[lang].id, cell: ({ outpoint }) => <Mono>{outpoint}</Mono> },
          { head: lists.amount, number: true, cell: ({ units }) => money(units) },
        ]}
      />
    </article>
  )
}
