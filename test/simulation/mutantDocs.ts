/** docs/simulation.md and docs/security-rules.md, made from the lists of what can be taken out. */
import { editsOf, sections, type Mutant } from './mutants.ts'
import { securitySections, type SecurityMutant } from './securityMutants.ts'

export const docsFile = 'docs/simulation.md'
export const securityDocsFile = 'docs/security-rules.md'

const head = `# What the simulation would find

Each rule below is taken out of a copy of the program by \`node test/simulation/mutate.ts\`, which says what finds that it is gone: the seed of a storm
(\`node test/simulation/replay.ts --seed N\` tells that story), a story of restores, or the test that is named. \`--rule WORDS\` takes out only some; \`--look N\`
looks through the seeds up to N where what is named finds it no more. The list is \`test/simulation/mutants.ts\`, and \`--write-docs\` writes this page from it.
`

export function simulationDocs(): string {
  const parts = sections.map(({ title, says, mutants }) => {
    const rows = mutants.map(mutant => `| ${mutant.rule} | ${takenOutOf(mutant)} | ${foundBy(mutant)} |`)
    return [
      `## ${title}\n`,
      ...(says === undefined ? [] : [`${says}\n`]),
      '| Rule | Taken out of | Found by |',
      '|---|---|---|',
      ...rows,
      '',
    ].join('\n')
  })
  return [head, ...parts].join('\n')
}

const takenOutOf = (mutant: Mutant): string =>
  [...new Set(editsOf(mutant).map(({ file }) => file))]
    .map(file => `\`${file.replace(/^src\//, '')}\``)
    .join(', ')

function foundBy({ seeds = [], stories, test, note }: Mutant): string {
  const [kind, kinds] = stories === undefined ? ['seed', 'seeds'] : ['restore', 'restores']
  const numbers = seeds.length === 0 ? [] : [`${seeds.length === 1 ? kind : kinds} ${seeds.join(', ')}`]
  const named = [...numbers, ...(test === undefined ? [] : [`\`${test}\``])]
  return `${named.join('; ') || '**nothing**'}${note === undefined ? '' : `: ${note}`}`
}

const securityHead = `# Security checks, and the test that fails without each

Each check below is taken out of a copy of the program by \`node test/simulation/mutate.ts --security\`, which says which test fails then; \`--rule WORDS\`
takes out only some. Checks that stand one behind the other are taken out together. The list is \`test/simulation/securityMutants.ts\`, and
\`--security --write-docs\` writes this page from it. What nginx, the containers and the database's own triggers refuse is not in it:
their tests are in [security.md](security.md).
`

export function securityDocs(): string {
  const parts = securitySections.map(({ title, mutants }) => {
    const rows = mutants.map(mutant => `| ${mutant.rule} | ${takenOutOf(mutant)} | ${failing(mutant)} |`)
    return [`## ${title}\n`, '| Check | Taken out of | Test that fails |', '|---|---|---|', ...rows, ''].join(
      '\n',
    )
  })
  return [securityHead, ...parts].join('\n')
}

const failing = ({ test, title, note }: SecurityMutant): string =>
  `\`${test}\`: ${title.replaceAll('|', '\\|')}${note === undefined ? '' : ` (${note})`}`
