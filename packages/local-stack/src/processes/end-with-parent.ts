// Preloaded into every Node process of the stack (`node --import`): ends it when the supervisor is gone, even by SIGKILL.
// The channel to the supervisor closes then, whatever the reason; it keeps no process alive.
process.on('disconnect', () => {
  process.kill(process.pid, 'SIGTERM')
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), 8_000).unref()
})
process.channel?.unref()
