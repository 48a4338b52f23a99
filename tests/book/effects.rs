use airlock as effects;

// the block

fn main() {}
