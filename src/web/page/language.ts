/**
 * The two languages of the pages: pt-BR unless somebody asks for English, by link, by cookie, or by the
 * browser's own list.
 */
import type { Context } from 'koa'

export type Language = 'pt-BR' | 'en'
/**
 * One dictionary in both languages: `{ 'pt-BR': pt, en }`, where `en` is of pt's type, so that no word can be
 * missing.
 */
export type Both<T> = Readonly<Record<Language, T>>

export const isLanguage = (text: unknown): text is Language => text === 'pt-BR' || text === 'en'
const yearMs = 365 * 86_400_000

/** The language to answer in. `?lang=en` is kept in a cookie, for the pages after this one. */
export function spoken(ctx: Context): Language {
  const asked = ctx.query['lang']
  if (isLanguage(asked)) {
    ctx.cookies.set('lang', asked, { httpOnly: true, sameSite: 'lax', maxAge: yearMs, overwrite: true })
    return asked
  }
  const kept = ctx.cookies.get('lang')
  if (isLanguage(kept)) return kept
  // A browser that names neither gets the language of the installation.
  const best = ctx.acceptsLanguages('pt-BR', 'pt', 'en')
  return ctx.get('accept-language') !== '' && best === 'en' ? 'en' : 'pt-BR'
}
