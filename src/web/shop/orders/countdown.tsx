/**
 * How long a code can still be paid: the wall time in words, and beside it what is left, counted by the
 * page's module.
 */
import { millis, type Instant, type Millis } from '../../../base/world.ts'
import type { OrderStatus } from '../../../shop/shop.ts'
import { moment, type Language } from '../../page/page.ts'
import { shopWords } from '../words.ts'

/** When what is shown is over, by the server's clock; undefined where nothing runs out. */
export const countdownOf = (standing: OrderStatus): Millis | undefined =>
  standing.is === 'waiting' || standing.is === 'underpaid' ? millis(standing.until) : undefined

export const Countdown = ({ lang, until }: { lang: Language; until: Instant }) => {
  const say = shopWords[lang]
  return (
    <p class="countdown">
      <time dateTime={until}>{say.until(moment(lang, until))}</time>{' '}
      {/* Hidden until a module counts: a number that does not move would lie.
          Read aloud at five minutes and at one, not every second. */}
      <span
        id="left"
        hidden
        aria-hidden="true"
        data-five={say.minutesLeft.five}
        data-one={say.minutesLeft.one}
      >
        {say.timeLeft} <strong class="mono" id="left-time" />
      </span>
    </p>
  )
}
