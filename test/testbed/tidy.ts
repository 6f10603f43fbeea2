/** What a reader should never meet in the tree, as rules over the text of one file. */
import type { SourceFile } from './tree.ts'

interface Rule {
  about: RegExp
  forbids: RegExp
  why: string
}

const code = /\.(?:tsx?|sh|sql)$/

// Written in pieces where this file would otherwise break its own rule.
const rules: readonly Rule[] = [
  { about: /./, forbids: /[ \t]+$/m, why: 'ends a line with blanks' },
  {
    about: /./,
    forbids: new RegExp(String.raw`\b(?:TO${''}DO|FIX${''}ME|XX${''}X)\b`),
    why: 'leaves work as a note: do it or write an issue',
  },
  {
    about: /\.test\.ts$/,
    forbids: /\b(?:it|test|describe|suite)(?:\.\w+)*\.only\b/,
    why: 'runs one test and hides the others',
  },
  {
    about: /\.test\.ts$/,
    forbids: /\b(?:it|test|describe|suite)(?:\.\w+)*\.(?:skip|todo)\b/,
    why: 'holds a test that never runs; skipIf says when and why',
  },
  {
    about: /./,
    forbids: new RegExp(`(?<![\\w.:/~-])/(?:wor${''}k|ro${''}ot|Us${''}ers)/\\w`),
    why: 'names a folder of somebody’s machine',
  },
  { about: /./, forbids: /\bregistry\.[a-z0-9-]+\.[a-z]{2,}/, why: 'names a package registry' },
  {
    about: /^package-lock\.json$/,
    forbids: /"resolved"/,
    why: 'pins packages to one registry: omit-lockfile-registry-resolved is set in .npmrc',
  },
  {
    about: /^(?:src|sim|test|bench)\/.*\.tsx?$/,
    forbids: /^(?!(?:#!.*\n)?(?:\/\*\*|\/\/)\s)/,
    why: 'does not begin with a sentence in a comment',
  },
  {
    // Where waiting is made, and where a clock is the subject.
    about:
      /^(?!test\/testbed\/(?:until|eventually|postgres)\.ts$|src\/base\/clock\.test\.ts$|test\/storm\/)(?:.*\.test\.tsx?|test\/testbed\/.*\.ts)$/,
    forbids: new RegExp(
      String.raw`\bset${''}Timeout\(|\bset${''}Timeout\b[^\n]*'node:timers|\bsle${''}ep\((?!ms\b|\))|\bwaitFor${''}Timeout\b`,
    ),
    why: 'waits for a time: until() waits for a condition, and where it must be a time pause() says why',
  },
  {
    about: /^(?!test\/storm\/).*\.test\.tsx?$/,
    forbids: new RegExp(`\\bexpect\\.po${''}ll\\(|\\bvi\\.wait(?:Fo${''}r|Unt${''}il)\\((?![^\\n]*timeout)`),
    why: 'gives up after a second, which a busy machine needs for less: eventually() and until() have patience',
  },
  {
    // Words the glossary has others for. What is released or kept in databases has its old name: a migration's
    // file, a setting's value, the text of a reason.
    about:
      /^(?!test\/(?:testbed\/)?tidy\.)(?:src|sim|test|bench|docs|docker|nginx|infra|README|dev-utils|\.env)/,
    forbids:
      /\b(?:anew|doors?|town|townsfolk|shelf|takeOn|houseWallet|\w*DeskOf|deskOf)\b|\bDoor\b|(?<!['"`-])\bhouse\b(?!['"`]| has no use)/,
    why: 'has a word that the glossary has another for',
  },
  {
    about: code,
    forbids: /\bclass \w*(?:Util|Helper|Common|Service|Manager)\b/,
    why: 'has a class whose name says nothing',
  },
]

const namesNothing = /(?:^|[-_./])(?:utils?|helpers?|common|services?|managers?)\.tsx?$/i
const longest = 400

/** Each fault as a sentence that begins with path and line. */
export function faults(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => [
    ...(namesNothing.test(path) ? [`${path}: the name does not say what is inside`] : []),
    ...rules.flatMap(({ about, forbids, why }) => {
      const at = about.test(path) ? text.search(forbids) : -1
      return at < 0 ? [] : [`${path}:${text.slice(0, at).split('\n').length}: ${why}`]
    }),
  ])
}

/**
 * Words of a page's dictionaries that no page says: keys of `const pt = {…}` that occur in no other source, nor
 * are put together there (say[`${verb}Told`]).
 */
export function unusedWords(files: readonly SourceFile[]): string[] {
  const source = files.filter(({ path }) => /^src\/(?!.*\.test\.).*\.tsx?$/.test(path))
  const isWords = ({ path }: SourceFile) => /^src\/web\/.*[wW]ords\.ts$/.test(path)
  const dictionary = /^const pt\b[^=]*= \{\n(.*?)^\}/ms
  const rest = source.map(file =>
    isWords(file) ? file.text.replace(/^const (?:pt|en)\b.*?^\}/gms, '') : file.text,
  )
  const used = new Set(rest.flatMap(text => text.match(/\w+/g) ?? []))
  const endings = new Set(
    rest.flatMap(text => [...text.matchAll(/\}(\w+)`\]/g)].map(([, ending]) => ending!)),
  )
  return source
    .filter(isWords)
    .flatMap(({ path, text }) =>
      [...(dictionary.exec(text)?.[1] ?? '').matchAll(/^\s+(\w+):/gm)].map(([, key]) => ({
        path,
        key: key!,
      })),
    )
    .filter(({ key }) => !used.has(key) && ![...endings].some(ending => key.endsWith(ending)))
    .map(({ path, key }) => `${path}: nothing says ${key}`)
}

/**
 * What to look at again, and nothing to fail for: long files, and rooms without the file that bears their
 * name.
 */
export function marks(files: readonly SourceFile[]): string[] {
  const source = files.filter(file => /^src\/.*\.tsx?$/.test(file.path))
  const paths = new Set(source.map(file => file.path))
  const rooms = new Set(
    source
      .map(file => file.path.slice(0, file.path.lastIndexOf('/')))
      .filter(folder => !['src', 'src/base', 'src/web/client'].includes(folder)),
  )
  return [
    ...source
      .filter(({ text }) => text.split('\n').length > longest)
      .map(({ path }) => `${path} is longer than ${longest} lines`),
    ...[...rooms]
      .filter(
        room =>
          !paths.has(`${room}/${room.slice(room.lastIndexOf('/') + 1).replace(/s$/, '')}.ts`) &&
          !paths.has(`${room}/${room.slice(room.lastIndexOf('/') + 1)}.ts`),
      )
      .map(room => `${room} has no file that bears its name`),
  ]
}
