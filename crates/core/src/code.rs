//! Stable codes: every kind, verdict, refusal and status has one snake_case text that files, tests and other
//! programs may rely on.

/// Declares a closed list whose members have one stable snake_case code each, a parser for the code and a list of
/// all members, so that a table, a test and the documentation can never miss one.
macro_rules! coded {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$vmeta:meta])* $variant:ident => $code:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            /// Every member, in the order in which the list is declared (its precedence where it has one).
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code used in files, in the database and in machine-readable output.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The member with this code; `None` when no member has it.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(self.code()) }
        }
    };
}
pub(crate) use coded;
