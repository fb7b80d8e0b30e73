//! Logistic regression over levels, by Newton's method with a ridge. Offline only: what it finds is rounded to integers.

use recover_matching::model::{Additive, BIT, Term};

/// A column or two together, with their counts of levels.
pub struct Column {
    pub of: (String, usize, usize),
    pub by: Option<(String, usize, usize)>,
    /// Whether a higher level must not weigh less.
    pub is_rising: bool,
    /// The level that says nothing: it weighs nothing, the rest is the prior.
    pub silent: Option<usize>,
}

impl Column {
    fn width(&self) -> usize {
        self.by.as_ref().map_or(1, |by| by.2)
    }

    fn size(&self) -> usize {
        self.of.2 * self.width()
    }

    fn place(&self, levels: &[u8]) -> usize {
        let by = self.by.as_ref().map_or(0, |by| usize::from(levels[by.1]));
        usize::from(levels[self.of.1]) * self.width() + by
    }
}

/// Fits weights; each sample has levels, a label and a weight.
pub fn fit(columns: &[Column], samples: &[(&[u8], bool, f64)], ridge: f64) -> Additive {
    let mut starts = Vec::new();
    let mut size = 1;
    for column in columns {
        starts.push(size);
        size += column.size();
    }
    let places: Vec<Vec<u32>> = samples
        .iter()
        .map(|(levels, _, _)| {
            let at = columns.iter().zip(&starts);
            let mut places = vec![0u32];
            places.extend(at.map(|(column, start)| (start + column.place(levels)) as u32));
            places
        })
        .collect();
    let mut weights = vec![0.0f64; size];
    for _ in 0..12 {
        let mut gradient = vec![0.0f64; size];
        let mut hessian = vec![0.0f64; size * size];
        for (places, (_, label, weight)) in places.iter().zip(samples) {
            let sum: f64 = places.iter().map(|place| weights[*place as usize]).sum();
            let chance = 1.0 / (1.0 + (-sum).exp());
            let error = weight * (f64::from(u8::from(*label)) - chance);
            let curve = weight * (chance * (1.0 - chance)).max(1e-6);
            for (at, place) in places.iter().enumerate() {
                gradient[*place as usize] += error;
                for other in &places[..=at] {
                    hessian[*place as usize * size + *other as usize] += curve;
                }
            }
        }
        for place in 0..size {
            let penalty = if place == 0 { 1e-6 } else { ridge };
            gradient[place] -= penalty * weights[place];
            hessian[place * size + place] += penalty;
        }
        let step = solve(&mut hessian, &gradient, size);
        let mut largest = 0.0f64;
        for (weight, step) in weights.iter_mut().zip(step) {
            let step = step.clamp(-4.0, 4.0);
            *weight += step;
            largest = largest.max(step.abs());
        }
        if largest < 1e-3 {
            break;
        }
    }
    let mut counts = vec![0.0f64; size];
    for (places, (_, _, weight)) in places.iter().zip(samples) {
        for place in places {
            counts[*place as usize] += weight;
        }
    }
    let whole = |weight: f64| (weight / std::f64::consts::LN_2 * f64::from(BIT)).round() as i32;
    let mut prior = whole(weights[0]);
    let mut terms = Vec::new();
    for (column, start) in columns.iter().zip(&starts) {
        let part = *start..*start + column.size();
        let mut own = weights[part.clone()].to_vec();
        if column.is_rising {
            rising(&mut own, &counts[part], column.width());
        }
        let width = column.width();
        let nothing = column.silent.map_or(0.0, |silent| {
            let own = &own[silent * width..(silent + 1) * width];
            own.iter().sum::<f64>() / width as f64
        });
        prior += whole(nothing);
        let own = own.into_iter().map(|weight| whole(weight - nothing));
        terms.push(Term {
            of: column.of.0.clone(),
            by: column.by.as_ref().map(|by| by.0.clone()),
            weights: own.collect(),
        });
    }
    Additive { prior, terms }
}

/// Pools neighbours until the weights rise, for each level of the second column on its own.
fn rising(weights: &mut [f64], counts: &[f64], width: usize) {
    let levels = weights.len() / width;
    for by in 0..width {
        let mut pools: Vec<(f64, f64, usize)> = Vec::new();
        for level in 0..levels {
            let at = level * width + by;
            pools.push((weights[at], counts[at] + 0.01, 1));
            while pools.len() > 1 && pools[pools.len() - 2].0 > pools[pools.len() - 1].0 {
                let (right, left) = (pools.pop().expect("two"), pools.pop().expect("two"));
                let count = left.1 + right.1;
                let mean = (left.0 * left.1 + right.0 * right.1) / count;
                pools.push((mean, count, left.2 + right.2));
            }
        }
        let values = pools.iter().flat_map(|pool| vec![pool.0; pool.2]);
        for (level, value) in values.enumerate() {
            weights[level * width + by] = value;
        }
    }
}

/// Solves `matrix * x = right` for a symmetric positive matrix of which the lower half is given (Cholesky).
fn solve(matrix: &mut [f64], right: &[f64], size: usize) -> Vec<f64> {
    // The places of a sample rise, so only the lower half was filled.
    for row in 0..size {
        for column in 0..=row {
            let mut sum = matrix[row * size + column];
            for at in 0..column {
                sum -= matrix[row * size + at] * matrix[column * size + at];
            }
            matrix[row * size + column] = if row == column {
                sum.max(1e-12).sqrt()
            } else {
                sum / matrix[column * size + column]
            };
        }
    }
    let mut middle = vec![0.0; size];
    for row in 0..size {
        let below: f64 = (0..row)
            .map(|at| matrix[row * size + at] * middle[at])
            .sum();
        middle[row] = (right[row] - below) / matrix[row * size + row];
    }
    let mut found = vec![0.0; size];
    for row in (0..size).rev() {
        let above: f64 = (row + 1..size)
            .map(|at| matrix[at * size + row] * found[at])
            .sum();
        found[row] = (middle[row] - above) / matrix[row * size + row];
    }
    found
}
