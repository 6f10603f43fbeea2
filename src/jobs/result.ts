/** What jobs say when they are over. */
import type { JobResult } from './runner.ts'

export const say = (count: number, one: string, many: string): string | undefined =>
  count === 0 ? undefined : `${count} ${count === 1 ? one : many}`

/** What was left for later, refused or not answered is less than it should have been. */
const short = ['unsure', 'later', 'refused', 'failed']

export function counted(counts: Record<string, number>): JobResult {
  const told = Object.entries(counts).filter(([, count]) => count > 0)
  if (told.length === 0) return undefined
  const said = told.map(([what, count]) => `${count} ${what}`).join(', ')
  return told.some(([what]) => short.includes(what)) ? { less: said } : said
}
