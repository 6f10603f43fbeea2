/** What a schedule would do now, told without doing it, and the page on which somebody has it done. */
import { maskTaxId } from '../../../base/brazil.ts'
import type { Instant } from '../../../base/world.ts'
import { assetOf, chargesFees, paysBy } from '../../../base/rails.ts'
import type { Plan, ScheduleRow } from '../../../schedule/schedule.ts'
import type { AccountRow, Stop } from '../../../payout/payout.ts'
import type { Person } from '../../../people/people.ts'
import type { NoRate, Rate } from '../../../rates/rates.ts'
import { amount, moment, type Language } from '../../page/page.ts'
import { Notice } from '../../page/parts.tsx'
import { ActForm, Frame, Reason } from '../frame/frame.tsx'
import { pathOf } from './list.tsx'
import { scheduleWords } from './words.ts'

interface Shared {
  lang: Language
  person: Person
  stopped: Stop | undefined
  row: ScheduleRow
  account: AccountRow | undefined
}

/** `rate`: where amounts in reais are priced in satoshis. No plan where there is none to price by. */
export function DryRunPage({
  lang,
  person,
  stopped,
  row,
  account,
  plan,
  rate,
}: Shared & { plan: Plan | undefined; rate: Rate | NoRate | undefined }) {
  const say = scheduleWords[lang].dry
  return (
    <Frame {...{ lang, person, stopped, here: 'schedules', title: say.title(row.name) }}>
      <Notice tone="still">
        {say.told} {row.roster === null && say.differs}
      </Notice>
      {plan === undefined ? (
        <Notice tone="bad">
          {say.noRate} {rate?.is === 'none' && <span lang="en">{rate.why}</span>}
        </Notice>
      ) : (
        <PlanTold {...{ lang, row, account, plan, rate }} />
      )}
      <p class="actions">
        <a class="button plain" href={pathOf(row)}>
          {say.back}
        </a>
        {row.roster === null && (
          <a class="button plain" href={`${pathOf(row)}/dry-run`}>
            {say.again}
          </a>
        )}
      </p>
    </Frame>
  )
}

interface PlanParts extends Pick<Shared, 'lang' | 'row' | 'account'> {
  plan: Plan
  rate: Rate | NoRate | undefined
}

/** A roster may have thousands of rows; the sums are of all. */
const maxLines = 500

function PlanTold({ lang, row, account, plan, rate }: PlanParts) {
  const say = scheduleWords[lang].dry
  const asset = assetOf(row.rail)
  const isPriced = row.currency !== asset
  const money = (units: bigint) => amount(lang, units, asset)
  const paying = { transfer: say.transfers, transaction: say.bundled, hand: say.handed }
  const fees = { transfer: say.bankFee, transaction: say.networkFee, hand: say.noFee }
  const paid = plan.lines.filter(({ paysOn }) => paysOn).length
  const held = plan.lines.length - paid
  const heads = [
    say.payer,
    say.taxId,
    say.asked,
    ...(isPriced ? [say.quoted] : []),
    say.commission,
    ...(chargesFees(row.rail) ? [say.transfer] : []),
    say.paidOn,
  ]
  const sums: [string, string][] = [
    [say.asked, money(plan.asked)],
    ...(isPriced
      ? [
          [
            say.quoted,
            amount(
              lang,
              plan.lines.reduce((sum, line) => sum + line.quoted, 0n),
              row.currency,
            ),
          ] as [string, string],
        ]
      : []),
    [say.commission, money(plan.commission)],
    ...(chargesFees(row.rail) ? [[say.transfer, money(plan.withheld)] as [string, string]] : []),
    [say.paidOn, money(plan.paidOn)],
  ]
  return (
    <>
      <dl class="tiles">
        {sums.map(([name, value]) => (
          <div class="card">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {account && <p>{paying[paysBy(row.rail)!](paid, account.name)}.</p>}
      {held > 0 && (
        <Notice tone="wait">{say.heldTold(held, plan.lines.length, money(row.min_payout_units))}</Notice>
      )}
      {rate?.is === 'rate' && isPriced && (
        <p class="quiet">
          {say.rate(amount(lang, rate.price, 'BRL'), moment(lang, rate.at), rate.sources.join(', '))}
        </p>
      )}
      <p class="quiet">{fees[paysBy(row.rail)!]}</p>
      <table class="cards">
        <caption>{say.caption}</caption>
        <thead>
          <tr>
            {heads.map(head => (
              <th scope="col">{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {plan.lines.slice(0, maxLines).map(line => (
            <tr>
              <th scope="row" data-label={say.payer}>
                {line.name}
              </th>
              <td data-label={say.taxId}>{maskTaxId(line.taxId)}</td>
              <td data-label={say.asked} class="number">
                {money(line.units)}
              </td>
              {isPriced && (
                <td data-label={say.quoted} class="number">
                  {amount(lang, line.quoted, row.currency)}
                </td>
              )}
              <td data-label={say.commission} class="number">
                {money(line.commission)}
              </td>
              {chargesFees(row.rail) && (
                <td data-label={say.transfer} class="number">
                  {money(line.withheld)}
                </td>
              )}
              <td data-label={say.paidOn} class="number">
                {line.paysOn ? money(line.net) : line.net > 0n ? say.held(money(line.net)) : say.nothingLeft}
              </td>
            </tr>
          ))}
          {plan.lines.length > maxLines && (
            <tr>
              <td colSpan={heads.length}>… +{plan.lines.length - maxLines}</td>
            </tr>
          )}
        </tbody>
      </table>
    </>
  )
}

interface RunParts extends Shared {
  /** When this page was made: the slot is due then, so that the page sent twice is one slot. */
  at: Instant
  railIsThere: boolean
  faults?: { why?: string; page?: string }
}

export function RunPage({ lang, person, stopped, row, account, at, railIsThere, faults = {} }: RunParts) {
  const words = scheduleWords[lang]
  const say = words.run
  const money = (units: bigint) => amount(lang, units, row.currency)
  const [low, high] = [row.count_low, row.count_high]
  const count = low === high ? words.invoices(Number(low)) : `${low} … ${words.invoices(Number(high))}`
  const [least, most] =
    row.roster === null ? [low * row.units_low, high * row.units_high] : [undefined, undefined]
  return (
    <Frame {...{ lang, person, stopped, here: 'schedules', title: say.title(row.name) }}>
      {faults.page !== undefined && <Notice tone="bad">{faults.page}</Notice>}
      {!railIsThere && <Notice tone="bad">{say.noRail}</Notice>}
      {row.state === 'paused' && <Notice tone="wait">{say.paused}</Notice>}
      <p>
        {least === undefined || most === undefined
          ? say.told(count, words.one.amounts(money(row.units_low), money(row.units_high)))
          : say.told(
              count,
              least === most ? say.exactly(money(least)) : say.between(money(least), money(most)),
            )}{' '}
        {account && say.payTo(account.name)}
      </p>
      <p>
        <a href={`${pathOf(row)}/dry-run`}>{say.sees}</a>
      </p>
      <Notice tone="wait">{say.real}</Notice>
      {railIsThere && (
        <ActForm {...{ lang, person, act: 'schedule.run', action: `${pathOf(row)}/run` }}>
          <input type="hidden" name="at" value={at} />
          <Reason {...{ lang, ...(faults.why !== undefined && { fault: faults.why }) }} />
          <p class="actions">
            <button>{say.go}</button>
            <a class="button plain" href={pathOf(row)}>
              {words.dry.back}
            </a>
          </p>
        </ActForm>
      )}
    </Frame>
  )
}
