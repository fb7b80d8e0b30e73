//! What a count of errors proves: exact binomial bounds (Clopper and Pearson), one-sided, 95 %.
//!
//! Floating point: this is measurement, no money passes through it.

/// The chance that a bound is wrong.
const DOUBT: f64 = 0.05;

/// The chance of at most `errors` in `trials` when each errs with `rate`.
fn at_most(errors: u64, trials: u64, rate: f64) -> f64 {
    if errors >= trials || rate <= 0.0 {
        return 1.0;
    }
    if rate >= 1.0 {
        return 0.0;
    }
    // Logarithms: the first term alone is far below what a double holds.
    let (count, odds) = (trials as f64, (rate / (1.0 - rate)).ln());
    let mut term = count * (-rate).ln_1p();
    let mut largest = term;
    let mut sum = 1.0;
    for wrong in 0..errors {
        let wrong = wrong as f64;
        term += odds + ((count - wrong) / (wrong + 1.0)).ln();
        if term > largest {
            sum = sum * (largest - term).exp() + 1.0;
            largest = term;
        } else {
            sum += (term - largest).exp();
        }
    }
    (largest + sum.ln()).exp().min(1.0)
}

/// Whether so few errors prove, with 95 %, that the rate is at most `limit_ppm` parts per million.
#[must_use]
pub fn is_proved(errors: u64, trials: u64, limit_ppm: u64) -> bool {
    // What is not even observed cannot be proved, and need not be summed.
    if u128::from(errors) * 1_000_000 > u128::from(trials) * u128::from(limit_ppm) || trials == 0 {
        return false;
    }
    at_most(errors, trials, limit_ppm as f64 / 1e6) <= DOUBT
}

/// The largest rate, in parts per million, that this many errors leave possible; a million when nothing was tried.
#[must_use]
pub fn upper_ppm(errors: u64, trials: u64) -> u64 {
    if trials == 0 || errors >= trials {
        return 1_000_000;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if at_most(errors, trials, middle) > DOUBT {
            low = middle;
        } else {
            high = middle;
        }
    }
    (high * 1e6).ceil() as u64
}

/// The smallest rate, in parts per million, that this many errors leave possible.
#[must_use]
pub fn lower_ppm(errors: u64, trials: u64) -> u64 {
    if errors == 0 || trials == 0 {
        return 0;
    }
    1_000_000_u64.saturating_sub(upper_ppm(trials - errors.min(trials), trials))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_bounds_are_the_known_ones() {
        // No error: 1 - 0.05^(1/n). The rule of three says 3/n.
        assert_eq!(upper_ppm(0, 10), 258_866);
        assert_eq!(upper_ppm(0, 1_000), 2_992);
        // One of ten: the 95 % quantile of the beta distribution (2, 9).
        assert_eq!(upper_ppm(1, 10), 394_164);
        assert_eq!(lower_ppm(1, 10), 5_116);
        assert_eq!(upper_ppm(10, 10), 1_000_000);
        assert!(is_proved(0, 2_995, 1_000));
        assert!(!is_proved(0, 2_994, 1_000));
        assert!(!is_proved(100, 100_000, 1_000));
        assert!(is_proved(83, 100_000, 1_000));
        assert!(!is_proved(84, 100_000, 1_000));
    }

    #[test]
    fn own_more_errors_prove_less() {
        for errors in 0..200 {
            assert!(upper_ppm(errors, 5_000) < upper_ppm(errors + 1, 5_000));
        }
    }
}
