/**
 * The program is made of the packages that the lockfile pins, and none of them runs a script when it is
 * installed.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot } from './testbed/tree.ts'

const read = (file: string) => readFileSync(join(projectRoot, file), 'utf8')
interface Packages {
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  optionalDependencies?: Record<string, string>
}
const {
  dependencies,
  devDependencies,
  optionalDependencies = {},
} = JSON.parse(read('package.json')) as Packages

test('packages have one version and their digest each [security 16]', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { version: string; integrity?: string; link?: true }>
  }
  const loose = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }).filter(
    ([name, version]) => !/^\d/.test(version) || packages[`node_modules/${name}`]?.version !== version,
  )
  expect(loose).toEqual([])
  const open = Object.entries(packages).filter(
    ([path, { integrity }]) => path !== '' && integrity?.startsWith('sha512-') !== true,
  )
  expect(open.map(([path]) => path)).toEqual([])
})

test('at most thirty are named by us [security 16]', () => {
  expect(Object.keys(dependencies).length).toBeLessThanOrEqual(30)
})

test.each(['docker/Dockerfile', 'dev-utils.sh', '.github/workflows/advisories.yml'])(
  'none runs a script when %s installs it [security 16 A14]',
  file => {
    const installs = read(file)
      .split('\n')
      .filter(line => /\bnpm (?:ci|install|i)\b/.test(line) && !/^\s*#|_repasse_(?:say|fail)/.test(line))
    expect(installs.length).toBeGreaterThan(0)
    expect(installs.filter(line => !line.includes('--ignore-scripts'))).toEqual([])
  },
)

test('an image is taken by its version, never by a name that moves [security 16 A14]', () => {
  const images = [...read('docker/Dockerfile').matchAll(/^ARG \w+_IMAGE=(\S+)/gm)].map(([, image]) => image!)
  expect(images).toHaveLength(3)
  expect(
    images.filter(image => !/:\d+\.\d+(?:\.\d+)?-[a-z-]+(?:@sha256:[0-9a-f]{64})?$/.test(image)),
  ).toEqual([])
})
