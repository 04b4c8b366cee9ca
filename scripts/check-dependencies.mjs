import { globSync } from 'node:fs'
import { cruise } from 'dependency-cruiser'
import configuration from '../.dependency-cruiser.mjs'

const SOURCES = ['packages/*/src/**/*.ts', 'services/*/src/**/*.ts']

const files = globSync(SOURCES).filter((file) => !file.endsWith('.d.ts'))
const { forbidden, options } = configuration
const { output } = await cruise(files, { ...options, ruleSet: { forbidden }, validate: true, outputType: 'json' })
const { modules, summary } = typeof output === 'string' ? JSON.parse(output) : output

const workspaceModules = modules.filter((module) => /^(packages|services)\//.test(module.source))
const packageOf = (path) => path.split('/').slice(0, 2).join('/')
const crossPackage = workspaceModules.flatMap((module) =>
  module.dependencies.filter(
    ({ resolved }) => /^(packages|services)\//.test(resolved) && packageOf(resolved) !== packageOf(module.source),
  ),
)

// A parser that does not understand the sources sees no modules or no imports, and then nothing is ever forbidden.
const blindness = [
  [workspaceModules.length < files.length, `${workspaceModules.length} modules seen of ${files.length} files`],
  [crossPackage.length < 20, `only ${crossPackage.length} imports between packages seen`],
]
for (const [blind, what] of blindness) {
  if (blind) {
    console.error(`dependency check is blind: ${what}`)
    process.exitCode = 1
  }
}

for (const { from, to, rule, cycle } of summary.violations) {
  const comment = forbidden.find(({ name }) => name === rule.name)?.comment
  const path = cycle ? cycle.map(({ name }) => name).join(' -> ') : to
  console.error(`${rule.name}: ${from} -> ${path}${comment ? ` (${comment})` : ''}`)
  process.exitCode = 1
}
console.log(`${workspaceModules.length} modules, ${crossPackage.length} imports between packages`)
