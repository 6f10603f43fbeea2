/**
 * Every page in a real browser, in both themes, both languages, on a phone and on a desktop: readable by
 * everyone, within its policy, light.
 */
import type Router from '@koa/router'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pages } from '../src/web/pages.ts'
import {
  axe,
  browserAvailable,
  desktop,
  layout,
  openBrowser,
  phone,
  visit,
  type Browser,
  type Look,
  type Visitor,
} from './testbed/browser.ts'
import { photograph } from './testbed/drawn.ts'
import { everyPage, type Visited } from './testbed/everyPage.ts'
import { carry, tokenOf } from './testbed/testPerson.ts'
import { openSeededInstallation, type SeededInstallation } from './testbed/seededInstallation.ts'

const maxBytes = 50_000
const looks: [string, Look][] = [
  ['on a phone, dark, in Portuguese', { device: phone, theme: 'dark', language: 'pt-BR' }],
  ['on a desktop, light, in English', { device: desktop, theme: 'light', language: 'en' }],
]

/** Answers that are no pages: files, streams, and a part of a page. */
const shown = /\.csv$|\.ndjson$|\/(?:raw|psbt|tail|events|preview|:file)$/

const settings = { publicUrl: undefined, shopName: 'Repasse', simulateUrl: undefined, sandbox: true }

/** The routes behind a middleware that is a router's. */
const layersOf = (middleware: unknown) =>
  (middleware as { router?: Pick<Router, 'stack'> }).router?.stack ?? []

describe.skipIf(!browserAvailable())('every page', () => {
  let browser: Browser
  let installation: SeededInstallation
  const tokens = new Map<string, string>()

  beforeAll(async () => {
    browser = await openBrowser()
    const [coffee, mug, hammock] = await Promise.all([
      photograph(browser, 'coffee'),
      photograph(browser, 'mug'),
      photograph(browser, 'hammock'),
    ])
    installation = await openSeededInstallation({ photos: { coffee, mug, hammock } })
    for (const [name, person] of Object.entries(installation.people))
      tokens.set(name, await tokenOf(installation, person))
  }, 300_000)
  afterAll(async () => {
    await installation?.close()
    await browser?.close()
  })

  test('no page is forgotten: every address that shows one is visited', async () => {
    const routes = pages({
      app: installation.running.app,
      settings,
      over: new AbortController().signal,
    }).flatMap(middleware => layersOf(middleware))
    const addresses = routes
      .filter(({ methods, path }) => methods.includes('GET') && !shown.test(String(path)))
      .map(({ path }) => String(path))
    expect(addresses.length).toBeGreaterThan(25)
    const visited = await Promise.all(
      everyPage.map(async ({ path }) => new URL(await path(installation), installation.origin).pathname),
    )
    // A parameter never stands for a word that has a page of its own.
    const matches = (address: string) => {
      const own = new RegExp(`^${address.replace(/:\w+/g, '[^/]+')}$`)
      return visited.some(path => own.test(path) && (!address.includes(':') || !addresses.includes(path)))
    }
    expect(addresses.filter(address => !matches(address))).toEqual([])
  })

  describe.each(looks)('%s', (_, look) => {
    // One tab for each person: a new one is a new process of the browser, which costs more than the page.
    const tabs = new Map<Visited['as'], Visitor>()
    const come = async (as: Visited['as']): Promise<Visitor> => {
      const visitor = await visit(browser, installation.origin, look)
      if (as) await carry(visitor.context, installation, tokens.get(as)!)
      return visitor
    }
    const tabOf = async (as: Visited['as']): Promise<Visitor> => {
      const tab = tabs.get(as) ?? (await come(as))
      tabs.set(as, tab)
      tab.watched.forget()
      return tab
    }
    afterAll(async () => {
      for (const tab of tabs.values()) await tab.leave()
    })

    test.each(everyPage.map((page): [string, Visited] => [page.name, page]))(
      '%s',
      async (_name, { as, path, first, status = 200 }) => {
        // What is done first stays in a visitor's memory, so it is done by one who comes for this page alone.
        const { page, watched, leave } = first ? await come(as) : await tabOf(as)
        try {
          await first?.(page)
          const where = new URL(await path(installation), installation.origin)
          // A person's own language goes before the browser's.
          if (where.pathname.startsWith('/console')) where.searchParams.set('lang', look.language!)
          const answer = await page.goto(where.href)
          expect(answer?.status()).toBe(status)
          expect(new URL(page.url()).pathname).toBe(where.pathname)
          expect(await page.getAttribute('html', 'lang')).toBe(look.language)
          expect(await axe(page)).toEqual([])
          expect(await layout(page)).toEqual([])
          expect(watched.faults).toEqual([])
          expect(watched.bytes()).toBeLessThanOrEqual(maxBytes)
        } finally {
          if (first) await leave()
        }
      },
    )
  })
})
