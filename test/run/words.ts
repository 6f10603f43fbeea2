/** The words after `./dev-utils.sh test`: ours are taken out, the rest is vitest's. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { projectRoot } from '../testbed/tree.ts'

export interface Asked {
  /** Five rounds, or how many were asked for, with busy loops beside them; undefined for one run. */
  rounds?: number
  /** What is near to the changes since this commit; an empty base is for the run to choose. */
  near?: { base: string | undefined }
  /** Files, filters and flags of vitest, as they came. */
  rest: string[]
}

export const usage = `./dev-utils.sh test [FILE…] [vitest arguments]
  --calm [FILE…] [--times N]   the files, or all, five times (or N) with three busy loops beside them
  --near [BASE]                what the changes since BASE reach, nearest first, in about two minutes`

/** Throws with words for a person when they do not fit together. */
export function readWords(words: readonly string[]): Asked {
  const rest: string[] = []
  let near: Asked['near']
  let [isCalm, times] = [false, undefined as number | undefined]
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    const [flag, value] = split(word)
    if (flag === '--calm' && value === undefined) isCalm = true
    else if (flag === '--times') times = readTimes(value ?? words[++at])
    else if (flag === '--near') {
      const follows = words[at + 1]
      const takesNext = value === undefined && follows !== undefined && !follows.startsWith('-')
      near = { base: takesNext ? words[++at] : value }
    } else rest.push(word)
  }
  if (times !== undefined && !isCalm) throw new Error(`--times is for --calm\n${usage}`)
  if (near && rest.some(word => !word.startsWith('-')))
    throw new Error(`--near chooses the files itself, and takes one BASE\n${usage}`)
  const missing = near
    ? []
    : rest.filter((word, at) => isTestFile(word) && !takesWord.has(rest[at - 1]!) && !exists(word))
  if (missing.length > 0) throw new Error(`no such test file: ${missing.join(', ')}`)
  return { ...(isCalm && { rounds: times ?? 5 }), ...(near && { near }), rest }
}

/**
 * vitest takes it as a part of a path, and is content when any of several matches. A line may follow:
 * `a.test.ts:12`.
 */
const isTestFile = (word: string): boolean => !word.startsWith('-') && /\.test\.tsx?(?::\d+)?$/.test(word)
const exists = (word: string): boolean =>
  statSync(resolve(projectRoot, word.replace(/:\d+$/, '')), { throwIfNoEntry: false })?.isFile() === true
/** vitest's flags whose next word may end like a test file without being one. */
const takesWord = new Set(['-t', '--testNamePattern', '--exclude'])

const split = (word: string): [flag: string, value: string | undefined] => {
  const at = word.indexOf('=')
  return word.startsWith('--') && at > 0 ? [word.slice(0, at), word.slice(at + 1)] : [word, undefined]
}

function readTimes(value: string | undefined): number {
  if (!/^[1-9]\d{0,2}$/.test(value ?? ''))
    throw new Error(`--times "${value ?? ''}": expected how often, from 1 to 999\n${usage}`)
  return Number(value)
}
