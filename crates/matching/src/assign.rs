//! Leaves each deposit to one claim: within a component of claims that could mean the same deposits, the sum of the weights is
//! the highest that gives no deposit two claims and no claim two deposits. Every claim may also stay without any.

/// The most claims of a component that are solved exactly; above it the strongest wishes are served first.
pub(crate) const EXACT_MAX: usize = 64;

/// Assigns: `weights[claim]` lists (option, weight) with weights above zero worth having; the answer is the option of each
/// claim, `None` where it goes without. Of equal sums the one is taken that serves earlier claims with earlier options.
pub(crate) fn assign(weights: &[Vec<(usize, i64)>], options: usize) -> Vec<Option<usize>> {
    if weights.len() > EXACT_MAX {
        return greedy(weights, options);
    }
    exact(weights, options)
}

/// The strongest wishes first; ties by the order of claims and options.
fn greedy(weights: &[Vec<(usize, i64)>], options: usize) -> Vec<Option<usize>> {
    let mut wishes: Vec<(i64, usize, usize)> = weights
        .iter()
        .enumerate()
        .flat_map(|(claim, list)| list.iter().map(move |(option, of)| (-of, claim, *option)))
        .filter(|wish| wish.0 < 0)
        .collect();
    wishes.sort_unstable();
    let mut found = vec![None; weights.len()];
    let mut is_taken = vec![false; options];
    for (_, claim, option) in wishes {
        if found[claim].is_none() && !is_taken[option] {
            found[claim] = Some(option);
            is_taken[option] = true;
        }
    }
    found
}

/// Shortest augmenting paths over claims (rows) and options followed by one way out for each claim (columns).
fn exact(weights: &[Vec<(usize, i64)>], options: usize) -> Vec<Option<usize>> {
    /// No path.
    const FAR: i64 = i64::MAX / 4;
    let (rows, columns) = (weights.len(), options + weights.len());
    let cost = |row: usize, column: usize| -> i64 {
        if column >= options {
            return if column - options == row { 0 } else { FAR };
        }
        let found = weights[row].iter().find(|(option, _)| *option == column);
        found.map_or(FAR, |(_, weight)| -weight)
    };
    // Places are counted from one; zero stands for none.
    let (mut of_row, mut of_column) = (vec![0i64; rows + 1], vec![0i64; columns + 1]);
    let mut row_of = vec![0usize; columns + 1];
    for row in 1..=rows {
        row_of[0] = row;
        let mut column = 0;
        let mut least = vec![FAR * 2; columns + 1];
        let mut before = vec![0usize; columns + 1];
        let mut is_done = vec![false; columns + 1];
        loop {
            is_done[column] = true;
            let (here, mut step, mut next) = (row_of[column], FAR * 2, 0);
            for other in 1..=columns {
                if is_done[other] {
                    continue;
                }
                let reduced = cost(here - 1, other - 1) - of_row[here] - of_column[other];
                if reduced < least[other] {
                    least[other] = reduced;
                    before[other] = column;
                }
                if least[other] < step {
                    step = least[other];
                    next = other;
                }
            }
            for other in 0..=columns {
                if is_done[other] {
                    of_row[row_of[other]] += step;
                    of_column[other] -= step;
                } else {
                    least[other] -= step;
                }
            }
            column = next;
            if row_of[column] == 0 {
                break;
            }
        }
        while column != 0 {
            row_of[column] = row_of[before[column]];
            column = before[column];
        }
    }
    let mut found = vec![None; rows];
    for (column, row) in row_of.iter().enumerate().skip(1) {
        if *row > 0 && column <= options {
            found[*row - 1] = Some(column - 1);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn worth(weights: &[Vec<(usize, i64)>], found: &[Option<usize>]) -> i64 {
        let each = weights.iter().zip(found).map(|(list, option)| {
            let weight = option.map(|option| list.iter().find(|(of, _)| *of == option));
            weight.map_or(0, |of| of.expect("an option of the claim").1)
        });
        each.sum()
    }

    /// The best sum by trying everything.
    fn brute(weights: &[Vec<(usize, i64)>], taken: &mut Vec<usize>) -> i64 {
        let Some((first, rest)) = weights.split_first() else {
            return 0;
        };
        let mut best = brute(rest, taken);
        for (option, weight) in first {
            if !taken.contains(option) {
                taken.push(*option);
                best = best.max(weight + brute(rest, taken));
                taken.pop();
            }
        }
        best
    }

    #[test]
    fn own_the_sum_counts_and_not_the_first_wish() {
        // The first claim likes 0 best, but the second has nothing else.
        let weights = vec![vec![(0, 10), (1, 9)], vec![(0, 8)]];
        assert_eq!(assign(&weights, 2), [Some(1), Some(0)]);
        // Worth less than nothing: better none.
        assert_eq!(assign(&[vec![(0, -1)]], 1), [None]);
    }

    proptest! {
        #[test]
        fn own_small_components_are_solved_exactly(
            list in prop::collection::vec(prop::collection::btree_map(0usize..5, -20i64..40, 0..4), 1..6)
        ) {
            let weights: Vec<Vec<(usize, i64)>> =
                list.into_iter().map(|map| map.into_iter().collect()).collect();
            let found = assign(&weights, 5);
            let mut used: Vec<usize> = found.iter().flatten().copied().collect();
            used.sort_unstable();
            prop_assert!(used.windows(2).all(|pair| pair[0] != pair[1]));
            prop_assert_eq!(worth(&weights, &found), brute(&weights, &mut Vec::new()));
            let quick = greedy(&weights, 5);
            prop_assert!(2 * worth(&weights, &quick) >= worth(&weights, &found));
        }
    }
}
