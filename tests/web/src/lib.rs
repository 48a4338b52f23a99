//! Nothing: the tests are in `it`, the benchmark in `benches`.
