// Health check of a container: exit code 0 when the service in it is ready.
const response = await fetch(`http://127.0.0.1:${process.env.PORT}/readyz`, { signal: AbortSignal.timeout(4_000) })
process.exitCode = response.ok ? 0 : 1
