/**
 * What is wrong with a page in a browser: what axe finds, how it is laid out, what it asked for that it may
 * not, and how heavy it is.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const wcag22aa = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/**
 * Every breach of WCAG 2.2 AA that axe finds, one sentence for each element. The page's own policy stays in
 * force meanwhile; its scripts must be on.
 */
export async function axe(page: Page): Promise<string[]> {
  // Evaluated by the debugger, which no Content-Security-Policy forbids; a script element would be.
  await page.evaluate(`${axeSource};0`)
  const { violations } = await page.evaluate<AxeResults, string[]>(
    tags =>
      (globalThis as unknown as { axe: typeof import('axe-core') }).axe.run({
        runOnly: { type: 'tag', values: tags },
        resultTypes: ['violations'],
        preload: false,
      }),
    wcag22aa,
  )
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => {
      const why = (failureSummary ?? '').split('\n').slice(1).join(' ').replace(/\s+/g, ' ').trim()
      return `${id}: ${help}: ${target.join(' ')}: ${why}`
    }),
  )
}

/**
 * Breaches of what every page of ours has: one h1, a language, a title, room for itself in the window, no id
 * twice.
 */
export async function layout(page: Page): Promise<string[]> {
  const width = page.viewportSize()!.width
  return page.evaluate(windowWidth => {
    const root = document.documentElement
    const faults: string[] = []
    const headings = document.querySelectorAll('h1').length
    if (headings !== 1) faults.push(`the page has ${headings} h1`)
    if (!root.lang) faults.push('the page does not say its language')
    if (!document.title.trim()) faults.push('the page has no title')
    if (root.scrollWidth > windowWidth) {
      const widest = [...document.body.querySelectorAll('*')]
        .filter(element => element.getBoundingClientRect().right > windowWidth + 0.5)
        .map(
          element =>
            element.tagName.toLowerCase() +
            (element.id && `#${element.id}`) +
            [...element.classList].map(name => `.${name}`).join(''),
        )
      faults.push(
        `the page is ${root.scrollWidth} wide in a window of ${windowWidth}: ${widest.slice(0, 5).join(', ')}`,
      )
    }
    const ids = [...document.querySelectorAll('[id]')].map(element => element.id)
    for (const id of new Set(ids.filter((name, index) => ids.indexOf(name) !== index)))
      faults.push(`the id ${id} is there twice`)
    return faults
  }, width)
}

/** What does not count as the page's own weight: photos, and the font that all pages share. */
export const uncounted = /^image\/(?:jpeg|png|webp|avif|gif)$|^font\/woff2$/

export interface Watch {
  /**
   * Each once: breaches of the page's policy, scripts that threw, what could not be loaded, whatever was
   * asked of anyone but us.
   */
  faults: string[]
  /**
   * What came over the wire since the last navigation, headers included, without photos and the font; nothing is taken
   * from a cache.
   */
  bytes(): number
  /** Faults up to now are no longer told: for a page that is looked at after another in one tab. */
  forget(): void
}

/**
 * Watches a page from before its first navigation on. A navigation that is answered with an error is no
 * fault: who asked for it sees it.
 */
export async function watch(page: Page, origin: string): Promise<Watch> {
  const faults = new Set<string>()
  await page.exposeBinding('policyBroken', (_, says: string) => void faults.add(says))
  await page.addInitScript(() => {
    document.addEventListener(
      'securitypolicyviolation',
      ({ effectiveDirective, blockedURI, sourceFile, lineNumber }) => {
        const tell = (globalThis as unknown as { policyBroken: (says: string) => void }).policyBroken
        tell(
          `the policy's ${effectiveDirective} forbids ${blockedURI} (${sourceFile || document.URL}:${lineNumber})`,
        )
      },
    )
  })
  page.on('console', message => {
    // What could not be loaded is said below, with its address.
    if (message.type() !== 'error' || message.text().startsWith('Failed to load resource')) return
    faults.add(`the console says: ${message.text()}`)
  })
  page.on('pageerror', fault => faults.add(`a script threw: ${fault.message}`))

  const debug = await page.context().newCDPSession(page)
  await debug.send('Network.enable')
  await debug.send('Network.setCacheDisabled', { cacheDisabled: true })
  const asked = new Map<string, { url: string; navigation: boolean; counts: boolean }>()
  let bytes = 0
  debug.on('Network.requestWillBeSent', ({ requestId, loaderId, type, request: { url } }) => {
    // A document that is not framed is named as its loader is.
    const navigation = type === 'Document' && requestId === loaderId
    if (navigation) bytes = 0
    asked.set(requestId, { url, navigation, counts: true })
    if (!/^(?:data|blob|about):/.test(url) && new URL(url).origin !== origin)
      faults.add(`the page asked another for ${url}`)
  })
  debug.on('Network.responseReceived', ({ requestId, response: { status, mimeType, url } }) => {
    const request = asked.get(requestId)
    if (!request) return
    request.counts = !uncounted.test(mimeType)
    if (status >= 400 && !request.navigation) faults.add(`${url} was answered with ${status}`)
  })
  debug.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (asked.get(requestId)?.counts !== false) bytes += encodedDataLength
  })
  debug.on('Network.loadingFailed', ({ requestId, errorText, canceled, blockedReason }) => {
    const request = asked.get(requestId)
    // Leaving a page cancels what it still waits for, a stream of events above all.
    if (!request || canceled || errorText === 'net::ERR_ABORTED') return
    faults.add(`${request.url} could not be loaded: ${blockedReason ?? errorText}`)
  })
  return {
    get faults() {
      return [...faults]
    },
    bytes: () => bytes,
    forget: () => faults.clear(),
  }
}
