/**
 * The last slots of a schedule as bars, drawn on the server: each says in words what it stands for and leads
 * to its run.
 */
import { millis } from '../../../base/world.ts'
import type { Asset } from '../../../base/money.ts'
import type { LatestSlot, RunSlot } from '../../../schedule/schedule.ts'
import { amount, moment, type Language } from '../../page/page.ts'
import { Badge, Time, type Tone } from '../../page/parts.tsx'
import { scheduleWords } from './words.ts'

interface Parts {
  lang: Language
  slots: readonly LatestSlot[]
  asset: Asset
  zone: string
}

/** A bar and the room around it: wide enough to be hit by a finger. */
const [pitch, width, height, least] = [24, 16, 48, 6]
export const tones: Record<Shown, Tone> = {
  due: 'wait',
  running: 'wait',
  done: 'good',
  short: 'wait',
  failed: 'bad',
  missed: 'still',
}
const marks: Record<Shown, string> = {
  due: '…',
  running: '…',
  done: '✓',
  short: '!',
  failed: '!',
  missed: '–',
}

/** What did less than it should is not shown as done. */
type Shown = RunSlot['state'] | 'short'
export const shownOf = ({ state, isShort }: RunSlot): Shown => (isShort ? 'short' : state)

/** How high: by how long it took, on a scale that tells a second from a minute from ten. */
function heightOf(slot: RunSlot): number {
  const ms = tookMs(slot)
  return ms === undefined
    ? least
    : least + Math.min(height - least, Math.round(Math.log10(1 + ms / 100) * 10))
}

const tookMs = ({ run }: RunSlot) =>
  run?.endedAt === undefined ? undefined : millis(run.endedAt) - millis(run.startedAt)

export function tookSaid(lang: Language, slot: RunSlot): string {
  const ms = tookMs(slot)
  const text = new Intl.NumberFormat(lang, { maximumFractionDigits: 1 }).format((ms ?? 0) / 1_000)
  return ms === undefined ? '' : scheduleWords[lang].seconds(text)
}

/** One slot in words: when, how it ended, how long it took, how many invoices, how much. */
function said({ lang, asset, zone }: Parts, slot: LatestSlot): string {
  const say = scheduleWords[lang]
  const parts = [
    moment(lang, slot.dueAt, zone),
    say.slotStates[shownOf(slot)],
    tookSaid(lang, slot),
    slot.invoices > 0 && `${say.invoices(slot.invoices)}, ${amount(lang, slot.units, asset)}`,
    slot.cause === 'manual' && say.manual,
  ]
  return parts.filter(Boolean).join(' · ')
}

/** What all of them say together. */
function summed(lang: Language, slots: readonly RunSlot[]): string {
  const say = scheduleWords[lang]
  const count = (...states: Shown[]) => slots.filter(slot => states.includes(shownOf(slot))).length
  const sums = [
    [count('done'), say.barsSaid.done],
    [count('short'), say.barsSaid.short],
    [count('failed'), say.barsSaid.failed],
    [count('missed'), say.barsSaid.missed],
    [count('due', 'running'), say.barsSaid.open],
  ] as const
  return `${say.barsOf(slots.length)}: ${sums
    .filter(([many]) => many > 0)
    .map(([many, words]) => words(many))
    .join(', ')}`
}

export function Bars(parts: Parts) {
  const { lang, slots } = parts
  if (slots.length === 0) return <span class="quiet">{scheduleWords[lang].noRuns}</span>
  const inWords = summed(lang, slots)
  const wide = slots.length * pitch
  return (
    <div class="bars">
      <div class="wide" tabIndex={0} role="group" aria-label={inWords}>
        <svg width={wide} height={height + 16} viewBox={`0 0 ${wide} ${height + 16}`}>
          <title>{inWords}</title>
          {slots.map((slot, place) => (
            <Bar {...{ slot, x: place * pitch, name: said(parts, slot) }} />
          ))}
        </svg>
      </div>
      <p class="quiet">{inWords}</p>
    </div>
  )
}

