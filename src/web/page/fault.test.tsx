/**
 * Who may not do something is led back to where they were: out of the console into the shop is a dead end.
 */
import { renderToString } from 'preact-render-to-string'
import { expect, test } from 'vitest'
import { FaultPage } from './fault.tsx'

test.each([
  ['console', 'pt-BR', '/console', 'Ir para o console'],
  ['console', 'en', '/console', 'Go to the console'],
  ['shop', 'pt-BR', '/', 'Ir para a loja'],
] as const)('a 403 in the %s, in %s, leads to %s [security A13]', (within, lang, home, words) => {
  const html = renderToString(<FaultPage {...{ lang, within, status: 403, shopName: 'Loja' }} />)
  expect([...html.matchAll(/<a [^>]*href="(\/[^"#]*)"/g)].map(([, href]) => href)).toEqual([home, home])
  expect(html).toContain(words)
})
