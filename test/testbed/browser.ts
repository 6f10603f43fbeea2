/**
 * The real browser of the tests: a Chromium, and whether there can be one; each visitor with a look, a
 * language and an empty memory.
 */
import { createHash, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { watch, type Watch } from './pageFaults.ts'
import { timed } from './starts.ts'

export { axe, layout, type Watch } from './pageFaults.ts'
export type { Browser, BrowserContext, Page }

export const phone = {
  viewport: { width: 360, height: 740 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
}
export const desktop = {
  viewport: { width: 1280, height: 800 },
  deviceScaleFactor: 1,
  isMobile: false,
  hasTouch: false,
}

export interface Look {
  device?: typeof phone
  theme?: 'light' | 'dark'
  /** What the browser says it reads (`Accept-Language`). */
  language?: 'pt-BR' | 'en'
  /** False: no script of the page runs. */
  javaScript?: boolean
}

export interface Visitor {
  context: BrowserContext
  page: Page
  /** What this visitor's page did that no page of ours may do. */
  watched: Watch
  leave(): Promise<void>
}

/**
 * The program: CHROMIUM, else what `./dev-utils.sh` brought into .tools/, else the first in PATH that is one.
 */
export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM']
  if (named) return named
  const brought = resolve(import.meta.dirname, '../../.tools/chromium/bin/chromium')
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const inPath = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'].flatMap(name =>
    folders.map(folder => join(folder, name)),
  )
  return [brought, ...inPath].find(file => existsSync(file))
}

/**
 * False where no Chromium can be had, for `describe.skipIf(!browserAvailable())`. Where servers are expected
 * (REPASSE_REQUIRE_SERVERS) it is always true, so that the tests run, and fail saying what is missing.
 */
export const browserAvailable = (): boolean =>
  process.env['REPASSE_REQUIRE_SERVERS'] === '1' || findChromium() !== undefined

/**
 * One for a test file: `beforeAll`, and its `close` in `afterAll`. It ends with this process, however that
 * ends.
 */
/** `trusts`: the certificates (PEM) of servers of ours, which it takes for good whatever name they bear. */
export async function openBrowser(trusts: readonly string[] = []): Promise<Browser> {
  const program = findChromium()
  if (!program)
    throw new Error(
      'no Chromium here: `./dev-utils.sh test` brings one on Debian; elsewhere name one in CHROMIUM or PATH',
    )
  const options = {
    executablePath: program,
    // Of its processes each is started again, so those that nobody needs are left out.
    args: [
      ...['--no-sandbox', '--disable-gpu', '--in-process-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-sync'],
      ...(trusts.length > 0 ? [`--ignore-certificate-errors-spki-list=${trusts.map(pinOf).join(',')}`] : []),
    ],
    // A machine under load is slow to start 300 MB.
    timeout: 60_000,
  }
  return timed('chromium', () => chromium.launch(options))
}

const pinOf = (certificate: string): string =>
  createHash('sha256')
    .update(new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')

/**
 * Someone who was never here before, with one page that is watched. `origin` is ours:
 * `http://127.0.0.1:8080`.
 */
export async function visit(browser: Browser, origin: string, look: Look = {}): Promise<Visitor> {
  const { device = desktop, theme = 'light', language = 'pt-BR', javaScript = true } = look
  const context = await browser.newContext({
    ...device,
    baseURL: origin,
    colorScheme: theme,
    locale: language,
    timezoneId: 'America/Sao_Paulo',
    javaScriptEnabled: javaScript,
    // What moves is caught at a different place by every screenshot and every look at its colours.
    reducedMotion: 'reduce',
    permissions: javaScript ? ['clipboard-read', 'clipboard-write'] : [],
  })
  context.setDefaultTimeout(90_000)
  const page = await context.newPage()
  return { context, page, watched: await watch(page, origin), leave: () => context.close() }
}
