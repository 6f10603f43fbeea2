/** The stream of an order's page, as a browser reads it. */
import { expect } from 'vitest'
import type { Page } from '../../sim/visitor.ts'
import { pause } from './until.ts'

/** Listens from the version that `page` shows on, or from another. */
export async function openNews(
  origin: string,
  page: Page,
  version = /data-version="([\w-]+)"/.exec(page.html)![1]!,
) {
  const over = new AbortController()
  const answer = await fetch(`${origin}${page.path}/events?version=${version}`, { signal: over.signal })
  expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
    'no-store',
  ])
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  // A read that was waited for in vain brings what comes next.
  let reading: ReturnType<typeof reader.read> | undefined
  return {
    /** The data of the next event of that name; undefined where none comes in time. */
    async next(name: string, withinMs = 30_000): Promise<string | undefined> {
      const late = pause(withinMs, 'nothing says that nothing comes').then(() => undefined)
      for (;;) {
        const found = new RegExp(`event: ${name}\\n(?:id: .*\\n)?data: (.*)\\n\\n`).exec(text)
        if (found) return ((text = text.slice(found.index + found[0].length)), found[1])
        const part = await Promise.race([(reading ??= reader.read()), late])
        if (part === undefined || part.done) return undefined
        reading = undefined
        text += part.value
      }
    },
    async close() {
      over.abort()
      await reader.cancel().catch(() => undefined)
    },
  }
}
