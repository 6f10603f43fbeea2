/** Where each thing is seen in the console. */
import type { Subject, SubjectKind } from '../../queries/links.ts'

export function pathTo(kind: SubjectKind, id: string): string {
  const safe = encodeURIComponent(id)
  switch (kind) {
    case 'slot':
      return `/console/invoices?slot=${safe}`
    case 'order':
      return `/console/invoices?order=${safe}`
    case 'bundle':
      return `/console/bitcoin/${safe}`
    case 'transaction':
      return `/console/postings/${safe}`
    default:
      return `/console/${kind}s/${safe}`
  }
}

export const hrefOf = (subject: Subject | undefined): string | undefined =>
  subject && pathTo(subject.kind, subject.id)
