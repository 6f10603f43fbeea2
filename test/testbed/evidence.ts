/**
 * What a person needs when a story fails: seeds, folders that are kept, the last lines of each process, how
 * to tell it again.
 */
import { relative } from 'node:path'
import type { Log } from '../../src/base/log.ts'

interface Piece {
  name: string
  lines: () => readonly string[]
  /** Whoever it is of has ended: it goes with the test that is running, or that runs next. */
  isOver: boolean
}

const pieces = new Set<Piece>()
let failing: (() => boolean) | undefined
let hasFailed = false

export const evidence = {
  /**
   * Has `lines` printed under `name` when a test of this file fails. Answers what to call when their subject
   * ends; until the test that is running has ended they are printed all the same, because a fixture is often
   * closed before it is known how the test ended.
   */
  keep(name: string, lines: () => readonly string[]): () => void {
    const piece: Piece = { name, lines, isOver: false }
    pieces.add(piece)
    return () => void (piece.isOver = true)
  },
  /**
   * True when the test that is running, or one before it in this file, has failed: what it left is not to be
   * removed.
   */
  hasFailed: (): boolean => hasFailed || (failing?.() ?? false),
  /** What a failing test prints. */
  told(): string[] {
    return [...pieces].flatMap(({ name, lines }) => {
      const found = attempt(lines)
      return found.length === 0 ? [] : [`── ${name}`, ...found.map(line => `   ${line}`)]
    })
  },
}

/** A title as the shell and then vitest, which reads a regular expression, take it for itself. */
const pattern = (title: string): string =>
  `'${title.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("'", String.raw`'\''`)}'`

/** Evidence must not hide the failure it is for. */
function attempt(lines: () => readonly string[]): readonly string[] {
  try {
    return lines()
  } catch (error) {
    return [`(${String(error)})`]
  }
}

/** A log that keeps its last lines and shows them to nobody. */
export function recentLog(most = 40): { log: Log; recent(): string[] } {
  const lines: string[] = []
  const made = (also: object): Log => {
    const write = (level: string) => (fields: object, message: string) => {
      const more = { ...also, ...fields }
      lines.push(`${level} ${message}${Object.keys(more).length === 0 ? '' : ` ${told(more)}`}`)
      if (lines.length > most) lines.shift()
    }
    return {
      debug() {},
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: fields => made({ ...also, ...fields }),
    }
  }
  return { log: made({}), recent: () => [...lines] }
}

const told = (fields: object): string => {
  try {
    return JSON.stringify(fields, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value instanceof Error ? value.message : value,
    )
  } catch (error) {
    return `(${String(error)})`
  }
}

// Outside vitest, as when pictures are taken, nobody fails a test. Where this is first loaded inside a test
// no hook can be added any more.
if (process.env['VITEST']) {
  const { beforeEach } = await import('vitest')
  try {
    beforeEach(({ task, onTestFailed }) => {
      for (const piece of pieces) if (piece.isOver) pieces.delete(piece)
      failing = () => (task.result?.errors?.length ?? 0) > 0
      onTestFailed(() => {
        hasFailed = true
        const again = `./dev-utils.sh test ${relative(process.cwd(), task.file.filepath)} -t ${pattern(task.name)}`
        console.error(
          [`what there is of "${task.name}"`, ...evidence.told(), `── again: ${again}`].join('\n'),
        )
      })
    })
  } catch {
    // It was loaded too late; the failure itself is told all the same.
  }
}
