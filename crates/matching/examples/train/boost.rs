//! Small boosted trees over levels: histograms, logistic loss, monotone where told. Offline only.

use recover_matching::model::{BIT, LEAF, Node};

/// How trees are grown.
pub struct Settings {
    pub trees: usize,
    pub depth: usize,
    pub rate: f64,
    /// The least sum of second derivatives in a leaf.
    pub leaf_min: f64,
    pub ridge: f64,
}

/// A sample: levels, label, weight.
pub type Sample<'a> = (&'a [u8], bool, f64);

struct Grower<'a> {
    samples: &'a [Sample<'a>],
    levels: &'a [usize],
    is_rising: &'a [bool],
    gradients: Vec<(f32, f32)>,
    settings: &'a Settings,
    offsets: Vec<usize>,
    bins: usize,
}

/// Grows trees; gives what they begin with and the trees, in 1/1024 bit.
pub fn grow(
    samples: &[Sample<'_>],
    levels: &[usize],
    is_rising: &[bool],
    settings: &Settings,
) -> (i32, Vec<Vec<Node>>) {
    let (mut right, mut all) = (0.0, 0.0);
    for (_, label, weight) in samples {
        right += weight * f64::from(u8::from(*label));
        all += weight;
    }
    let base = (right / (all - right)).ln();
    let unit = f64::from(BIT) / std::f64::consts::LN_2;
    let mut offsets = Vec::new();
    let mut bins = 0;
    for count in levels {
        offsets.push(bins);
        bins += count;
    }
    let base_bits = (base * unit).round() as i32;
    let mut sums = vec![f64::from(base_bits) / unit; samples.len()];
    let mut trees = Vec::new();
    let mut grower = Grower {
        samples,
        levels,
        is_rising,
        gradients: vec![(0.0, 0.0); samples.len()],
        settings,
        offsets,
        bins,
    };
    for _ in 0..settings.trees {
        for ((sum, (_, label, weight)), gradient) in
            sums.iter().zip(samples).zip(&mut grower.gradients)
        {
            let chance = 1.0 / (1.0 + (-sum).exp());
            let error = weight * (f64::from(u8::from(*label)) - chance);
            *gradient = (error as f32, (weight * chance * (1.0 - chance)) as f32);
        }
        let mut nodes = Vec::new();
        let mut rows: Vec<u32> = (0..samples.len() as u32).collect();
        let cells = grower.cells(&rows);
        let everything = (f64::MIN, f64::MAX);
        grower.node(&mut nodes, (&mut rows, cells), 0, everything, &mut sums);
        trees.push(nodes);
    }
    (base_bits, trees)
}

impl Grower<'_> {
    fn value(&self, gradient: f64, curve: f64, (low, high): (f64, f64)) -> f64 {
        (gradient / (curve + self.settings.ridge)).clamp(low, high)
    }

    fn gain(&self, gradient: f64, curve: f64, value: f64) -> f64 {
        gradient * value - 0.5 * (curve + self.settings.ridge) * value * value
    }

    /// Gradients and curves by feature and level.
    fn cells(&self, rows: &[u32]) -> Vec<(f64, f64)> {
        let mut cells = vec![(0.0f64, 0.0f64); self.bins];
        for row in rows {
            let (error, bend) = self.gradients[*row as usize];
            let (error, bend) = (f64::from(error), f64::from(bend));
            let levels = self.samples[*row as usize].0;
            for (offset, level) in self.offsets.iter().zip(levels) {
                let cell = &mut cells[offset + usize::from(*level)];
                cell.0 += error;
                cell.1 += bend;
            }
        }
        cells
    }

    fn node(
        &self,
        nodes: &mut Vec<Node>,
        (rows, cells): (&mut [u32], Vec<(f64, f64)>),
        depth: usize,
        bounds: (f64, f64),
        sums: &mut [f64],
    ) {
        let is_last = depth >= self.settings.depth;
        let (mut gradient, mut curve) = (0.0f64, 0.0f64);
        for row in rows.iter() {
            let (error, bend) = self.gradients[*row as usize];
            gradient += f64::from(error);
            curve += f64::from(bend);
        }
        let value = self.value(gradient, curve, bounds);
        let mut best: Option<(f64, usize, u8, f64, f64)> = None;
        if !is_last && curve > 2.0 * self.settings.leaf_min {
            let plain = self.gain(gradient, curve, value);
            for (feature, count) in self.levels.iter().enumerate() {
                let (mut left, mut left_curve) = (0.0, 0.0);
                for level in 0..count - 1 {
                    let cell = cells[self.offsets[feature] + level];
                    left += cell.0;
                    left_curve += cell.1;
                    let (right, right_curve) = (gradient - left, curve - left_curve);
                    if left_curve < self.settings.leaf_min || right_curve < self.settings.leaf_min {
                        continue;
                    }
                    let low = self.value(left, left_curve, bounds);
                    let high = self.value(right, right_curve, bounds);
                    if self.is_rising[feature] && low > high {
                        continue;
                    }
                    let gain = self.gain(left, left_curve, low)
                        + self.gain(right, right_curve, high)
                        - plain;
                    if gain > best.map_or(1e-6, |best| best.0) {
                        best = Some((gain, feature, level as u8, low, high));
                    }
                }
            }
        }
        let place = nodes.len();
        let Some((_, feature, most, low, high)) = best else {
            let unit = f64::from(BIT) / std::f64::consts::LN_2;
            let leaf = (value * self.settings.rate * unit).round() as i32;
            for row in rows.iter() {
                sums[*row as usize] += f64::from(leaf) / unit;
            }
            nodes.push(Node(LEAF, 0, 0, 0, leaf));
            return;
        };
        nodes.push(Node(feature as u8, most, 0, 0, 0));
        let split = partition(rows, |row| self.samples[*row as usize].0[feature] <= most);
        let (left, right) = rows.split_at_mut(split);
        let middle = f64::midpoint(low, high);
        let (below, above) = if self.is_rising[feature] {
            ((bounds.0, middle), (middle, bounds.1))
        } else {
            (bounds, bounds)
        };
        // Only the smaller side is counted: the other is the difference.
        let (of_left, of_right) = if depth + 1 >= self.settings.depth {
            (Vec::new(), Vec::new())
        } else if left.len() <= right.len() {
            let small = self.cells(left);
            let large = less(cells, &small);
            (small, large)
        } else {
            let small = self.cells(right);
            (less(cells, &small), small)
        };
        nodes[place].2 = nodes.len() as u16;
        self.node(nodes, (left, of_left), depth + 1, below, sums);
        nodes[place].3 = nodes.len() as u16;
        self.node(nodes, (right, of_right), depth + 1, above, sums);
    }
}

fn less(mut cells: Vec<(f64, f64)>, part: &[(f64, f64)]) -> Vec<(f64, f64)> {
    for (cell, part) in cells.iter_mut().zip(part) {
        cell.0 -= part.0;
        cell.1 -= part.1;
    }
    cells
}

fn partition(rows: &mut [u32], goes_left: impl Fn(&u32) -> bool) -> usize {
    let mut split = 0;
    for at in 0..rows.len() {
        if goes_left(&rows[at]) {
            rows.swap(at, split);
            split += 1;
        }
    }
    split
}
