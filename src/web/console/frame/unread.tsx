/**
 * What payouts of a rail wait for until it is read to its end, in the page's words; on the overview and where
 * payouts are stopped.
 */
import { isOnChain } from '../../../base/rails.ts'
import type { Unread } from '../../../payout/payout.ts'
import type { Language } from '../../page/page.ts'
import { Time } from '../../page/parts.tsx'
import { Said } from '../list/parts.tsx'
import { unreadWords } from './unreadWords.ts'

export function UnreadWhy({ lang, unread }: { lang: Language; unread: Unread }) {
  const say = unreadWords[lang]
  return (
    <>
      <Missing {...{ lang, unread }} /> {say.byItself} <a href="/console/runs">{say.runs}</a>.
    </>
  )
}

function Missing({ lang, unread }: { lang: Language; unread: Unread }) {
  const say = unreadWords[lang]
  if (unread.code === 'unsettled')
    return <>{(isOnChain(unread.rail) ? say.chainEvents : say.bankEvents)(unread.events)}</>
  if (unread.code === 'unlisted') return <>{say.bankUnlisted(unread.payouts)}</>
  if ('readAt' in unread)
    return (
      <>
        {say.bank}{' '}
        {unread.readAt === undefined ? (
          say.bankNever
        ) : (
          <>
            {say.bankReadAt} <Time lang={lang} at={unread.readAt} />.
          </>
        )}
      </>
    )
  return (
    <>
      {say.chain} {unread.tip === null ? say.chainNone : say.chainTip(unread.tip)}
      {unread.trouble !== undefined && (
        <>
          {' '}
          <Said>{unread.trouble}</Said>.
        </>
      )}
    </>
  )
}
