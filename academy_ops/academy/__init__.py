"""The bundled academy system: API, worker, store and autoscaler, to the contract of the real one."""
