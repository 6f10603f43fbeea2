/** The frame of every page: its head, and a way past the navigation to the main part. */
import type { ComponentChildren } from 'preact'
import { asset } from './assets.ts'
import type { Language } from './language.ts'

export interface DocumentParts {
  lang: Language
  title: string
  /** Names under src/web/styles, besides `page.css`. */
  styles?: readonly string[]
  /** Names of browser modules: `order.js`. */
  scripts?: readonly string[]
  /** Seconds after which a browser without scripts asks again. */
  refreshSeconds?: number
  noindex?: boolean
  skip: string
  /** What stands around the main part: `Main` is within it. */
  children: ComponentChildren
}

export const Document = ({
  lang,
  title,
  styles = [],
  scripts = [],
  refreshSeconds,
  noindex,
  skip,
  children,
}: DocumentParts) => (
  <html lang={lang}>
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      {noindex && <meta name="robots" content="noindex, nofollow" />}
      {refreshSeconds !== undefined && (
        <noscript>
          <meta http-equiv="refresh" content={`${refreshSeconds}`} />
        </noscript>
      )}
      <title>{title}</title>
      <link rel="preload" href={asset('inter.woff2')} as="font" type="font/woff2" crossOrigin="anonymous" />
      <link rel="icon" type="image/svg+xml" href={asset('icon.svg')} />
      {['tokens.css', 'page.css', ...styles].map(name => (
        <link rel="stylesheet" href={asset(name)} />
      ))}
      {scripts.map(name => (
        <script type="module" src={asset(name)} />
      ))}
    </head>
    <body>
      <a class="skip" href="#main">
        {skip}
      </a>
      {children}
    </body>
  </html>
)

export const Main = ({ children }: { children: ComponentChildren }) => (
  <main id="main" tabIndex={-1}>
    {children}
  </main>
)
