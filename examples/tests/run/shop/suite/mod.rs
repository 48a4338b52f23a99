//! What the program `shop` does, wherever its data is.

mod counts;
mod disconnects;
mod http;
pub(crate) mod kills;
mod load;
pub(crate) mod requests;
mod service;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(crate) use counts::Row;
pub(crate) use disconnects::clients_that_hang_up_leave_no_half_orders;

use counts::Counts;
pub(crate) use service::Service;

/// What proves an admin.
const ADMIN: (&str, &str) = ("authorization", "Bearer secret");

/// Where a shop's data is.
pub(crate) trait Place: 'static {
    /// The program's file.
    fn program(&self) -> PathBuf;

    /// The folder for mails, and for what else the shop keeps in files.
    fn data(&self) -> &Path;

    /// What tells the program where its database is.
    fn arguments(&self) -> Vec<String>;

    /// What is in the database, whoever else is at it.
    fn orders(&self) -> Vec<Row>;

    /// How many jobs are not done.
    fn jobs_left(&self) -> i64;

    /// A shop that runs; what a killed one held is taken over after 3 seconds.
    fn open(&self, arguments: &[&str]) -> Service {
        Service::start(self, arguments)
    }
}

/// Waits until every job is done. Where they never are, it fails in place of a hang.
#[track_caller]
fn drained(place: &dyn Place) {
    let deadline = Instant::now() + Duration::from_mins(5);
    loop {
        let left = place.jobs_left();
        if left == 0 {
            return;
        }
        assert!(Instant::now() < deadline, "{left} jobs are not done");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Lets a worker do what there is to do, and counts.
#[track_caller]
fn counted(place: &dyn Place) -> Counts {
    let shop = place.open(&[]);
    drained(place);
    let (well, said) = shop.stop();
    assert!(well, "{said}");
    Counts::of(&place.orders(), place.data())
}

/// The names of the mails that are there.
fn mails(place: &dyn Place) -> Vec<String> {
    let files = std::fs::read_dir(place.data().join("mails")).expect("the shop has made it");
    let names = files.map(|file| file.expect("it can be listed").file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().expect("ASCII")).collect();
    names.sort();
    names
}

/// Waits until something is so. Where it never is, it fails in place of a hang.
#[track_caller]
fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(5);
    while !is() {
        assert!(Instant::now() < deadline, "{what} has not happened");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A test for each behaviour of a shop whose place `new` makes.
macro_rules! suite {
    (@requests $attributes:tt $new:expr; $($behaviour:ident)*) => {
        $($crate::shop::suite::suite! { @request $attributes $new; $behaviour })*
    };
    (@request [$($attribute:tt)*] $new:expr; $behaviour:ident) => {
        #[test]
        $($attribute)*
        fn $behaviour() {
            $crate::shop::suite::requests::$behaviour(&$new());
        }
    };
    ($new:expr $(, #[$attribute:meta])*) => {
        $crate::shop::suite::suite! { @requests [$(#[$attribute])*] $new;
            orders_are_placed_shipped_and_cancelled_and_everybody_hears_of_it
            json_is_read_as_forms_are
            an_order_that_fails_has_told_nobody
            an_admin_places_orders_without_a_confirmation
            a_dry_run_shows_what_would_happen_to_those_who_may_ask
            a_migration_tells_nobody
            a_restart_keeps_everything
            pages_say_what_is_there_and_run_no_scripts
        }

        #[test]
        $(#[$attribute])*
        fn clients_that_hang_up_leave_no_half_orders() {
            $crate::shop::suite::clients_that_hang_up_leave_no_half_orders(&$new());
        }

        #[test]
        $(#[$attribute])*
        fn killed_at_every_step_an_order_and_its_effects_are_both_there_or_both_not() {
            $crate::shop::suite::kills::at_every_step($new);
        }

        #[test]
        $(#[$attribute])*
        fn killed_at_200_random_points_under_load() {
            $crate::shop::suite::kills::at_200_random_points_under_load(&$new());
        }
    };
}

pub(crate) use suite;
