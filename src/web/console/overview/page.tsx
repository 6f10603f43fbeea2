/**
 * The console's first page: the money by asset, what is next, what needs a person, whether the books are in
 * balance.
 */
import type { ComponentChildren } from 'preact'
import type { Asset } from '../../../base/money.ts'
import { millis, type Clock } from '../../../base/world.ts'
import type { RailName } from '../../../base/rails.ts'
import type { LimitPer } from '../../../payout/payout.ts'
import { may, type Person, type Role } from '../../../people/people.ts'
import type { AttentionItem } from '../../../queries/attention.ts'
import { chainMoney } from '../../../queries/chainStatus.ts'
import { amount, relative, show, type Language } from '../../page/page.ts'
import { Icon } from '../../page/icon.tsx'
import { Badge, Notice, Time } from '../../page/parts.tsx'
import type { PageParts } from '../../context.ts'
import { bankMoney } from '../../../queries/status.ts'
import { Frame } from '../frame/frame.tsx'
import type { ConsoleRoutes } from '../guard.ts'
import { pathTo } from '../links.ts'
import { StopWhy } from '../payouts/stop.tsx'
import { Because, Ref, Rows, Said, State } from '../list/parts.tsx'
import { nameOf, seeOverview, type Overview } from './read.ts'
import { shownOutcome } from '../../../queries/runs.ts'
import { makeTotals, type Counted, type Totals } from '../../../queries/totals.ts'
import { UnreadWhy } from '../frame/unread.tsx'
import { frameWords } from '../frame/words.ts'
import { listWords } from '../list/words.ts'
import { limitWords } from '../limits/words.ts'
import { overviewWords } from './words.ts'
import { proposedAct, proposedSubject } from '../proposals/words.ts'
import { runWords } from '../runs/words.ts'

export function overviewPage(routes: ConsoleRoutes, { app, over }: PageParts): void {
  const totals = makeTotals(app.db, app.world, over)
  routes.page('/console', 'see', async ctx => {
    const { lang, person } = ctx.state
    const [counted, seen] = await Promise.all([totals(), seeOverview(app)])
    show(ctx, <OverviewPage {...{ lang, person, seen, counted, clock: app.world.clock }} />)
  })
}

interface Parts {
  lang: Language
  person: Person
  seen: Overview
  counted: Counted
  clock: Clock
}

export function OverviewPage({ lang, person, seen, counted, clock }: Parts) {
  const say = overviewWords[lang]
  return (
    <Frame {...{ lang, person, stopped: seen.stopped, here: 'overview', title: say.title }}>
      <div class="grid two">
        <Asks {...{ lang, seen, clock }} />
        <Books {...{ lang, books: seen.books }} />
      </div>
      <section aria-labelledby="money">
        <h2 id="money">{say.money}</h2>
        <Money {...{ lang, counted }} />
      </section>
      <div class="grid two">
        <section class="card" aria-labelledby="failed">
          <h2 id="failed">{say.failed}</h2>
          <Rows
            lang={lang}
            caption={listWords[lang].tz}
            rows={seen.failed}
            empty={say.noFailed}
            columns={[
              { head: listWords[lang].id, cell: ({ id }) => <Ref {...{ id, href: pathTo('run', id) }} /> },
              { head: runWords[lang].job, cell: ({ job }) => job },
              { head: runWords[lang].started, cell: ({ started_at: at }) => <Time {...{ lang, at }} /> },
              {
                head: runWords[lang].outcome,
                cell: row => <State {...{ lang, of: 'run', state: shownOutcome(row) }} />,
              },
              { head: runWords[lang].summary, cell: ({ summary }) => <Said>{summary}</Said> },
            ]}
          />
        </section>
        <section class="card" aria-labelledby="next">
          <h2 id="next">{say.next}</h2>
          {seen.next.length === 0 ? (
            <p>
              {say.noNext}{' '}
              {may(person.role, 'schedule.add') && <a href="/console/schedules/new">{say.addSchedule}</a>}
            </p>
          ) : (
            <ul class="rows plain-rows">
              {seen.next.map(({ name, next_at: at, time_zone: zone }) => (
                <li>
                  <a href={pathTo('schedule', name)}>{name}</a>
                  <span class="beside">
                    <Time {...{ lang, at, zone }} />
                    <span class="under">
                      {millis(at) <= clock.now() ? say.dueNow : relative(lang, at, clock.now())}
                    </span>
                  </span>
                </li>
              ))}
            </ul>
          )}
        </section>
      </div>
    </Frame>
  )
}

