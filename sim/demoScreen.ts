/**
 * How the demonstration is drawn: over itself in a terminal, and elsewhere a line whenever something changed.
 */
import { picture, plainLines, type Figures } from './demoFigures.ts'

export type Out = NodeJS.WritableStream & { isTTY?: boolean; columns?: number; rows?: number }
export type Show = (figures: Figures, recent: string[]) => void

export const screen = (out: Out): Show => (out.isTTY ? drawer(out) : liner(out))

/** Draws over what it drew before. */
function drawer(out: Out): Show {
  let drawn = 0
  return (figures, recent) => {
    const lines = fitting(figures, recent, { columns: out.columns ?? 100, rows: out.rows ?? 50 })
    out.write(`${drawn === 0 ? '' : `\u001b[${drawn}A`}\u001b[J${lines.join('\n')}\n`)
    drawn = lines.length
  }
}

/**
 * The picture in a window of that size. A line that wraps by itself, or rolls off, would be drawn over in the
 * wrong place.
 */
export function fitting(
  figures: Figures,
  recent: string[],
  { columns, rows }: { columns: number; rows: number },
): string[] {
  const folded = (lines: string[]) => lines.flatMap(line => foldLine(line, columns - 1))
  const room = rows - 1 - folded(picture(figures, [])).length
  const kept = room > 0 ? recent.slice(-room) : []
  // News are cut and not folded, so that a line of it is a line.
  return folded(
    picture(
      figures,
      kept.map(line => line.slice(0, columns - 3)),
    ),
  ).slice(0, rows - 1)
}

/** Breaks before a plus, a bracket or an equals sign, else at a space; what follows is set in. */
export function foldLine(line: string, width: number): string[] {
  const indent = ' '.repeat(13)
  const lines: string[] = []
  for (let rest = line; ;) {
    if (rest.length <= width) return [...lines, rest]
    const least = indent.length + 1
    const sign = Math.max(...[' + ', ' (', ' = '].map(text => rest.lastIndexOf(text, width)))
    const space = sign >= least ? sign : rest.lastIndexOf(' ', width)
    const at = space >= least ? space : width
    lines.push(rest.slice(0, at))
    rest = indent + rest.slice(at).trimStart()
  }
}

function liner(out: Out): Show {
  let before: string[] = []
  return figures => {
    const lines = plainLines(figures)
    for (const line of lines)
      if (!before.includes(line)) out.write(`${new Date().toISOString().slice(11, 19)}  ${line}\n`)
    before = lines
  }
}
