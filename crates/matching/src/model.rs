//! The model: what each comparison weighs, how rivals change it, and how sure a sum makes us. Read from a file, used in integers.

use crate::levels::{Levels, Part};
use crate::rivals::{FEATURES, Feature, Features};
use serde::{Deserialize, Serialize};

/// One bit of evidence.
pub const BIT: i32 = 1024;

/// The version of the file's shape that this program reads.
pub const VERSION: u32 = 1;

/// Something in a model file that does not hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// It is no JSON of this shape.
    #[error("the model file cannot be read: check that it is a matcher's model and unchanged")]
    Shape(#[source] serde_json::Error),
    /// It was written for another program.
    #[error(
        "the model file has version {found}, this program reads version {VERSION}: train it anew"
    )]
    Version {
        /// The file's version.
        found: u32,
    },
    /// A table does not fit the fields.
    #[error("the model's part '{part}' does not fit this program: train it anew")]
    Table {
        /// Which part.
        part: String,
    },
}

/// Weights of levels, summed: every decision is a sum of named bits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Additive {
    /// What is weighed before any field is looked at, in 1/1024 bit.
    pub prior: i32,
    /// The tables.
    pub terms: Vec<Term>,
}

/// The weights of one column, or of two together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// The column.
    pub of: String,
    /// The column that it is weighed together with (how rare the value is).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// 1/1024 bit by `level of` times the levels of `by`, plus `level by`.
    pub weights: Vec<i32>,
}

/// A table with its columns looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Table {
    of: usize,
    by: usize,
    width: usize,
    weights: Vec<i32>,
}

/// An additive model over known columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sum {
    prior: i32,
    tables: Vec<Table>,
}

impl Sum {
    /// Looks the columns up; `column` gives a name's place and count of levels.
    fn new(
        additive: &Additive,
        column: impl Fn(&str) -> Option<(usize, usize)>,
    ) -> Result<Self, ModelError> {
        let tables = additive.terms.iter().map(|term| {
            let wrong = || ModelError::Table {
                part: term.of.clone(),
            };
            let (of, levels) = column(&term.of).ok_or_else(wrong)?;
            let (by, width) = match &term.by {
                Some(by) => column(by).ok_or_else(wrong)?,
                None => (of, 1),
            };
            if term.weights.len() != levels * width {
                return Err(wrong());
            }
            Ok(Table {
                of,
                by,
                width,
                weights: term.weights.clone(),
            })
        });
        Ok(Self {
            prior: additive.prior,
            tables: tables.collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn of(&self, levels: &[u8]) -> i32 {
        let tables = self.tables.iter();
        tables.fold(self.prior, |sum, table| {
            sum.saturating_add(table.weight(levels))
        })
    }

    /// The weight that stands with a column, in 1/1024 bit; 0 where the model has none for it.
    pub(crate) fn weight(&self, column: usize, levels: &[u8]) -> i32 {
        let tables = self.tables.iter().filter(|table| table.of == column);
        tables.map(|table| table.weight(levels)).sum()
    }
}

impl Table {
    fn weight(&self, levels: &[u8]) -> i32 {
        let at = |column: usize| levels.get(column).copied().map_or(0, usize::from);
        let by = if self.width == 1 { 0 } else { at(self.by) };
        let place = at(self.of) * self.width + by;
        self.weights.get(place).copied().unwrap_or(0)
    }
}

/// A node of a tree: where a feature is at most `most`, the node `left` follows, else `right`. A leaf has no feature (255) and
/// its value in `leaf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node(pub u8, pub u8, pub u16, pub u16, pub i32);

/// The feature of a leaf.
pub const LEAF: u8 = u8::MAX;

/// How a sum of the trees becomes a probability: knots of a line that only rises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Curve {
    /// For which deposits and evidence; `*` for all that have none of their own.
    pub stratum: String,
    /// Sums in 1/1024 bit and probabilities in parts per billion, both rising.
    pub knots: Vec<(i32, u32)>,
}

/// What a sum must reach, in 1/1024 bit and parts per billion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Identification for tier 1, in 1/1024 bit.
    pub identify: i32,
    /// The calibrated score that identifies as well, in parts per billion.
    pub sure: u32,
    /// The gap to the next deposit for tiers 1 and 2, in 1/1024 bit.
    pub gap: i32,
    /// The calibrated score for tier 1, in parts per billion.
    pub auto: u32,
    /// The calibrated score for tier 2.
    pub waiting: u32,
    /// The calibrated score below which nothing is proposed.
    pub propose: u32,
}

/// A model file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct File {
    /// The version of its shape.
    pub version: u32,
    /// How it came about: data with digests, seeds, counts, measures, certified thresholds.
    pub record: serde_json::Value,
    /// Which deposit is meant.
    pub identify: Additive,
    /// Whose it is.
    pub entitle: Additive,
    /// What rivals change, over [`crate::rivals::Feature`].
    pub rivals: Additive,
    /// What the trees begin with, in 1/1024 bit.
    pub base: i32,
    /// The trees, over [`crate::rivals::Feature`]; leaves in 1/1024 bit.
    pub trees: Vec<Vec<Node>>,
    /// How sure a sum makes us.
    pub curves: Vec<Curve>,
    /// What must be reached.
    pub thresholds: Thresholds,
}

