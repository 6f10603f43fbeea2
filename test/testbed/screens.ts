/**
 * Takes a picture of every page: on a desktop in light and on a phone in dark, in Portuguese, of an
 * installation in which much has happened.
 */
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { desktop, openBrowser, phone, visit, type Browser, type Look } from './browser.ts'
import { photograph } from './drawn.ts'
import { everyPage, type Visited } from './everyPage.ts'
import { carry, tokenOf } from './testPerson.ts'
import { openSeededInstallation, type SeededInstallation } from './seededInstallation.ts'

const looks: [string, Look][] = [
  ['desktop', { device: desktop, theme: 'light' }],
  ['phone', { device: { ...phone, deviceScaleFactor: 1.5 }, theme: 'dark' }],
]
/** A page that goes on and on is cut here: it is to be looked at, not read. */
const maxHeight = 1_400

/**
 * Writes `NAME.desktop.webp` and `NAME.phone.webp` into `folder`, which holds nothing else afterwards. `say`
 * hears of each.
 */
export async function takeScreens(folder: string, say: (line: string) => void): Promise<void> {
  const browser = await openBrowser()
  try {
    const [coffee, mug, notebook, hammock] = [
      await photograph(browser, 'coffee'),
      await photograph(browser, 'mug'),
      await photograph(browser, 'notebook'),
      await photograph(browser, 'hammock'),
    ]
    const installation = await openSeededInstallation({ photos: { coffee, mug, notebook, hammock } })
    try {
      mkdirSync(folder, { recursive: true })
      for (const name of readdirSync(folder)) if (name.endsWith('.webp')) rmSync(join(folder, name))
      await takeAll(browser, installation, folder, say)
    } finally {
      await installation.close()
    }
  } finally {
    await browser.close()
  }
}

async function takeAll(
  browser: Browser,
  installation: SeededInstallation,
  folder: string,
  say: (line: string) => void,
): Promise<void> {
  const tokens = new Map<string, string>()
  for (const [name, person] of Object.entries(installation.people))
    tokens.set(name, await tokenOf(installation, person))
  let bytes = 0
  for (const [look, how] of looks) {
    for (const visited of everyPage) {
      const { page, context, leave } = await visit(browser, installation.origin, how)
      if (visited.as) await carry(context, installation, tokens.get(visited.as)!)
      const file = join(folder, `${visited.name}.${look}.webp`)
      writeFileSync(file, await take(page, installation, visited))
      await leave()
      bytes += statSync(file).size
      say(`${file} (${Math.ceil(statSync(file).size / 1_000)} kB)`)
    }
  }
  say(`${everyPage.length * looks.length} pictures, ${Math.ceil(bytes / 1_000)} kB`)
}

async function take(page: Page, installation: SeededInstallation, { path, first }: Visited): Promise<Buffer> {
  await first?.(page)
  await page.goto(await path(installation))
  // Hears of what comes by itself for ever, so it is never idle: loaded is enough.
  const { width, height } = await page.evaluate(() => ({
    width: innerWidth,
    height: document.documentElement.scrollHeight,
  }))
  await page.setViewportSize({ width, height: Math.min(height, maxHeight) })
  // Photos further down are fetched when they come near, which a picture does not wait for.
  await page.evaluate(() =>
    Promise.all([...document.images].map(image => ((image.loading = 'eager'), image.decode()))),
  )
  const debug = await page.context().newCDPSession(page)
  const { data } = await debug.send('Page.captureScreenshot', { format: 'webp', quality: 50 })
  return Buffer.from(data, 'base64')
}
