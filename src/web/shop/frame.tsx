/**
 * The shop's frame: its name, the basket, the other language, and the word that nothing is real where nothing
 * is.
 */
import type { ComponentChildren } from 'preact'
import { Document, Main } from '../page/document.tsx'
import type { Language } from '../page/page.ts'
import { shopWords } from './words.ts'

/** What the frame of every page of the shop is made from. */
export interface Shop {
  lang: Language
  name: string
  /** Money here is play money: the bank's sandbox, or a chain that is not the real one. */
  sandbox: boolean
  /** Things in the basket. */
  count: bigint
}

interface FrameParts {
  shop: Shop
  title: string
  here?: 'products' | 'basket'
  scripts?: readonly string[]
  refreshSeconds?: number | undefined
  /** What is one person's own is for no search engine. */
  noindex?: boolean
  children: ComponentChildren
}

export function ShopFrame({
  shop,
  title,
  here,
  scripts = [],
  refreshSeconds,
  noindex = false,
  children,
}: FrameParts) {
  const { lang, name, sandbox, count } = shop
  const say = shopWords[lang]
  const other = lang === 'en' ? 'pt-BR' : 'en'
  const header = (
    <header>
      {sandbox && <p class="sandbox">{say.sandbox}</p>}
      <nav class="bar" aria-label={say.nav}>
        <a class="brand" href="/">
          {name}
        </a>
        <a class="roomy" href="/" aria-current={here === 'products' ? 'page' : undefined}>
          {say.products}
        </a>
        <span class="grow" />
        <a href={`?lang=${other}`} lang={other} hreflang={other}>
          {say.otherLanguage}
        </a>
        <a href="/basket" aria-current={here === 'basket' ? 'page' : undefined}>
          {say.basket} ({`${count}`})
        </a>
      </nav>
    </header>
  )
  const footer = (
    <footer class="foot">
      <p>{say.footer}</p>
      {/* What a page's own module says aloud: it stays where it is while the main part is exchanged. */}
      <p class="hidden-text" id="announce" role="status" />
    </footer>
  )
  return (
    <Document
      {...{
        lang,
        title: `${title} · ${name}`,
        scripts,
        noindex,
        skip: say.skip,
        styles: ['shop.css'],
      }}
      {...(refreshSeconds !== undefined && { refreshSeconds })}
    >
      {header}
      <Main>{children}</Main>
      {footer}
    </Document>
  )
}
