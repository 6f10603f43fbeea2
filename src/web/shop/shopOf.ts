/** What the frame shows of who asks: their language, and how much is in their basket. */
import type { PageContext } from '../page/page.ts'
import type { PageParts } from '../context.ts'
import { basketOf } from './basket/cookie.ts'
import type { Shop } from './frame.tsx'

export const shopOf = (ctx: PageContext, { settings }: PageParts): Shop => ({
  lang: ctx.state.lang,
  name: settings.shopName,
  sandbox: settings.sandbox,
  count: basketOf(ctx).reduce((sum, { quantity }) => sum + quantity, 0n),
})
