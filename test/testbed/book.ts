/** What docs/operating.md says ends each state of a thing, for the walks that hold it to that. */
import { readFileSync } from 'node:fs'

/**
 * By state, the acts of people that may end it, in their order: commands stand in backticks, what is done
 * elsewhere is bold.
 */
export function endsOf(thing: 'a payout' | 'an invoice' | 'a request' | 'a bundle'): Map<string, string[]> {
  const text = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8')
  const section = text.split(`## What ends each state of ${thing}\n`)[1]!.split('\n## ')[0]!
  const rows = section.split('\n').flatMap((line): [string, string[]][] => {
    const [, state, , does] = /^\| `([\w-]+)` \|([^|]*)\|([^|]*)\|$/.exec(line) ?? []
    if (state === undefined) return []
    return [
      [
        state,
        [...does!.matchAll(/`([^`]+)`|\*\*([^*]+)\*\*/g)].map(([, command, other]) => command ?? other!),
      ],
    ]
  })
  return new Map(rows)
}
