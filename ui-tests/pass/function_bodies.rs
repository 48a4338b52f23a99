//! Tasks in the bodies of functions, methods, closures and constants.

use airlock::{Task, TaskSet, tasks};

struct Shop;

impl Shop {
    fn tasks(&self) -> TaskSet {
        #[airlock::task(name = "method.send")]
        fn send(order_id: u64) {
            let _ = order_id;
        }

        let Self = self;
        tasks![send]
    }
}

const IN_A_CONSTANT: fn() -> TaskSet = {
    #[airlock::task(name = "constant.send")]
    fn send(order_id: u64) {
        let _ = order_id;
    }

    || tasks!["send"]
};

#[test]
fn each_is_a_task_of_its_own() {
    #[airlock::task(name = "outer.send")]
    fn send(order_id: u64) {
        let _ = order_id;
    }

    #[airlock::scoped(policy = BlockTasks(send))]
    fn checkout() -> Result<(), Box<dyn std::error::Error>> {
        Ok(send::enqueue(42)?)
    }

    let inner = || {
        #[airlock::task(name = "inner.send")]
        fn send(address: String) {
            let _ = address;
        }
        assert_eq!(send::NAME, "inner.send");
        tasks![send]
    };
    checkout().expect("it is blocked");
    for (set, name) in [
        (tasks![send], "outer.send"),
        (inner(), "inner.send"),
        (Shop.tasks(), "method.send"),
        (IN_A_CONSTANT(), "constant.send"),
    ] {
        assert_eq!(set.iter().map(airlock::TaskInfo::name).collect::<Vec<_>>(), [name]);
    }
}
