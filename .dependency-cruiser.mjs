/**
 * Dependencies point one way: each layer imports only from layers above it in this list, and packages of one layer do
 * not import each other (so services never do).
 */
const layers = [
  ['packages/contracts'],
  [
    'packages/bus',
    'packages/credential-vault',
    'packages/database',
    'packages/payload-decoders',
    'packages/service-runtime',
  ],
  ['packages/socket-mqtt-client'],
  ['services/config-api', 'services/mqtt-gateway', 'services/telemetry-writer'],
  ['packages/benchmarks', 'packages/cli', 'packages/console', 'packages/end-to-end', 'packages/local-stack'],
]

const WORKSPACE = '^(?:packages|services)/'
const TESTING = '^packages/testing/'
/** Files that run only in tests. A conformance suite beside a port is run by the tests of its implementations. */
const TEST_CODE = String.raw`\.test\.ts$|\.conformance\.ts$|/src/testing/|^packages/(?:end-to-end|benchmarks|testing)/`

const anyOf = (folders) => `^(?:${folders.join('|')})/`

const directions = layers.map((layer, index) => ({
  name: `direction-of-${layer.map((folder) => folder.split('/')[1]).join('-')}`,
  comment: `may import only itself and: ${layers.slice(0, index).flat().join(', ') || 'nothing'}`,
  severity: 'error',
  from: { path: `^(${layer.join('|')})/` },
  to: { path: WORKSPACE, pathNot: [...layers.slice(0, index).map(anyOf), '^$1/', TESTING] },
}))

export default {
  forbidden: [
    ...directions,
    {
      name: 'every-package-has-a-layer',
      comment: 'a new package must be placed in the list of layers',
      severity: 'error',
      from: { path: WORKSPACE, pathNot: [anyOf(layers.flat()), TESTING] },
      to: {},
    },
    {
      name: 'testing-is-for-tests',
      comment: 'production code must not import test servers',
      severity: 'error',
      from: { path: WORKSPACE, pathNot: TEST_CODE },
      to: { path: [TESTING, '/src/testing/'] },
    },
    {
      name: 'testing-stands-alone',
      comment: 'test servers know nothing of the product, so every package can use them',
      severity: 'error',
      from: { path: TESTING },
      to: { path: WORKSPACE, pathNot: TESTING },
    },
    {
      name: 'no-test-is-imported',
      severity: 'error',
      from: {},
      to: { path: String.raw`\.test\.ts$` },
    },
    {
      name: 'no-development-dependency-in-production',
      comment: 'images are pruned to production dependencies',
      severity: 'error',
      from: { path: WORKSPACE, pathNot: TEST_CODE },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm', 'type-only'] },
    },
    {
      name: 'no-cycles',
      comment: 'at run time; a cycle through an `import type` is gone after type stripping',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'everything-resolves',
      comment: 'what does not resolve is not checked; packages from outside are left to the type checker',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, path: String.raw`^(?:\.|@iomt/)` },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/node_modules/.*/node_modules/' },
    // TypeScript 7 has no parser that dependency-cruiser understands.
    parser: 'swc',
    tsPreCompilationDeps: true,
    detectJSDocImports: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
}
