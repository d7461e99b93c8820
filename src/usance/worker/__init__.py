"""The worker: queued and periodic work, done at least once.

Owns: taking jobs from the queue, calling the flow of each kind, retries, the hourly billing run.
Does not own: asking for a job (store.jobs, in the caller's transaction), what a job does (flows).

Always true:
- a job is done at least once: a worker may die after the work and before saying so, and then
  another does it again, so every handler is idempotent by the domain's unique keys;
- what may get better is tried again, later and later; what failed for good is logged and kept;
- the jobs of a killed worker are taken over within a minute;
- an hour's billing run is asked for once a tenant, however many workers there are;
- a worker told to stop finishes the job in its hands, and takes no other.

Start reading at `loop.work`, then `handlers`.
"""
