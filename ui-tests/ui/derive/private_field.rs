mod jobs {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Hidden;

    #[derive(airlock::Task)]
    pub struct Ship {
        order: Hidden,
    }
}

fn main() {}