function Bar({ slot, x, name }: { slot: LatestSlot; x: number; name: string }) {
  const high = heightOf(slot)
  const drawn = (
    <>
      <title>{name}</title>
      <rect x={x} y={0} width={pitch} height={height + 16} fill="none" pointer-events="all" />
      <rect x={x + (pitch - width) / 2} y={height - high} width={width} height={high} rx={2} />
      <text x={x + pitch / 2} y={height + 13} text-anchor="middle">
        {marks[shownOf(slot)]}
      </text>
    </>
  )
  const tone = `slot ${tones[shownOf(slot)]}`
  return slot.run ? (
    <a href={`/console/runs/${slot.run.id}`} class={tone} aria-label={name}>
      {drawn}
    </a>
  ) : (
    <g class={tone} role="img" aria-label={name}>
      {drawn}
    </g>
  )
}

/**
 * In a list of many only their shape, for a page may weigh 50 kB: what each bar stands for is said on the
 * schedule's own page.
 */
export function BarsInBrief({ lang, slots }: { lang: Language; slots: readonly RunSlot[] }) {
  if (slots.length === 0) return <span class="quiet">{scheduleWords[lang].noRuns}</span>
  const [wide, tall] = [slots.length * brief.pitch, brief.height + 16]
  const places = slots.map((slot, place) => ({
    slot,
    x: place * brief.pitch,
    high: 4 + Math.ceil((heightOf(slot) * (brief.height - 4)) / height),
  }))
  const shapes = Map.groupBy(places, ({ slot }) => tones[shownOf(slot)])
  return (
    <div class="bars brief">
      <svg width={wide} height={tall} viewBox={`0 0 ${wide} ${tall}`} aria-hidden="true">
        {[...shapes].map(([tone, bars]) => (
          <g class={`slot ${tone}`}>
            <path
              d={bars
                .map(({ x, high }) => `M${x + 1} ${brief.height}v-${high}h${brief.pitch - 3}v${high}z`)
                .join('')}
            />
            <text x={bars.map(({ x }) => x + 2).join(' ')} y={brief.height + 14}>
              {bars.map(({ slot }) => marks[shownOf(slot)]).join('')}
            </text>
          </g>
        ))}
      </svg>
      <p class="quiet">{summed(lang, slots)}</p>
    </div>
  )
}
const brief = { pitch: 12, height: 32 }

/** The same as a table, the newest first. */
export function SlotsTable({ lang, slots, asset, zone }: Parts) {
  const say = scheduleWords[lang]
  const heads = say.runHeads
  return (
    <table class="cards">
      <thead>
        <tr>
          {[heads.due, heads.state, heads.cause, heads.took, heads.tries, heads.count, heads.amount].map(
            head => (
              <th scope="col">{head}</th>
            ),
          )}
        </tr>
      </thead>
      <tbody>
        {slots.toReversed().map(slot => (
          <tr>
            <th scope="row" data-label={heads.due}>
              <Time {...{ lang, at: slot.dueAt, zone }} />
            </th>
            <td data-label={heads.state}>
              <span>
                <Badge tone={tones[shownOf(slot)]}>{say.slotStates[shownOf(slot)]}</Badge>{' '}
                {slot.run && (
                  <a href={`/console/runs/${slot.run.id}`} lang="en">
                    {slot.run.summary || slot.run.id}
                  </a>
                )}
              </span>
            </td>
            <td data-label={heads.cause}>{say.causes[slot.cause]}</td>
            <td data-label={heads.took}>{tookSaid(lang, slot)}</td>
            <td data-label={heads.tries}>{slot.tries}</td>
            <td data-label={heads.count}>
              {slot.invoices > 0 ? (
                <a href={`/console/invoices?slot=${slot.id}`}>{say.invoices(slot.invoices)}</a>
              ) : (
                say.invoices(0)
              )}
            </td>
            <td data-label={heads.amount} class="number">
              {amount(lang, slot.units, asset)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
