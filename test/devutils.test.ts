/**
 * The one front command, as a person finds it: the names it gives when sourced, what it says of .env.deploy, and what
 * it does without one.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { projectRoot } from './testbed/tree.ts'

const folder = mkdtempSync(join(tmpdir(), 'repasse-front-'))
afterAll(() => rmSync(folder, { recursive: true }))
const settings = join(folder, '.env.deploy')

const environment = () =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(DEPLOY_|DOCKER_|DATABASE_URL|STARKBANK_|BITCOIN_)/.test(name),
    ),
  )

function run(
  command: string[],
  env: Record<string, string> = {},
  cwd = folder,
): { code: number | null; out: string; said: string } {
  const { status, stdout, stderr } = spawnSync(command[0]!, command.slice(1), {
    cwd,
    encoding: 'utf8',
    env: { ...environment(), DEPLOY_FILE: settings, ...env },
  })
  return { code: status, out: stdout, said: stderr }
}
const frontCommand = (...args: string[]) => run([join(projectRoot, 'dev-utils.sh'), ...args])

const good: Record<string, string> = { DEPLOY_HOST: 'pay.example.com', DEPLOY_PATH: '/srv/repasse' }
const write = (values: Record<string, string>) =>
  writeFileSync(
    settings,
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )

test('sourced, it gives every name, and leaves the shell as it was', () => {
  const names = [
    'devhelp',
    'buildimage',
    'sendcode',
    'redeploy',
    'logs',
    'status',
    'backup',
    'restore',
    'devdemo',
    'devtest',
    'devcheck',
  ]
  const script = `cd /tmp; before=$-; . "${projectRoot}/dev-utils.sh"; for name in ${names.join(' ')}; do type -t $name; done; [ "$before" = "$-" ] && pwd`
  const { out, said } = run(['bash', '-c', script])
  expect(said).toBe('')
  expect(out.trim().split('\n')).toEqual([...names.map(() => 'function'), '/tmp'])
  expect(run(['bash', '-c', `. "${projectRoot}/dev-utils.sh" && devhelp`]).out).toContain(
    'redeploy [--dirty]',
  )
})

test('in a plain sh it gives them too, and they do their work', () => {
  const script = `. "${projectRoot}/dev-utils.sh"; redeploy; echo "code $?"`
  const { out, said } = run(['bash', '--posix', '-c', script], { DEPLOY_FILE: join(folder, 'none') })
  expect(out).toContain('code 1')
  expect(said).toContain('none is not there: copy .env.deploy.example and fill it')
})

test('the settings of the containers are still their owner’s alone once a release has written its version there [security A13]', () => {
  const script = `umask 022; mkdir docker; echo PASSWORD=secret >docker/.env
    . "${projectRoot}/infra/host/running.sh"; keep_version 7; cat docker/.env; stat -c %a docker/.env`
  const place = mkdtempSync(join(folder, 'host-'))
  expect(run(['bash', '-c', script], {}, place)).toEqual({
    code: 0,
    out: 'PASSWORD=secret\nREPASSE_VERSION=7\n600\n',
    said: '',
  })
})

test('an unknown command is told, with those there are', () => {
  const { code, said } = frontCommand('deploy')
  expect(code).toBe(2)
  expect(said).toContain(`there is no command 'deploy'`)
  expect(said).toContain('buildimage')
})

test('without .env.deploy status and backup speak of the installation in this folder', () => {
  const app = mkdtempSync(join(folder, 'installation-'))
  const env = { DEPLOY_FILE: join(folder, 'none'), DATABASE_URL: `sqlite:${join(app, 'repasse.db')}` }
  const status = run([join(projectRoot, 'dev-utils.sh'), 'status', '--json'], env, app)
  expect(status.code, status.said).toBe(0)
  expect(JSON.parse(status.out)).toMatchObject({ addsUp: true })
  const backup = run([join(projectRoot, 'dev-utils.sh'), 'backup', join(app, 'copy.db')], env, app)
  expect(backup.code, backup.said).toBe(0)
  expect(readFileSync(join(app, 'copy.db')).subarray(0, 15).toString()).toBe('SQLite format 3')
  expect(run([join(projectRoot, 'dev-utils.sh'), 'logs', '--json'], env, app).out.trim()).toBe('[]')
})

describe('.env.deploy', () => {
  // What is asked for first is the tree, so every command that gets so far has read the settings.
  const judged = (...args: string[]) => frontCommand('redeploy', ...args)

  test('tells every fault at once, and what was meant', () => {
    const missing = join(folder, 'no-key')
    write({
      DEPLOY_HOST: '-oProxyCommand=touch x',
      DEPLOY_PORT: '70000',
      DEPLOY_USER: 'a b',
      DEPLOY_PATH: 'srv;reboot',
      DEPLOY_COMPOSE: 'docker/compose.yaml docker/compost.yaml',
      DEPLOY_PROJECT: 'Repasse',
      DEPLOY_PLATFORM: 'linux/i386',
      DEPLOY_KEEP: '1',
      DEPLOY_READY_SECONDS: 'soon',
      DEPLOY_KEY: missing,
      DEPLOY_PAHT: '/srv',
      DEPLOY_HOSTS: 'a',
    })
    const { code, said } = judged()
    expect(code).toBe(1)
    expect(said).toContain('has 12 faults')
    for (const fault of [
      'DEPLOY_HOST is "-oProxyCommand=touch x"',
      'DEPLOY_PORT is "70000": expected a port from 1 to 65535',
      'DEPLOY_USER is "a b"',
      'DEPLOY_PATH is "srv;reboot": expected a folder of the host from its root',
      'DEPLOY_COMPOSE names "docker/compost.yaml"',
      'DEPLOY_PROJECT is "Repasse"',
      'DEPLOY_PLATFORM is "linux/i386"',
      'DEPLOY_KEEP is "1"',
      'DEPLOY_READY_SECONDS is "soon"',
      `DEPLOY_KEY is "${missing}", which cannot be read`,
      'DEPLOY_PAHT is not a setting: did you mean DEPLOY_PATH?',
      'DEPLOY_HOSTS is not a setting: did you mean DEPLOY_HOST?',
    ])
      expect(said).toContain(fault)
  })

  test.each([
    [
      'is read as text and never run',
      'DEPLOY_HOST=$(touch pwned)\nDEPLOY_PATH=`touch pwned`\n',
      'has 2 faults',
    ],
    [
      'says which line is none',
      'DEPLOY_HOST=a.example\nwhat is this\n',
      'line 2 is no NAME=VALUE: what is this',
    ],
    ['knows what is far from every name', 'DEPLOY_HOST=a.example\nCOLOUR=red\n', 'COLOUR is not a setting\n'],
    ['asks for the host', '# nothing\n\n', 'DEPLOY_HOST is "": expected the host'],
  ])('%s', (_, text, says) => {
    writeFileSync(settings, text)
    const { code, said } = judged()
    expect(code).toBe(1)
    expect(said).toContain(says)
    expect(run(['ls', '-a'], {}, folder).out).not.toContain('pwned')
  })

  test('takes quotes, comments and Windows’ line ends, and the environment wins over it', () => {
    writeFileSync(
      settings,
      '# where\r\n  # indented\r\nDEPLOY_HOST="pay.example.com"\r\nDEPLOY_PATH=\'/srv/x\'\r\nDEPLOY_PORT=2222\r\n',
    )
    const { said } = run([join(projectRoot, 'dev-utils.sh'), 'redeploy'], { DEPLOY_PORT: 'x' })
    expect(said).toContain('DEPLOY_PORT is "x"')
    expect(said).toContain('has 1 fault:')
  })

  test('the example is well but for a host of one’s own', () => {
    cpSync(join(projectRoot, '.env.deploy.example'), settings)
    expect(
      run([
        'bash',
        '-c',
        `REPASSE_ROOT="${projectRoot}"; _repasse_fail() { echo "$*"; }; . "${projectRoot}/infra/deploy.sh"; _deploy_read && echo "$DEPLOY_HOST $DEPLOY_PORT $DEPLOY_PATH"`,
      ]).out,
    ).toBe('pay.example.com 22 /srv/repasse\n')
  })
})

describe('a release', () => {
  const project = join(folder, 'project')
  const bin = join(folder, 'bin')
  const git = (...args: string[]) =>
    run(['git', '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], {}, project)
  /** Stands where a program would be, so that none of the machine's is asked. */
  const stand = (name: string, script: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  const here = (...args: string[]) =>
    run(
      ['./dev-utils.sh', ...args],
      { PATH: `${bin}:${process.env['PATH']}`, DEPLOY_FILE: join(project, '.env.deploy') },
      project,
    )

  beforeEach(() => {
    rmSync(project, { recursive: true, force: true })
    rmSync(bin, { recursive: true, force: true })
    for (const part of ['infra', 'docker', 'migrations', 'dev-utils.sh', '.gitignore'])
      cpSync(join(projectRoot, part), join(project, part), { recursive: true })
    mkdirSync(bin)
    git('init', '--quiet')
    git('add', '--all')
    git('commit', '--quiet', '--message', 'one')
    write(good)
    cpSync(settings, join(project, '.env.deploy'))
  })

  test('has the commit as its name, and a tree with changes is refused unless --dirty says so', () => {
    stand('docker', 'echo "$*" >>"$(dirname "$0")/asked"; case "$1" in image) exit 1;; esac')
    const head = git('rev-parse', '--short=12', 'HEAD').out.trim()
    const clean = here('buildimage')
    expect([clean.code, clean.out.trim()]).toEqual([0, head])
    const asked = readFileSync(join(bin, 'asked'), 'utf8')
    expect(asked).toContain(`--target app --tag repasse:${head}`)
    expect(asked).toContain(`--target nginx --tag repasse-nginx:${head}`)

    writeFileSync(join(project, 'new-file'), 'x')
    const dirty = here('buildimage')
    expect([dirty.code, dirty.out]).toEqual([1, ''])
    expect(dirty.said).toContain('?? new-file')
    expect(dirty.said).toContain('commit them, or add --dirty')
    const named = here('buildimage', '--dirty').out.trim()
    expect(named).toMatch(new RegExp(`^${head}-dirty-[0-9a-f]{8}$`))
    expect(here('buildimage', '--dirty').out.trim()).toBe(named)
    writeFileSync(
      join(project, 'dev-utils.sh'),
      `${readFileSync(join(project, 'dev-utils.sh'), 'utf8')}# more\n`,
    )
    expect(here('buildimage', '--dirty').out.trim()).not.toBe(named)
  })

  test('is not built again when it is there, and a build that fails says its last words', () => {
    stand('docker', 'case "$1" in image) exit 0;; build) echo "was asked to build"; exit 1;; esac')
    expect(here('buildimage').said).toContain('was built already')
    stand('docker', 'case "$1" in image) exit 1;; build) echo "no space left on device"; exit 1;; esac')
    const failed = here('buildimage')
    expect(failed.code).toBe(1)
    expect(failed.said).toContain('no space left on device')
    expect(failed.said).toMatch(/repasse:\w+ could not be built/)
  })

  test('needs an engine here and a host that can be reached, and says which is wanting', () => {
    stand('docker', 'exit 1')
    expect(here('redeploy').said).toContain('its engine does not answer')
    stand('docker', 'exit 0')
    stand('ssh', 'echo "ssh: connect to host pay.example.com port 22: Connection refused" >&2; exit 255')
    const refused = here('redeploy')
    expect(refused.code).toBe(1)
    expect(refused.said).toContain('Connection refused')
    expect(refused.said).toContain('pay.example.com cannot be reached by ssh on port 22')
    expect(here('backup', join(folder, 'none.backup')).said).toContain('no backup was made')
    expect(here('status').code).toBe(255)
  })

  test.each(['buildimage', 'sendcode', 'redeploy'])('%s takes no word it does not know', command => {
    stand('docker', 'exit 0')
    const { code, said } = here(command, '--fast')
    expect(code).toBe(2)
    expect(said).toContain('--fast')
  })

  test('asks before it replaces the books of the host', () => {
    stand('ssh', 'echo called >&2; exit 1')
    writeFileSync(join(folder, 'a.backup'), 'x')
    const { code, said } = here('restore', join(folder, 'a.backup'))
    expect(code).toBe(2)
    expect(said).toContain('this replaces the books of pay.example.com')
    expect(said).not.toContain('called')
    expect(here('restore', join(folder, 'none')).said).toContain('name the file that backup wrote')
    writeFileSync(join(folder, 'a.age'), 'age-encryption.org/v1\n…')
    expect(here('restore', join(folder, 'a.age'), '--force').said).toContain(
      'is encrypted: --identity FILE names its secret key',
    )
    expect(
      here('restore', join(folder, 'a.backup'), '--force', '--identity', join(folder, 'a.age')).said,
    ).toContain('leave --identity out')
  })
})

test('a link to it is the same command', () => {
  const link = join(folder, 'front')
  symlinkSync(join(projectRoot, 'dev-utils.sh'), link)
  expect(run([link, 'help']).out).toContain('Repasse, for whoever works on it')
})
