import { compareAndSetStoreConformance } from './compare-and-set-store.conformance.ts'
import { createInMemoryStore } from './compare-and-set-store.in-memory.ts'

compareAndSetStoreConformance(async () => createInMemoryStore())