/// A model ready for use.
#[derive(Debug, Clone)]
pub struct Model {
    pub(crate) identify: Sum,
    pub(crate) entitle: Sum,
    pub(crate) rivals: Sum,
    base: i32,
    trees: Vec<Vec<Node>>,
    curves: Vec<Curve>,
    /// What must be reached.
    pub thresholds: Thresholds,
    /// The digest of the file in hexadecimal: which model decided.
    pub digest: String,
}

impl Default for Model {
    fn default() -> Self {
        Self::read(include_str!("../model/default.json"))
            .expect("the model that is compiled in is read by the tests")
    }
}

impl Model {
    /// Reads a model file.
    ///
    /// # Errors
    /// When it is none, or was made for other fields than this program's.
    pub fn read(text: &str) -> Result<Self, ModelError> {
        let file: File = serde_json::from_str(text).map_err(ModelError::Shape)?;
        Self::of(&file, text)
    }

    /// A model of a file's contents; `text` is what its digest is of.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of(file: &File, text: &str) -> Result<Self, ModelError> {
        use sha2::Digest;
        if file.version != VERSION {
            return Err(ModelError::Version {
                found: file.version,
            });
        }
        for tree in &file.trees {
            let is_sound = |(place, node): (usize, &Node)| {
                let later = |next: u16| usize::from(next) > place && usize::from(next) < tree.len();
                node.0 == LEAF || (usize::from(node.0) < FEATURES && later(node.2) && later(node.3))
            };
            if tree.is_empty() || !tree.iter().enumerate().all(is_sound) {
                return Err(ModelError::Table {
                    part: "trees".to_owned(),
                });
            }
        }
        for curve in &file.curves {
            let is_rising = curve
                .knots
                .windows(2)
                .all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1);
            if curve.knots.len() < 2 || !is_rising {
                return Err(ModelError::Table {
                    part: format!("curves.{}", curve.stratum),
                });
            }
        }
        if !file.curves.iter().any(|curve| curve.stratum == "*") {
            return Err(ModelError::Table {
                part: "curves".to_owned(),
            });
        }
        let part = |name: &str| {
            let found = Part::ALL.into_iter().find(|part| part.name() == name)?;
            Some((found as usize, found.levels()))
        };
        let feature = |name: &str| {
            let found = (0..FEATURES)
                .map(Feature::at)
                .find(|of| of.name() == name)?;
            Some((found.place(), found.levels()))
        };
        let digest = sha2::Sha256::digest(text.as_bytes());
        Ok(Self {
            identify: Sum::new(&file.identify, part)?,
            entitle: Sum::new(&file.entitle, part)?,
            rivals: Sum::new(&file.rivals, feature)?,
            base: file.base,
            trees: file.trees.clone(),
            curves: file.curves.clone(),
            thresholds: file.thresholds.clone(),
            digest: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }

    /// Which deposit, in 1/1024 bit.
    #[must_use]
    pub fn identify(&self, levels: &Levels) -> i32 {
        self.identify.of(&levels.0)
    }

    /// Whose, in 1/1024 bit.
    #[must_use]
    pub fn entitle(&self, levels: &Levels) -> i32 {
        self.entitle.of(&levels.0)
    }

    /// What the additive model of rivals says, in 1/1024 bit.
    #[must_use]
    pub fn rivals(&self, features: &Features) -> i32 {
        self.rivals.of(&features.0)
    }

    /// What the trees say, in 1/1024 bit.
    #[must_use]
    pub fn trees(&self, features: &Features) -> i32 {
        let sum = self.trees.iter().map(|tree| leaf(tree, &features.0));
        sum.fold(self.base, i32::saturating_add)
    }

    /// What is calibrated: the trees' sum, and the pair's own sum as its fraction, so that claims with different evidence are
    /// never equal.
    #[must_use]
    pub fn raw(&self, features: &Features, pair: i32) -> i32 {
        let fraction = pair.clamp(-64 * BIT, 63 * BIT) / 256;
        self.trees(features).saturating_add(fraction)
    }

    /// A sum as a probability in parts per billion: strictly rising, so that no order is lost.
    #[must_use]
    pub fn calibrated(&self, stratum: &str, sum: i32) -> u32 {
        let mut curves = self.curves.iter();
        let own = curves.clone().find(|curve| curve.stratum == stratum);
        let curve = own.or_else(|| curves.find(|curve| curve.stratum == "*"));
        curve.map_or(0, |curve| at(&curve.knots, sum))
    }
}

fn leaf(tree: &[Node], features: &[u8]) -> i32 {
    let mut place = 0;
    // Every step goes forward (checked when the file is read), so it ends.
    while let Some(node) = tree.get(place) {
        if node.0 == LEAF {
            return node.4;
        }
        let level = features.get(usize::from(node.0)).copied().unwrap_or(0);
        place = usize::from(if level <= node.1 { node.2 } else { node.3 });
    }
    0
}

/// The height of a line at a place; flat outside its ends.
fn at(knots: &[(i32, u32)], sum: i32) -> u32 {
    let after = knots.partition_point(|knot| knot.0 <= sum);
    match (
        after.checked_sub(1).and_then(|before| knots.get(before)),
        knots.get(after),
    ) {
        (None, Some(first)) => first.1,
        (Some(last), None) => last.1,
        (Some(left), Some(right)) => {
            let (run, rise) = (
                i64::from(right.0) - i64::from(left.0),
                i64::from(right.1) - i64::from(left.1),
            );
            let height = i64::from(left.1) + (i64::from(sum) - i64::from(left.0)) * rise / run;
            u32::try_from(height).unwrap_or(left.1)
        }
        (None, None) => 0,
    }
}
