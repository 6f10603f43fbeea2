/**
 * The log's own module: lines of a run that lasts appear as they are written, and the page is read again when
 * it has ended.
 */
export {}

const log = document.querySelector<HTMLElement>('[data-tail]')
const list = log?.querySelector('ol')
const state = document.querySelector<HTMLElement>('#log-state')

if (log && list) {
  const following = state?.querySelector('span')
  if (following) following.hidden = false
  // At the bottom it stays at the bottom; whoever has scrolled up to read is left there.
  const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 40
  const toEnd = () => log.scrollTo({ top: log.scrollHeight })
  toEnd()

  const source = new EventSource(log.dataset['tail']!)
  source.addEventListener('line', ({ data }: MessageEvent<string>) => {
    const follow = isAtEnd()
    // Made by the server as the rest of the page was, so what was logged is text in it.
    const line = new DOMParser().parseFromString(`<ol>${data}</ol>`, 'text/html').querySelector('li')
    if (!line) return
    list.append(line)
    document.querySelector('#log-empty')?.setAttribute('hidden', '')
    if (follow) toEnd()
  })
  source.addEventListener('end', () => {
    source.close()
    if (following) following.textContent = state?.dataset['ended'] ?? ''
    location.reload()
  })
}
