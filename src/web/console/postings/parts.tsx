/** Movements of the ledger as a table: each with the accounts it went between, and links to what it is of. */
import type { PostingRow } from '../../../ledger/ledger.ts'
import type { Language } from '../../page/page.ts'
import { Time } from '../../page/parts.tsx'
import { pathTo } from '../links.ts'
import { Money, Rows, Said } from '../list/parts.tsx'
import { ledgerWords } from './words.ts'
import { listWords } from '../list/words.ts'

interface PostingsParts {
  lang: Language
  postings: readonly PostingRow[]
  title?: string
  /** False where they are not there yet. */
  linked?: boolean
}

export function Postings({ lang, postings, title, linked = true }: PostingsParts) {
  const [say, books] = [listWords[lang], ledgerWords[lang]]
  return (
    <section aria-labelledby="postings">
      <h2 id="postings">{title ?? say.postings}</h2>
      <Rows
        lang={lang}
        caption={say.tz}
        rows={postings}
        empty={say.none}
        columns={[
          { head: say.when, cell: ({ at }) => <Time lang={lang} at={at} /> },
          {
            head: say.movement,
            cell: ({ id, movement }) =>
              linked ? (
                <a href={pathTo('transaction', id)}>{books.movements[movement]}</a>
              ) : (
                books.movements[movement]
              ),
          },
          { head: say.credit, cell: row => books.accounts[row.credit_account] },
          { head: say.debit, cell: row => books.accounts[row.debit_account] },
          {
            head: say.amount,
            number: true,
            cell: ({ units, asset }) => <Money {...{ lang, units, asset }} />,
          },
          { head: say.memo, cell: ({ memo }) => <Said>{memo}</Said> },
        ]}
      />
    </section>
  )
}
