//! What holds for every engine: one list, and in each file what it comes down to.
//!
//! An engine says in `airlock_live` what it promises, and whether it refuses an option: then that is what is
//! tested.

pub(crate) mod boundary;
pub(crate) mod connections;
pub(crate) mod dead_letters;
pub(crate) mod delays;
pub(crate) mod locked_tables;
pub(crate) mod lost_workers;
pub(crate) mod options;
pub(crate) mod poison;
pub(crate) mod retries;
pub(crate) mod rows;
pub(crate) mod sending;
pub(crate) mod settling;
pub(crate) mod tables;
pub(crate) mod unique_keys;
pub(crate) mod workers;

/// A test for each behaviour of an engine, in a `file` or on a `server`, that `sends`, that has Rust workers
/// (`works`), whose queues are `tables`, `postgres_tables` at that, or apalis' `rows`.
macro_rules! conforms {
    ($place:ident $engine:ty: $($kind:ident)+) => {
        $($crate::engines::behaviours::conforms!(@$kind $place $engine);)+
    };
    (@sends $place:ident $engine:ty) => {
        $crate::engines::behaviours::tests! { $place $engine:
            sending::sync_code_flushes_from_any_thread
            options::each_option_is_taken_or_refused_by_name
        }
        $crate::engines::behaviours::conforms!(@sends_over_a_connection $place $engine);
    };
    (@sends_over_a_connection file $engine:ty) => {};
    (@sends_over_a_connection server $engine:ty) => {
        $crate::engines::behaviours::tests! { server $engine:
            connections::a_url_that_nobody_answers_is_named_without_its_password
            connections::a_flush_over_a_lost_connection_is_handed_back_and_the_next_one_leaves
        }
    };
    (@works $place:ident $engine:ty) => {
        $crate::engines::behaviours::tests! { $place $engine:
            sending::arguments_arrive_as_they_were
            sending::a_log_of_messages_has_no_arguments
            sending::ten_thousand_of_one_flush_run_once_each_and_in_order
            sending::flushes_keep_their_order_among_one_another
            sending::a_large_flush_keeps_the_order_of_each_queue
            sending::a_worker_takes_from_its_own_queues_only
            options::the_highest_priority_goes_first_and_equal_ones_in_order
            options::a_time_in_the_past_is_now
            options::a_task_is_tried_as_often_as_its_intent_says
            options::what_has_expired_is_kept_and_runs_when_it_is_put_back
            delays::a_message_starts_when_it_is_due_whatever_waits_beside_it
            delays::a_backlog_that_becomes_due_at_once_runs_once_each_in_the_promised_order
            delays::an_endless_wait_is_a_long_one
            unique_keys::a_unique_key_is_held_until_its_task_is_done
            unique_keys::a_unique_key_is_held_until_its_task_is_given_up
            unique_keys::a_retried_dead_letter_and_its_unique_key
            unique_keys::an_empty_unique_key_is_one
            unique_keys::a_unique_key_is_one_of_its_queue_or_of_all
            unique_keys::flushes_of_the_same_keys_do_not_dead_lock
            workers::an_idle_worker_is_told_of_a_flush
            workers::two_workers_share_a_queue_and_run_nothing_twice
            workers::several_queues_are_served_in_the_promised_order
            workers::a_worker_that_stops_gives_back_what_it_holds
            lost_workers::what_a_lost_worker_held_is_taken_over_in_order
            lost_workers::what_a_living_worker_holds_is_left_to_it
            lost_workers::a_long_task_is_left_to_its_worker
            lost_workers::what_is_settled_too_late_changes_nothing
            settling::what_is_given_back_is_in_its_old_place
            settling::what_came_early_waits_and_was_no_attempt
            settling::to_settle_twice_does_nothing_to_the_next_delivery
            retries::what_fails_is_tried_again_after_growing_waits
            retries::what_fails_for_good_is_kept_and_can_be_tried_anew
            retries::a_long_reason_is_kept
            dead_letters::dead_letters_are_listed_by_age_and_found
            dead_letters::dead_letters_are_retried_and_removed_once
            boundary::policies_go_along_through_retries_and_dead_letters
            boundary::a_message_under_a_policy_that_nobody_knows_waits
            poison::a_task_that_the_worker_does_not_serve_is_kept
            poison::a_task_that_nobody_knows_is_kept
        }
        $crate::engines::behaviours::conforms!(@works_over_a_connection $place $engine);
    };
    (@works_over_a_connection file $engine:ty) => {};
    (@works_over_a_connection server $engine:ty) => {
        $crate::engines::behaviours::tests! { server $engine:
            connections::a_worker_whose_connection_was_cut_is_told_of_flushes_again
            connections::a_worker_is_told_of_a_flush_after_a_long_silence
            connections::a_worker_goes_on_after_its_connection_was_cut
            connections::what_was_taken_in_a_lost_answer_comes_back
        }
    };
    (@tables $place:ident $engine:ty) => {
        $crate::engines::behaviours::tests! { $place $engine:
            tables::jobs_are_rows_of_the_callers_transaction
            tables::a_duplicate_leaves_the_callers_transaction_alone
            tables::without_its_tables_a_flush_and_a_worker_say_what_to_call
            tables::many_may_set_up_at_once
        }
    };
    (@postgres_tables $place:ident $engine:ty) => {
        $crate::engines::behaviours::tests! { $place $engine:
            locked_tables::a_worker_gives_signs_of_life_while_the_table_of_jobs_is_locked
        }
    };
    (@rows $place:ident $engine:ty) => {
        $crate::engines::behaviours::tests! { $place $engine:
            rows::a_job_says_what_became_of_it
            rows::the_reason_of_a_failed_attempt_is_the_result
            rows::a_worker_that_ends_leaves_nothing_behind
            rows::what_is_done_is_removed_and_dead_letters_stay
            rows::what_is_done_slows_nothing_down
        }
    };
}

macro_rules! tests {
    ($place:ident $engine:ty: $($subject:ident::$behaviour:ident)+) => {
        $($crate::engines::behaviours::test!($place $engine: $subject::$behaviour);)+
    };
}

macro_rules! test {
    (file $engine:ty: $subject:ident::$behaviour:ident) => {
        #[tokio::test(flavor = "multi_thread")]
        async fn $behaviour() {
            $crate::engines::behaviours::$subject::$behaviour::<$engine>().await;
        }
    };
    (server $engine:ty: $subject:ident::$behaviour:ident) => {
        #[tokio::test(flavor = "multi_thread")]
        #[ignore = "needs servers: run tests/live.sh"]
        async fn $behaviour() {
            $crate::engines::behaviours::$subject::$behaviour::<$engine>().await;
        }
    };
}

pub(crate) use {conforms, test, tests};
