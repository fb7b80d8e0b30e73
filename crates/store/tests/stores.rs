//! One suite on both databases: every function of `suite` runs as a test of the modules `own_sqlite` and `postgres`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

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
        assigned_memos_are_found_by_family_network_and_value,
        the_list_pages_through_all_rows,
    ;
    amounts:
        edge_values_round_trip,
        amounts_sort_as_numbers,
    ;
    appeal_work:
        every_act_is_kept_with_its_entry_or_refused,
        a_question_waits_for_its_answer_and_the_first_words_stay,
        what_a_person_decided_is_not_matched_over,
        one_deposit_has_one_owner_however_many_confirm_it,
        duplicates_are_of_one_user_and_end_nowhere_in_a_ring,
        a_claim_stands_in_the_way_and_shows_in_the_queue,
        a_dry_run_keeps_nothing,
        sixty_four_takers_get_sixty_four_appeals,
        a_lease_lapses_and_the_appeal_is_given_out_again,
    ;
    appeals:
        text_comes_back_as_it_came,
        a_decided_appeal_keeps_its_status_and_text,
        matching_moves_appeals_along_and_leaves_decisions_alone,
        an_appeal_matched_to_a_files_row_is_a_rival_for_what_was_seen,
        lists_page_and_notes_are_numbered,
    ;
    audit:
        the_log_shows_every_edit,
        rows_written_behind_the_program_are_found_and_stop_their_claim,
        edits_of_the_log_itself_are_found_and_stop_their_claim,
        a_vote_without_an_entry_releases_nothing,
        a_repeat_of_a_sending_does_not_hand_out_changed_bytes,
        the_log_played_again_gives_the_tables,
    ;
    cancel:
        a_caller_that_goes_away_loses_no_acknowledged_write,
        a_step_whose_caller_goes_away_is_whole_or_absent,
    ;
    carrying:
        a_claim_is_carried_through_every_step_to_balanced_books,
        a_slot_is_held_until_it_is_used_or_can_never_be,
        a_failed_transaction_uses_its_slot_and_leaves_a_receipt,
        an_edit_of_a_prepared_claim_drops_its_package,
        money_that_went_wrong_opens_an_incident,
        a_repeat_of_every_step_is_answered_and_not_carried_out_again,
        lapsed_votes_make_a_revision_on_the_newest_clearance,
        a_vote_without_a_plan_is_refused,
    ;
    claims:
        a_claim_comes_back_as_each_step_left_it,
        one_open_claim_a_deposit_however_many_ask,
        the_database_itself_refuses_a_second_open_claim,
        approvals_at_once_approve_once,
        a_repeated_command_is_answered_and_not_carried_out_again,
        the_same_words_after_another_step_are_a_new_command,
        a_command_for_an_earlier_revision_is_refused,
        a_vote_needs_ledger_screening_and_the_same_block,
        outside_the_ledger_nothing_is_approved,
        rivals_freeze_a_deposit,
        an_imported_deposit_gives_way_to_the_scanned_one,
        a_rewind_shows_on_the_claim_and_a_cancelled_one_frees_the_deposit,
        each_step_leaves_one_message,
        lists_narrow_and_page,
        a_dry_run_answers_and_keeps_nothing,
    ;
    corrections:
        a_correction_is_carried_to_balanced_books_once,
        a_correction_that_ended_leaves_the_deposit_booked,
        only_the_one_entry_that_booked_it_is_corrected,
        a_row_that_vanished_after_the_votes_stops_the_release,
        a_rewind_below_a_booked_deposit_stops_its_correction,
        the_database_itself_refuses_a_second_correction_of_an_entry,
        a_correction_changed_behind_the_program_is_found,
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
        an_account_read_again_ends_the_gaps_of_its_parts,
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
    governance:
        a_halt_stops_every_release_until_two_people_lift_it,
        the_same_sending_again_asks_the_halt_and_the_hold_of_now,
        a_halt_that_was_deleted_behind_the_program_still_halts,
        the_first_policy_is_in_force_and_later_ones_wait,
        a_vote_needs_the_policy_in_force_and_that_of_the_quote,
        splitting_a_sum_does_not_lower_its_tier,
        a_value_that_nobody_knows_makes_the_next_one_of_the_user_unknown,
        who_decides_alone_has_a_days_limit,
        lifting_a_halt_opens_a_new_sum_of_releases,
    ;
    leases:
        one_holder_at_a_time,
        work_under_a_lost_lease_changes_nothing,
    ;
    ledger:
        rows_come_back_and_are_updated_by_id,
        bookings_that_no_deposit_explains_are_found_by_amount_and_time,
        own_withdrawals_are_found_by_where_they_went,
        coverage_periods_join_and_outside_is_unknown,
        accounts_are_unknown_until_told,
    ;
    match_undo:
        taking_a_match_back_cancels_its_claim_and_frees_the_deposit,
        a_pair_taken_back_is_not_stored_again_and_a_person_can_still_name_it,
        what_a_file_tells_of_the_same_transfer_is_taken_back_with_it,
        nothing_is_taken_back_once_a_package_is_out_or_the_money_booked,
        what_people_decided_about_an_appeal_stays,
        a_remembered_pair_that_was_changed_behind_the_program_is_found,
    ;
    opening:
        an_url_that_names_no_database_is_refused_without_its_password,
        settings_are_those_of_the_promise,
        a_store_in_memory_works_like_one_on_disk,
    ;
    prices:
        the_newest_price_that_is_not_later_counts,
        a_corrected_price_is_another_row,
        edge_values_round_trip,
    ;
    races:
        one_of_64_has_the_slot,
        approvers_and_releasers_at_once_release_once,
        a_days_limit_is_not_raced,
    ;
    queue:
        the_top_row_is_what_to_do_next,
        pages_join_without_repeats_or_gaps,
        filters_narrow,
        whatever_changes_an_appeal_changes_its_row,
        no_page_walks_through_all_appeals,
    ;
    records:
        policies_are_numbered_by_first_load,
        loaders_at_once_get_one_number_a_policy,
        diagnoses_are_kept,
        imports_are_kept,
    ;
    schema:
        every_migration_runs_from_the_one_before_with_rows_in_it,
        a_deposit_under_a_claim_survives_the_upgrade_to_memos,
        a_claim_of_the_old_rule_survives_the_upgrade_and_is_quoted_anew,
        claims_and_their_parts_survive_the_upgrade_to_corrections,
        two_processes_meet_on_a_new_database,
        a_newer_or_changed_database_is_left_alone,
        the_database_takes_only_whole_amounts,
        both_databases_have_the_same_tables,
        text_sorts_by_bytes,
        the_tables_allow_the_codes_of_the_core_and_no_others,
    ;
    tokens:
        deposits_and_recipients_are_counted_once_a_contract,
        a_review_is_made_once_and_survives_new_sightings,
        the_list_pages_and_narrows,
    ;
}
