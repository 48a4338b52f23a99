#[derive(airlock::Task)]
enum Job {
    Sync,
}

#[derive(airlock::Task)]
struct Positional(u64);

#[derive(airlock::Task)]
struct Unit;

#[derive(airlock::Task)]
#[task]
struct WithoutOptions {
    id: u64,
}

#[derive(airlock::Task)]
#[task(nmae = "job")]
struct Misspelt {
    id: u64,
}

#[derive(airlock::Task)]
struct Generic<T> {
    id: T,
}

#[derive(airlock::Task)]
struct Borrowing<'a> {
    name: &'a str,
}

#[derive(serde::Serialize, airlock::Task)]
struct Renamed {
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[task(secert)]
    token: String,
}

#[derive(serde::Serialize, airlock::Task)]
#[serde(tag = "kind")]
struct Tagged {
    id: u64,
}

fn main() {}
