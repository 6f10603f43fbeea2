/**
 * The file in which anchors are kept: only ever appended to, for its owner alone, continued in FILE.2,
 * FILE.3, … so that no part grows long.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  fstatSync,
  openSync,
  readFileSync,
  readdirSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname } from 'node:path'

export interface AnchorFile {
  readonly path: string
  /**
   * The lines of each part, oldest first; empty where there is none. `newest`: of the last part that has a
   * line alone.
   */
  read(how: 'whole' | 'newest'): string[][]
  /** Through to the disk. */
  append(lines: readonly string[]): void
}

const maxBytes = 1024 * 1024

/**
 * Neither is opened before it is asked for. A part that is full is not written any more, and made read-only.
 */
export function openAnchorFile(path: string, longest = maxBytes): AnchorFile {
  const nameOf = (part: number) => (part === 1 ? path : `${path}.${part}`)
  const parts = (): number[] => {
    const name = basename(path)
    const folder = dirname(path)
    return (existsSync(folder) ? readdirSync(folder) : [])
      .filter(
        each =>
          each === name ||
          (each.startsWith(`${name}.`) && /^[1-9]\d{0,5}$/.test(each.slice(name.length + 1))),
      )
      .map(each => (each === name ? 1 : Number(each.slice(name.length + 1))))
      .sort((a, b) => a - b)
  }
  return {
    path,
    read(how) {
      const found: string[][] = []
      for (const part of parts().reverse()) {
        found.unshift(linesOf(readFileSync(nameOf(part), 'utf8')))
        if (how === 'newest' && found[0]!.length > 0) break
      }
      return found
    },
    append(lines) {
      const text = lines.map(line => `${line}\n`).join('')
      const last = parts().at(-1)
      if (last === undefined) return write(nameOf(1), text, 'ax')
      // One that is full is read-only, or becomes so: whoever made it so may have died before the next was
      // there.
      if (statSync(nameOf(last)).size < longest && write(nameOf(last), text, 'a+', longest)) return
      protect(nameOf(last))
      write(nameOf(last + 1), text, 'ax')
    },
  }
}

/** One that was cut off by a crash has no line break behind it, and is none. */
const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .slice(0, -1)
    .filter(line => line !== '')

/**
 * One that may only be appended to (`chattr +a`) is protected better than by its mode, which cannot be
 * changed then.
 */
function protect(file: string): void {
  try {
    chmodSync(file, 0o400)
  } catch (error) {
    if ((error as { code?: string }).code !== 'EPERM') throw error
  }
}

/** Answers whether there was room. */
function write(file: string, text: string, flags: 'a+' | 'ax', longest = Number.POSITIVE_INFINITY): boolean {
  const opened = openSync(file, flags, 0o600)
  try {
    const { size } = fstatSync(opened)
    if (size >= longest) return false
    writeSync(opened, size > 0 && !endsLine(opened, size) ? `\n${text}` : text)
    fsyncSync(opened)
    return true
  } finally {
    closeSync(opened)
  }
}

function endsLine(opened: number, size: number): boolean {
  const last = Buffer.alloc(1)
  readSync(opened, last, 0, 1, size - 1)
  return last.toString('latin1') === '\n'
}
