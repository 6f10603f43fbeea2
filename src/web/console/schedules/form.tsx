/** The form of a schedule: one for a new one and for the next version of one that is there. */
import type { ComponentChildren } from 'preact'
import type { Millis } from '../../../base/world.ts'
import { accountKindOf, hasPayTerms, isOnChain } from '../../../base/rails.ts'
import type { ScheduleRow } from '../../../schedule/schedule.ts'
import type { AccountRow, Stop } from '../../../payout/payout.ts'
import type { Person } from '../../../people/people.ts'
import type { Language } from '../../page/page.ts'
import { Faults, Field, Notice, Select, TextArea } from '../../page/parts.tsx'
import { ActForm, Frame } from '../frame/frame.tsx'
import { Preview } from './preview.tsx'
import { dueUnits } from './readForm.ts'
import { everyHours, presets, readWhen, type FieldFaults, type Values } from './when.ts'
import { frameWords } from '../frame/words.ts'
import { accountWords } from '../accounts/words.ts'
import { scheduleFormWords } from './formWords.ts'

interface Parts {
  lang: Language
  person: Person
  stopped: Stop | undefined
  now: Millis
  values: Values
  faults?: FieldFaults
  accounts: readonly AccountRow[]
  mayMakeUp: boolean
  /** The schedule that is edited, as it is now. */
  edited?: ScheduleRow
  /** What is wrong with the code that was sent. */
  codeFault?: string
  /** Somebody else made a version meanwhile: what it says, beside what is filled in. */
  theirs?: Values
}

