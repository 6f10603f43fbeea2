/**
 * The order page's own module: hears from the server when something changed and shows it, counts down, and
 * copies.
 */
export {}

const pollMs = 5_000
const copiedMs = 3_000

/** The part that is exchanged; looked up again each time, because it is. */
const part = () => document.getElementById('order')!
let news: EventSource | undefined
let polling: number | undefined
let ticking: number | undefined

function begin(): void {
  showCopyButtons()
  count()
  listen()
}

/** Said aloud by a reader of the screen; it stands outside of what is exchanged. */
function announce(text: string): void {
  const place = document.getElementById('announce')
  if (place) place.textContent = text
}

/** By event stream, and where that is refused by asking every few seconds. */
function listen(): void {
  news?.close()
  clearInterval(polling)
  const { live, version } = part().dataset
  if (live !== 'yes') return
  const path = location.pathname
  news = new EventSource(`${path}/events?version=${encodeURIComponent(version ?? '')}`)
  news.addEventListener('changed', () => void look())
  news.addEventListener('error', () => {
    // While it connects again by itself there is nothing to do.
    if (news?.readyState !== EventSource.CLOSED) return
    clearInterval(polling)
    polling = setInterval(() => void look(), pollMs)
  })
}

let looking = false

/** Fetches the page again and takes over its main part, where it tells something else. */
async function look(): Promise<void> {
  if (looking) return
  looking = true
  try {
    const answer = await fetch(location.pathname, { headers: { accept: 'text/html' }, cache: 'no-store' })
    if (!answer.ok) return
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const next = page.getElementById('order')
    if (!next || next.dataset['version'] === part().dataset['version']) return
    take(document.importNode(next, true), page.title)
  } catch {
    // Offline for a moment: the next look will do.
  } finally {
    looking = false
  }
}

function take(next: HTMLElement, title: string): void {
  const before = part()
  const hadFocus = before.contains(document.activeElement)
  const kind = before.dataset['standing']
  before.replaceWith(next)
  document.title = title
  const heading = document.getElementById('standing')!
  if (next.dataset['standing'] !== kind) announce(heading.textContent ?? '')
  // Who waited for this is brought to it; and who was in what is gone is not left nowhere.
  if (next.dataset['standing'] === 'paid' || hadFocus) heading.focus()
  begin()
}

function showCopyButtons(): void {
  for (const button of part().querySelectorAll<HTMLButtonElement>('button[data-copy]')) {
    const label = button.textContent ?? ''
    button.hidden = false
    button.addEventListener('click', () => {
      void copy(document.getElementById(button.dataset['copy']!)!).then(done => {
        if (!done) return
        const copied = button.dataset['copied'] ?? ''
        button.textContent = `✓ ${copied}`
        announce(copied)
        setTimeout(() => {
          button.textContent = label
          announce('')
        }, copiedMs)
      })
    })
  }
}

async function copy(field: HTMLElement): Promise<boolean> {
  const isField = field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement
  const text = isField ? field.value : (field.textContent ?? '')
  try {
    await navigator.clipboard.writeText(text.trim())
    return true
  } catch {
    // No leave, or no https: what is selected can be copied by hand at least.
    if (isField) field.select()
    else getSelection()?.selectAllChildren(field)
    return document.execCommand('copy')
  }
}

/**
 * By the server's clock: the page says what it was when it was made, and this machine only counts on from
 * there.
 */
function count(): void {
  clearInterval(ticking)
  const { now, until } = part().dataset
  const left = document.getElementById('left')
  const time = document.getElementById('left-time')
  if (until === undefined || !left || !time) return
  const leftMs = Number(until) - Number(now)
  const from = performance.now()
  let said = Math.ceil(leftMs / 60_000)
  left.hidden = false
  const tick = () => {
    const ms = leftMs - (performance.now() - from)
    time.textContent = clockOf(Math.max(0, ms))
    const minutes = Math.ceil(ms / 60_000)
    if (minutes < said) {
      said = minutes
      if (minutes === 5) announce(left.dataset['five'] ?? '')
      if (minutes === 1) announce(left.dataset['one'] ?? '')
    }
    if (ms > 0) return
    clearInterval(ticking)
    // The server says what is then; a moment later, so that it is over there too.
    setTimeout(() => void look(), 1_000)
  }
  tick()
  ticking = setInterval(tick, 1_000)
}

/** `14:05`, or `23:14:05` where there are hours. */
function clockOf(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  const two = (value: number) => String(value).padStart(2, '0')
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60]
  return `${hours > 0 ? `${hours}:` : ''}${two(minutes)}:${two(seconds % 60)}`
}

// Phones put a page to sleep while its reader is in the app of the bank.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') void look()
})
begin()
