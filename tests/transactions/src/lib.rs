//! What the tests of transactions share: a program that places orders and kills itself where told.

pub mod driver;
pub mod placing;