export function ScheduleForm({
  lang,
  person,
  stopped,
  now,
  values,
  faults = {},
  codeFault,
  accounts,
  mayMakeUp,
  edited,
  theirs,
}: Parts) {
  const say = scheduleFormWords[lang]
  const path = edited ? `/console/schedules/${encodeURIComponent(edited.name)}` : '/console/schedules'
  const field = (name: string) => ({ name, value: values[name], fault: faults[name] })
  const { when } = readWhen(values, lang)
  /** The rail of a new schedule is chosen in the form, so every field is there. */
  const mayBe = (fact: (rail: string) => boolean) => !edited || fact(edited.rail)
  return (
    <Frame
      {...{ lang, person, stopped, here: 'schedules' }}
      title={edited ? say.editTitle(edited.name) : say.newTitle}
      scripts={['consoleSchedule.js']}
    >
      <Faults title={frameWords[lang].faults} faults={faults} />
      {codeFault !== undefined && <Notice tone="bad">{codeFault}</Notice>}
      {theirs && edited && (
        <Stale {...{ lang, version: `${edited.version}`, theirs, yours: values, accounts }} />
      )}
      {edited && !theirs && <Notice tone="still">{say.editTold}</Notice>}
      <div class="beside" data-preview="/console/schedules/preview">
        <ActForm
          {...{ lang, person, act: edited ? 'schedule.edit' : 'schedule.add' }}
          action={edited ? `${path}/edit` : `${path}/new`}
          file
        >
          {edited && <input type="hidden" name="version" value={`${edited.version}`} />}
          {!edited && (
            <Field {...field('name')} label={say.name} hint={say.nameHint} required maxLength={63} />
          )}
          <WhenFields {...{ lang, values, faults }} />
          <Preview {...{ lang, now, when }} />
          <Group legend={say.what}>
            {!edited && <Select {...field('rail')} label={say.rail} options={optionsOf(say.rails)} />}
            {mayBe(isOnChain) && (
              <Select
                {...field('currency')}
                label={say.currency}
                hint={say.currencyHint}
                options={optionsOf(say.currencies)}
              />
            )}
          </Group>
          <Group legend={say.who}>
            {mayMakeUp ? (
              <Radios
                {...{
                  name: 'payers',
                  values,
                  fault: faults['payers'],
                  words: say.payers,
                  keys: ['roster', 'random'],
                }}
              />
            ) : (
              <input type="hidden" name="payers" value="roster" />
            )}
            <TextArea {...field('roster')} label={say.roster} hint={say.rosterHint} maxLength={1_000_000} />
            <div class="field">
              <label for="rosterFile">{say.rosterFile}</label>
              <p class="hint" id="rosterFile-hint">
                {say.rosterFileHint}
              </p>
              <input
                {...{ type: 'file', id: 'rosterFile', name: 'rosterFile' }}
                accept=".csv,.xlsx,text/csv,text/plain,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
                aria-describedby="rosterFile-hint"
              />
            </div>
            {(faults['repeats'] !== undefined || values['repeats']) && (
              <div class={faults['repeats'] ? 'field wrong' : 'field'}>
                <label class="choice">
                  <input
                    {...{
                      type: 'checkbox',
                      id: 'repeats',
                      name: 'repeats',
                      value: '1',
                      checked: values['repeats'] === '1',
                    }}
                    aria-describedby={faults['repeats'] ? 'repeats-fault' : undefined}
                  />{' '}
                  {say.repeats}
                </label>
                {faults['repeats'] && (
                  <p class="fault" id="repeats-fault">
                    {faults['repeats']}
                  </p>
                )}
              </div>
            )}
            {mayMakeUp && (
              <>
                <div class="pair">
                  <Field
                    {...field('countLow')}
                    label={say.countLow}
                    hint={say.randomHint}
                    inputMode="numeric"
                    maxLength={6}
                  />
                  <Field {...field('countHigh')} label={say.countHigh} inputMode="numeric" maxLength={6} />
                </div>
                <div class="pair">
                  <Field {...field('low')} label={say.low} inputMode="decimal" maxLength={30} />
                  <Field {...field('high')} label={say.high} inputMode="decimal" maxLength={30} />
                </div>
              </>
            )}
          </Group>
          <Group legend={say.then}>
            <div class="pair">
              <Field {...field('due')} label={say.due} required inputMode="numeric" maxLength={20} />
              <Select
                {...field('dueUnit')}
                label={say.dueUnit}
                options={dueUnits.map(unit => [unit, say.dueUnits[unit]])}
              />
            </div>
            {mayBe(isOnChain) && (
              <Field
                {...field('watch')}
                label={say.watch}
                hint={say.watchHint}
                inputMode="numeric"
                maxLength={20}
              />
            )}
            <Accounts {...{ lang, field: field('account'), accounts, rail: edited?.rail }} />
            <Field
              {...field('commission')}
              label={say.commission}
              hint={say.commissionHint}
              inputMode="decimal"
              maxLength={10}
            />
            <Field
              {...field('least')}
              label={say.least}
              hint={say.leastHint}
              inputMode="decimal"
              maxLength={30}
            />
            {mayBe(hasPayTerms) && (
              <>
                <div class="pair">
                  <Field
                    {...field('fine')}
                    label={say.fine}
                    hint={say.fineHint}
                    inputMode="decimal"
                    maxLength={10}
                  />
                  <Field
                    {...field('interest')}
                    label={say.interest}
                    hint={say.interestHint}
                    inputMode="decimal"
                    maxLength={10}
                  />
                </div>
                <Field {...field('discount')} label={say.discount} hint={say.discountHint} maxLength={120} />
                <Field
                  {...field('expires')}
                  label={say.expires}
                  hint={say.expiresHint}
                  inputMode="numeric"
                  maxLength={20}
                />
              </>
            )}
            <Select {...field('catchUp')} label={say.catchUp} options={optionsOf(say.catchUps)} />
          </Group>
          <p class="actions">
            <button>{edited ? say.save : say.create}</button>
            <button class="plain" name="preview" value="1" formnovalidate>
              {say.preview}
            </button>
            <a class="button plain" href={path}>
              {say.cancel}
            </a>
          </p>
        </ActForm>
      </div>
    </Frame>
  )
}

const optionsOf = (words: Readonly<Record<string, string>>): (readonly [string, string])[] =>
  Object.entries(words)

