/**
 * The schedule form's own module: shows when it is due while somebody types, and only the fields that count.
 * The form works without it.
 */
export {}

const pauseMs = 300
const room = document.querySelector<HTMLElement>('[data-preview]')
const form = room?.querySelector('form')
const shown = document.querySelector('#preview')

if (room && form && shown) {
  const asked = ['preset', 'at', 'day', 'every', 'cron', 'zone', 'starts', 'ends']
  let timer: ReturnType<typeof setTimeout> | undefined
  let asking: AbortController | undefined
  let last = ''

  const look = async () => {
    const filled = new FormData(form)
    const typed = (name: string) => {
      const value = filled.get(name)
      return typeof value === 'string' ? value : ''
    }
    const query = new URLSearchParams(asked.map(name => [name, typed(name)])).toString()
    if (query === last) return
    last = query
    asking?.abort()
    const mine = (asking = new AbortController())
    try {
      const answer = await fetch(`${room.dataset['preview']}?${query}`, { signal: mine.signal })
      if (!answer.ok || answer.redirected) return
      const fresh = new DOMParser()
        .parseFromString(await answer.text(), 'text/html')
        .querySelector('#preview')
      // What is shown stays where it is, so that a screen reader hears what changed in it.
      if (fresh && !mine.signal.aborted) shown.replaceChildren(...fresh.childNodes)
    } catch {
      // The next thing typed asks again, and the button still works.
      last = ''
    }
  }

  /** Which fields count with each choice; the others are out of the way. */
  const counting: Record<string, string[]> = {
    daily: ['at'],
    weekdays: ['at'],
    monthly: ['at', 'day'],
    lastDay: ['at'],
    lastBusinessDay: ['at'],
    hours: ['every'],
    cron: ['cron'],
  }
  const place = (name: string) => form.querySelector(`[name="${name}"]`)?.closest<HTMLElement>('.field')
  const tidy = () => {
    const chosen = form.querySelector<HTMLInputElement>('[name="preset"]:checked')?.value ?? 'cron'
    for (const name of ['at', 'day', 'every', 'cron']) {
      const field = place(name)
      if (field) field.hidden = !(counting[chosen] ?? []).includes(name)
    }
    const until = place('ends')
    if (until) until.hidden = chosen === 'once'
    const payers = form.querySelector<HTMLInputElement>('[name="payers"]:checked')?.value
    if (payers === undefined) return
    for (const name of ['countLow', 'countHigh', 'low', 'high']) {
      const field = place(name)
      if (field) field.hidden = payers === 'roster'
    }
    for (const name of ['roster', 'rosterFile']) {
      const field = place(name)
      if (field) field.hidden = payers === 'random'
    }
  }

  form.addEventListener('input', () => {
    tidy()
    clearTimeout(timer)
    timer = setTimeout(() => void look(), pauseMs)
  })
  tidy()

  const zones = document.querySelector('#zones')
  if (zones && 'supportedValuesOf' in Intl) {
    const known = new Set([...zones.querySelectorAll('option')].map(option => option.value))
    for (const zone of Intl.supportedValuesOf('timeZone')) {
      if (known.has(zone)) continue
      const option = document.createElement('option')
      option.value = zone
      zones.append(option)
    }
  }
}
