//! One suite on both databases: every function of `suite` runs as a test of the modules `own_sqlite` and `postgres`.

mod suite;

/// Declares each function twice: `own_sqlite::MODULE::NAME` and `postgres::MODULE::NAME`.
macro_rules! on_both {
    ($($module:ident: $($name:ident),+ $(,)? ;)+) => {
        mod own_sqlite {
            $(mod $module { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::suite::$module::$name(crate::suite::Backend::sqlite()).await;
                }
            )+ })+
        }
        mod postgres {
            $(mod $module { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::suite::$module::$name(crate::suite::Backend::postgres()).await;
                }
            )+ })+
        }
    };
}

on_both! {
    addresses:
        every_shape_comes_back_as_it_went,
        importing_twice_is_importing_once,
        equal_rows_in_one_batch_are_one_row,
        late_addresses_open_an_epoch_and_older_ones_reach_further_back,
        watched_payloads_come_in_pages_without_repeats,
        rows_are_found_by_payload_user_and_value,
        the_list_pages_through_all_rows,
    ;
    amounts:
        edge_values_round_trip,
        amounts_sort_as_numbers,
    ;
    coverage:
        coverage_joins_and_never_loses_a_block,
        coverage_of_a_later_epoch_covers_the_earlier_ones,
        a_gap_is_named_and_closed_when_it_is_read,
        a_range_that_ends_before_a_gap_knows_its_last_hash_from_the_headers,
        pitfall_006_a_scan_step_is_stored_whole_or_not_at_all,
        pitfall_007_the_same_step_twice_changes_nothing,
        pitfall_008_a_step_read_before_a_rewind_is_not_stored_after_it,
        pitfall_008_rewinds_and_steps_at_once_leave_no_block_of_the_old_branch,
        pitfall_009_coverage_survives_a_new_watch_set,
        pitfall_011_a_rewind_puts_deposits_in_doubt_and_keeps_their_rows,
        headers_are_kept_until_they_are_final,
    ;
    deposits:
        every_shape_comes_back_as_it_went,
        every_code_of_the_lists_can_be_stored,
        pitfall_001_a_transaction_mined_again_is_one_deposit,
        two_credits_of_one_transaction_are_two_deposits,
        writers_at_once_store_each_deposit_once,
        a_file_read_twice_is_read_once,
        a_file_cannot_overwrite_what_we_saw,
        a_seen_twin_of_an_imported_deposit_is_found,
        a_classification_is_written_only_on_the_block_it_was_made_for,
        unreviewed_tokens_and_uncovered_ledger_stay_out_of_the_queue,
        lists_page_through_every_order_with_unknowns_last,
        filters_narrow,
        a_text_with_nul_is_refused_on_both,
    ;
    ledger:
        rows_come_back_and_are_updated_by_id,
        own_withdrawals_are_found_by_where_they_went,
        coverage_periods_join_and_outside_is_unknown,
        accounts_are_unknown_until_told,
    ;
}