const Group = ({ legend, children }: { legend: string; children: ComponentChildren }) => (
  <fieldset>
    <legend>{legend}</legend>
    {children}
  </fieldset>
)

interface RadioParts {
  name: string
  values: Values
  fault: string | undefined
  words: Readonly<Record<string, string>>
  keys: readonly string[]
}

/** The first bears the group's name as its id, which is where a fault leads. */
const Radios = ({ name, values, fault, words, keys }: RadioParts) => (
  <div class={fault ? 'field wrong' : 'field'}>
    {keys.map((key, place) => (
      <p>
        <label class="choice">
          <input
            type="radio"
            id={place === 0 ? name : `${name}-${key}`}
            name={name}
            value={key}
            checked={values[name] === key}
            aria-describedby={fault ? `${name}-fault` : undefined}
          />{' '}
          {words[key]}
        </label>
      </p>
    ))}
    {fault && (
      <p class="fault" id={`${name}-fault`}>
        {fault}
      </p>
    )}
  </div>
)

function WhenFields({ lang, values, faults }: { lang: Language; values: Values; faults: FieldFaults }) {
  const say = scheduleFormWords[lang]
  const field = (name: string) => ({ name, value: values[name], fault: faults[name] })
  return (
    <Group legend={say.when}>
      <Radios {...{ name: 'preset', values, fault: faults['preset'], words: say.presets, keys: presets }} />
      <div class="pair">
        <Field {...field('at')} label={say.at} placeholder="09:00" maxLength={5} />
        <Field {...field('day')} label={say.day} inputMode="numeric" maxLength={2} />
      </div>
      <Select
        {...field('every')}
        label={say.every}
        options={everyHours.map(hours => [`${hours}`, say.everyHour(hours)])}
      />
      <Field {...field('cron')} label={say.cron} hint={say.cronHint} maxLength={120} />
      <Zone {...{ lang, ...field('zone') }} />
      <Field {...field('starts')} label={say.starts} hint={say.startsHint} type="datetime-local" />
      <Field {...field('ends')} label={say.ends} hint={say.endsHint} type="datetime-local" />
    </Group>
  )
}

/**
 * Those of Brazil, and the best known of each part of the world; the page's module adds every other the
 * browser knows.
 */
const zones = [
  ...[
    'America/Sao_Paulo',
    'America/Manaus',
    'America/Cuiaba',
    'America/Rio_Branco',
    'America/Noronha',
    'America/Bahia',
    'America/Fortaleza',
  ],
  ...[
    'America/Recife',
    'America/Belem',
    'America/Campo_Grande',
    'America/Porto_Velho',
    'America/Boa_Vista',
    'America/Maceio',
    'UTC',
  ],
  ...[
    'America/Argentina/Buenos_Aires',
    'America/Santiago',
    'America/Bogota',
    'America/Mexico_City',
    'America/New_York',
    'America/Los_Angeles',
  ],
  ...[
    'Europe/Lisbon',
    'Europe/London',
    'Europe/Madrid',
    'Europe/Berlin',
    'Africa/Luanda',
    'Africa/Maputo',
    'Asia/Tokyo',
    'Asia/Shanghai',
  ],
]

const Zone = ({
  lang,
  name,
  value,
  fault,
}: {
  lang: Language
  name: string
  value: string | undefined
  fault: string | undefined
}) => {
  const say = scheduleFormWords[lang]
  return (
    <div class={fault ? 'field wrong' : 'field'}>
      <label for={name}>{say.zone}</label>
      <p class="hint" id={`${name}-hint`}>
        {say.zoneHint}
      </p>
      <input
        {...{ type: 'text', id: name, name, value, required: true, maxLength: 60, list: 'zones' }}
        autocomplete="off"
        spellcheck={false}
        aria-invalid={fault ? 'true' : undefined}
        aria-describedby={fault ? `${name}-hint ${name}-fault` : `${name}-hint`}
      />
      <datalist id="zones">
        {zones.map(zone => (
          <option value={zone} />
        ))}
      </datalist>
      {fault && (
        <p class="fault" id={`${name}-fault`}>
          {fault}
        </p>
      )}
    </div>
  )
}