function Money({ lang, counted }: Pick<Parts, 'lang' | 'counted'>) {
  const say = overviewWords[lang]
  if (counted.is === 'counting')
    return (
      <Notice tone="wait">
        {say.counting}{' '}
        {counted.upTo !== undefined && (
          <>
            {say.countingUpTo} <Time lang={lang} at={counted.upTo} />.
          </>
        )}
      </Notice>
    )
  const { assets, at } = counted.totals
  const there = (['BRL', 'BTC'] as const).filter(asset => assets[asset] !== undefined)
  return (
    <>
      {there.length === 0 && <p>{say.none}</p>}
      {there.map(asset => (
        <Tiles {...{ lang, asset, totals: counted.totals }} />
      ))}
      <p class="quiet">
        {say.asOf} <Time {...{ lang, at }} />.
      </p>
    </>
  )
}

type Tile = keyof (typeof overviewWords)['en']['tiles']

function Tiles({ lang, asset, totals }: { lang: Language; asset: Asset; totals: Totals }) {
  const say = overviewWords[lang]
  const sums = tilesOf(asset, totals)
  return (
    <>
      <h3>{say.assets[asset]}</h3>
      <dl class="tiles">
        {(Object.entries(sums) as [Tile, bigint][])
          .filter(([name, units]) => units !== 0n || !['reversed', 'receivable', 'toPayers'].includes(name))
          .map(([name, units]) => (
            <div class="card">
              <dt>{say.tiles[name]}</dt>
              <dd>{amount(lang, units, asset)}</dd>
            </div>
          ))}
      </dl>
    </>
  )
}

/**
 * Received is fees, commission, what was paid on, what is on its way, what is owed, and what went back, less
 * what payees owe of that.
 */
export function tilesOf(asset: Asset, { assets }: Totals): Record<Tile, bigint> {
  const { asked, moved, standing } = assets[asset]!
  if (asset === 'BRL') {
    const {
      credited,
      bankFees,
      withheld,
      commission,
      paidOn,
      inTransit,
      owed,
      reversed,
      receivable,
      toPayers,
    } = bankMoney(moved, standing)
    return {
      asked,
      credited,
      fees: bankFees + withheld,
      commission,
      paidOn,
      inTransit,
      owed,
      reversed,
      receivable,
      toPayers,
    }
  }
  const { credited, refunds, networkFees, commission, paidOn, inTransit, owed } = chainMoney(moved, standing)
  return {
    asked,
    credited: credited + refunds,
    fees: networkFees,
    commission,
    paidOn,
    inTransit,
    owed,
    reversed: 0n,
    receivable: 0n,
    toPayers: 0n,
  }
}

function Asks({ lang, seen: { asks, stops }, clock }: Pick<Parts, 'lang' | 'seen' | 'clock'>) {
  const say = overviewWords[lang]
  const count = stops.length + asks.reduce((sum, { total }) => sum + total, 0)
  return (
    <section class="card" aria-labelledby="asks">
      <h2 id="asks">
        {say.asks} {count > 0 && <span class="count">{count}</span>}
      </h2>
      {count === 0 && (
        <p>
          <Badge tone="good">{say.noAsks}</Badge>
        </p>
      )}
      <ul class="rows">
        {stops.map(stop => (
          <li class="bad">
            <Icon name="stop" />
            <span>
              <a href="/console/stop">{say.unblock}</a> <StopWhy {...{ lang, stop }} />
            </span>
          </li>
        ))}
        {asks.flatMap(({ total, href, asks: shown }) => [
          ...shown.map(ask => <AskLine {...{ lang, ask, clock }} />),
          total > shown.length && (
            <li>
              <Icon name="plus" />
              {href === undefined ? (
                say.moreAsks(total - shown.length)
              ) : (
                <a href={href}>{say.moreAsks(total - shown.length)}</a>
              )}
            </li>
          ),
        ])}
      </ul>
    </section>
  )
}

