/** The figures of the structure count what they say. */
import { expect, test } from 'vitest'
import { figuresOf } from './structure.ts'
import { projectFiles } from './testbed/tree.ts'

const lines = (count: number) => 'const a = 1\n'.repeat(count)

test('figures count lines, SQL outside its rooms, compared sentences and wide lines', () => {
  const figures = figuresOf([
    { path: 'src/base/one.ts', text: lines(10) },
    { path: 'src/payout/two.ts', text: `${lines(19)}const rows = sql\`select 1\`\n` },
    {
      path: 'src/cli/three.ts',
      text: `const rows = sql\`select 1\`\nif (row.why === gone) end()\nif (row.why === undefined) go()\n${'x'.repeat(111)}\n`,
    },
    { path: 'src/cli/three.test.ts', text: 'const rows = sql`select 1`\n' },
  ])
  expect(figures).toEqual({
    ...{ files: 3, medianLines: 10, p90Lines: 10, longest: 'src/payout/two.ts, 20 lines' },
    ...{
      ringsOfImports: 0,
      linesNamingRails: 0,
      linesRefusingInWords: 0,
      sqlElsewhere: 1,
      sentencesCompared: 1,
      linesTooWide: 1,
    },
  })
})

test('logic compares no sentence', () => {
  expect(figuresOf(projectFiles(/\.tsx?$/)).sentencesCompared).toBe(0)
})

test('a ring is counted once', () => {
  const figures = figuresOf([
    { path: 'src/jobs/one.ts', text: `import type { Two } from './two.ts'\n` },
    { path: 'src/jobs/two.ts', text: `import type { One } from './one.ts'\n` },
  ])
  expect(figures.ringsOfImports).toBe(1)
})