interface AccountsParts {
  lang: Language
  field: { name: string; value: string | undefined; fault: string | undefined }
  accounts: readonly AccountRow[]
  rail: ScheduleRow['rail'] | undefined
}

function Accounts({ lang, field, accounts, rail }: AccountsParts) {
  const say = scheduleFormWords[lang]
  const fit = accounts.filter(
    ({ id, kind, state }) =>
      (id === field.value || state !== 'closed') && (rail === undefined || kind === accountKindOf(rail)),
  )
  if (fit.length === 0)
    return (
      <div class={field.fault ? 'field wrong' : 'field'} id={field.name}>
        <p class={field.fault ? 'fault' : undefined}>{say.noAccount}</p>
        <a href="/console/accounts/new">{say.addAccount}</a>
      </div>
    )
  const told = ({ name, kind, state }: AccountRow) =>
    `${name} · ${accountWords[lang].kinds[kind]}${state === 'awaiting' ? ` · ${say.awaiting}` : ''}`
  return (
    <Select
      {...field}
      label={say.account}
      hint={say.accountHint}
      options={[['', '—'] as const, ...fit.map(account => [account.id, told(account)] as const)]}
    />
  )
}

interface StaleParts {
  lang: Language
  version: string
  theirs: Values
  yours: Values
  accounts: readonly AccountRow[]
}

/** Fields that say the same twice, or are not of the rule. */
const beside = ['csrf', 'version', 'preview', 'code', 'name', 'rail', 'rosterFile', 'repeats']

function Stale({ lang, version, theirs, yours, accounts }: StaleParts) {
  const say = scheduleFormWords[lang]
  const labels: Readonly<Record<string, string>> = {
    ...{
      preset: say.when,
      at: say.at,
      day: say.day,
      every: say.every,
      cron: say.cron,
      zone: say.zone,
      starts: say.starts,
      ends: say.ends,
    },
    ...{
      currency: say.currency,
      payers: say.who,
      roster: say.roster,
      countLow: say.countLow,
      countHigh: `${say.countLow} … ${say.countHigh}`,
    },
    ...{
      low: say.low,
      high: `${say.low} … ${say.high}`,
      due: say.due,
      dueUnit: say.dueUnit,
      watch: say.watch,
      account: say.account,
    },
    ...{ commission: say.commission, least: say.least, catchUp: say.catchUp },
    ...{ fine: say.fine, interest: say.interest, discount: say.discount, expires: say.expires },
  }
  const words: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    ...{
      preset: say.presets,
      currency: say.currencies,
      payers: say.payers,
      dueUnit: say.dueUnits,
      catchUp: say.catchUps,
    },
    account: Object.fromEntries(accounts.map(({ id, name }) => [id, name])),
  }
  const told = (name: string, value: string) =>
    value === ''
      ? say.empty
      : name === 'roster'
        ? say.rosterLines(value.trim().split('\n').length)
        : (words[name]?.[value] ?? value)
  const names = Object.keys(labels).filter(name => !beside.includes(name) && yours[name] !== undefined)
  const differ = names.filter(name => (theirs[name] ?? '').trim() !== (yours[name] ?? '').trim())
  return (
    <>
      <Notice tone="bad">{say.stale(version)}</Notice>
      <table class="cards">
        <thead>
          <tr>
            {[say.staleHeads.field, say.staleHeads.theirs, say.staleHeads.yours].map(head => (
              <th scope="col">{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {differ.map(name => (
            <tr>
              <th scope="row" data-label={say.staleHeads.field}>
                {labels[name]}
              </th>
              <td data-label={say.staleHeads.theirs}>{told(name, theirs[name] ?? '')}</td>
              <td data-label={say.staleHeads.yours}>{told(name, yours[name] ?? '')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}
