//! Queues in PostgreSQL with older versions. `tests/live.sh` starts the server, and runs these after the live suite.

mod older_versions;