type Shown = Overview['asks'][number]['asks'][number]

/** What it is, how long it has waited, and one button to where it is dealt with. */
function AskLine({ lang, ask, clock }: { lang: Language; ask: Shown; clock: Clock }) {
  const [before, after] = overviewWords[lang].ask[ask.kind]
  const link = nameOf(ask)
  return (
    <li>
      <Icon name="warn" />
      <span>
        {before} {link !== '' && <Ref {...{ id: link, href: ask.href }} />} {filled(lang, after, ask)}
        {ask.of !== null && ask.kind.startsWith('invoice') && (
          <>
            {' '}
            {overviewWords[lang].ofOrder} <Ref {...{ id: ask.of, href: pathTo('order', ask.of) }} />
          </>
        )}
      </span>
      {ask.since !== undefined && millis(ask.since) <= clock.now() && (
        <time class="beside" dateTime={ask.since}>
          {relative(lang, ask.since, clock.now())}
        </time>
      )}
      {ask.href !== undefined && (
        <a class="button plain" href={ask.href}>
          {overviewWords[lang].open}
        </a>
      )}
    </li>
  )
}

function filled(lang: Language, text: string, ask: AttentionItem) {
  const { kind, of, units, number, since } = ask
  const asset = isOfLimit(ask)
    ? (of as Asset)
    : /^(duplicate|handover|invoices|line|payee|refund|suspense)/.test(kind)
      ? 'BRL'
      : 'BTC'
  const values: Record<string, ComponentChildren> = {
    of: ofWords(lang, ask),
    why: whyWords(lang, ask),
    since: since !== undefined && <Time lang={lang} at={since} />,
    // What a sentence says left has no sign besides.
    units: units === null ? '' : amount(lang, kind === 'line out' ? -units : units, asset),
    number: kind === 'payout over limit' ? amount(lang, number!, asset) : `${number ?? ''}`,
  }
  return text.split(/\{(\w+)\}/).map((part, place) => (place % 2 === 0 ? part : values[part]))
}

const isOfLimit = ({ kind }: AttentionItem) => kind === 'payout over limit' || kind === 'limit used up'

function ofWords(lang: Language, { kind, of }: AttentionItem): ComponentChildren {
  if (of === null) return ''
  if (kind === 'rail silent') return listWords[lang].rails[of as RailName]
  if (kind === 'proposal open') return proposedAct(lang, of)
  if (kind === 'person new') return frameWords[lang].roles[of as Role]
  return kind === 'catch-up waits' || kind === 'schedule held' ? <Time lang={lang} at={of} /> : of
}

/** What is no reason of ours is said as it was written down. */
function whyWords(lang: Language, ask: AttentionItem): ComponentChildren {
  const { kind, why, unread, because } = ask
  if (unread) return <UnreadWhy {...{ lang, unread }} />
  if (why === null) return ''
  if (isOfLimit(ask)) return limitWords[lang].per[why as LimitPer]
  if (kind === 'proposal open') return proposedSubject(lang, why)
  if (kind === 'person new') return why
  return kind === 'bundle slow' || kind === 'request underpaid' ? (
    <Time lang={lang} at={why} />
  ) : because ? (
    <Because lang={lang} of={{ why, ...because }} />
  ) : (
    <Said>{why}</Said>
  )
}

function Books({ lang, books }: { lang: Language; books: Overview['books'] }) {
  const say = overviewWords[lang]
  return (
    <section class="card" aria-labelledby="books">
      <h2 id="books">{say.books}</h2>
      {books.length === 0 && <p>{say.notLooked}</p>}
      <ul class="rows plain-rows">
        {books.map(({ against, found: { isOk, since, lookedAt }, why }) => (
          <li>
            <span>
              <Badge tone={isOk ? 'good' : 'bad'}>{(isOk ? say.balanced : say.unbalanced)[against]}</Badge>
              {why !== undefined && (
                <>
                  {' '}
                  <Said>{why}</Said>
                </>
              )}
              <span class="under">
                {say.since} <Time {...{ lang, at: since }} />, {say.looked}{' '}
                <Time {...{ lang, at: lookedAt }} />
              </span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
