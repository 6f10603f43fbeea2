/** Icons of one sprite (Lucide): each stands beside a word, or has one of its own for who cannot see it. */
import { asset } from './assets.ts'

/** Names of `src/web/styles/icons.svg`. */
export type IconName =
  | 'ask'
  | 'audit'
  | 'back'
  | 'ban'
  | 'bank'
  | 'box'
  | 'btc'
  | 'chart'
  | 'check'
  | 'clock'
  | 'copy'
  | 'down'
  | 'download'
  | 'event'
  | 'fail'
  | 'home'
  | 'invoice'
  | 'leave'
  | 'left'
  | 'link'
  | 'menu'
  | 'ok'
  | 'pause'
  | 'payout'
  | 'pen'
  | 'people'
  | 'pix'
  | 'play'
  | 'plus'
  | 'right'
  | 'run'
  | 'scale'
  | 'schedule'
  | 'search'
  | 'stop'
  | 'unlink'
  | 'up'
  | 'wallet'
  | 'warn'
  | 'x'

export const Icon = ({ name }: { name: IconName }) => (
  <svg class="i" aria-hidden="true">
    <use href={`${asset('icons.svg')}#${name}`} />
  </svg>
)

/** The sign of the program. */
export const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" />
    <path d="M7 12h16l-4-4m6 12H9l4 4" />
  </svg>
)
