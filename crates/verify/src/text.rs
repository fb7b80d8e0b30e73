//! How values stand in the roster's file: each as one text, read by the parser of its own type.

use recover_core::amount::Amount;
use recover_core::approval::RuleAction;
use recover_core::asset::AssetId;
use recover_core::claim::Resolution;
use recover_core::digest::Digest;
use recover_core::fee::Cents;
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_core::people::Role;
use recover_core::ssh::PublicKey;
use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

/// A value that is one text.
pub(crate) trait Text: Sized {
    /// The text.
    fn show(&self) -> String;

    /// The value; why not, in words.
    fn read(text: &str) -> Result<Self, String>;
}

fn known<T>(text: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("{text:?} is not known"))
}

macro_rules! texts {
    ($($type:ty: $show:expr, |$text:ident| $read:expr;)+) => {$(
        impl Text for $type {
            fn show(&self) -> String {
                let show: fn(&Self) -> String = $show;
                show(self)
            }

            fn read($text: &str) -> Result<Self, String> {
                $read
            }
        }
    )+};
}

texts! {
    Amount: |amount| amount.to_base_units(), |text| Self::from_base_units(text).map_err(|error| error.to_string());
    Cents: Self::to_string, |text| Self::parse(text).map_err(|error| error.to_string());
    Digest: Self::to_string, |text| known(text, Self::parse(text));
    AssetId: Self::to_string, |text| known(text, Self::parse(text));
    NetworkId: Self::to_string, |text| Ok(Self::new(text));
    Kind: Self::to_string, |text| known(text, Self::from_code(text));
    Resolution: Self::to_string, |text| known(text, Self::from_code(text));
    Role: Self::to_string, |text| known(text, Self::from_code(text));
    RuleAction: Self::to_string, |text| known(text, Self::from_code(text));
    // The error of a key never repeats a private one.
    PublicKey: Self::to_string, |text| Self::parse(text).map_err(|error| error.to_string());
}

pub(crate) fn serialize<T: Text, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&value.show())
}

pub(crate) fn deserialize<'de, T: Text, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::read(&String::deserialize(from)?).map_err(D::Error::custom)
}

/// A value that may be absent.
pub(crate) mod optional {
    use super::*;

    pub fn serialize<T: Text, S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            None => to.serialize_none(),
            Some(value) => to.serialize_str(&value.show()),
        }
    }

    pub fn deserialize<'de, T: Text, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
        super::deserialize(from).map(Some)
    }
}

/// A list of values.
pub(crate) mod list {
    use super::*;

    pub fn serialize<'a, C, T, S>(values: &'a C, to: S) -> Result<S::Ok, S::Error>
    where
        &'a C: IntoIterator<Item = &'a T>,
        T: Text + 'a,
        S: Serializer,
    {
        to.collect_seq(values.into_iter().map(Text::show))
    }

    pub fn deserialize<'de, C, T, D>(from: D) -> Result<C, D::Error>
    where
        C: IntoIterator<Item = T> + FromIterator<T>,
        T: Text,
        D: Deserializer<'de>,
    {
        let texts = Vec::<String>::deserialize(from)?;
        let values = texts.iter().map(|text| T::read(text));
        values.collect::<Result<_, _>>().map_err(D::Error::custom)
    }
}

/// Writes and reads a list of a type of `core` by the shape that its file has here.
macro_rules! list_of {
    ($name:ident, $type:ty, $shape:literal) => {
        mod $name {
            use super::*;

            #[derive(Serialize, Deserialize)]
            struct One(#[serde(with = $shape)] $type);

            pub fn serialize<S: Serializer>(list: &[$type], to: S) -> Result<S::Ok, S::Error> {
                to.collect_seq(list.iter().cloned().map(One))
            }

            pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<$type>, D::Error> {
                let list = Vec::<One>::deserialize(from)?;
                Ok(list.into_iter().map(|one| one.0).collect())
            }
        }
    };
}
pub(crate) use list_of;
