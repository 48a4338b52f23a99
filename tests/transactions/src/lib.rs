//! What the tests of transactions share with the programs that they start.
