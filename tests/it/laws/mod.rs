//! The laws of airlock's design, one file each, which opens with the law's text.

mod law_01_no_scope_no_effect;
mod law_02_effects_leave_at_flush_only;
mod law_03_policies_never_create;
mod law_04_nesting_never_widens;
mod law_05_outermost_decides_when;
mod law_06_units_of_work_are_isolated;
mod law_07_nothing_is_lost_in_silence;
mod law_08_misuse_does_not_compile;
mod law_09_names_are_checked_where_they_are_written;
mod law_10_no_unsafe_code;
mod law_11_what_arrives_is_what_was_enqueued;
mod law_12_committed_means_delivered;
mod law_13_tests_see_what_production_would_do;
mod programs;
