//! How a clue was read: one stable code for each way, so that a person can be told why a text means what it is taken for.

macro_rules! rules {
    ($(#[$meta:meta])* pub enum $name:ident { $($variant:ident => $code:literal, $words:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name { $(#[doc = $words] $variant),+ }

        impl $name {
            /// Every member, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// What a person is told.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(self.code()) }
        }
    };
}

rules! {
    /// The way in which a clue was read. A text may pass through several: the one that changed it most is named.
    pub enum Rule {
        Plain => "plain", "as it stands";
        Prefix => "prefix", "with a 0x taken away or put before it";
        Labelled => "labelled", "behind a word that says what it is";
        Link => "link", "from a pasted link";
        Joined => "joined", "put together from pieces broken by blanks or lines";
        Glued => "glued", "cut out of a longer run of letters";
        Ellipsis => "ellipsis", "a beginning and an end with the middle left out";
        Head => "head", "a piece, taken for the beginning";
        Tail => "tail", "a piece, taken for the end";
        Base64 => "base64", "from base64";
        Repaired => "repaired", "letters that are no digits read as the digits they look like";
        Damaged => "damaged", "with letters missing, doubled or wrong";
        LookAlike => "look_alike", "letters of another script read as the Latin ones they look like";
        Packed => "packed", "unpacked from an address that carries its memo";
        Padded => "padded", "an address padded to a word of 32 bytes";
        Contract => "contract", "a contract of a coin";
        Number => "number", "a bare number";
        Stripped => "stripped", "without blanks and signs";
        Name => "name", "by one of its names";
        NamePart => "name_part", "by a name inside a longer text";
        Standard => "standard", "by its token standard";
        WalletApp => "wallet_app", "by a wallet that serves one network only";
        Misspelt => "misspelt", "by a name one letter away";
        CoinSuffix => "coin_suffix", "named together with the coin";
        DecimalMark => "decimal_mark", "with the mark read as a decimal mark";
        GroupMark => "group_mark", "with the mark read as grouping thousands";
        Marks => "marks", "with both kinds of marks, or several";
        Multiplied => "multiplied", "with a word or letter for thousands or millions";
        Scientific => "scientific", "from scientific notation";
        BaseUnit => "base_unit", "from the coin's smallest units, named so";
        DollarCoin => "dollar_coin", "dollars, taken for a coin that is worth one";
        Approximate => "approximate", "said to be about so much";
        BesideCoin => "beside_coin", "a number beside a coin";
        Several => "several", "one of several numbers";
        ZoneStated => "zone_stated", "with its time zone";
        ZoneAbbreviation => "zone_abbreviation", "with a zone's abbreviation, which may mean several";
        ZoneAccount => "zone_account", "in the account's own time zone";
        ZoneUnknown => "zone_unknown", "without a time zone";
        DayFirst => "day_first", "the day read before the month";
        MonthFirst => "month_first", "the month read before the day";
        YearFirst => "year_first", "the year read first";
        YearGuessed => "year_guessed", "without a year: the last such day before the appeal";
        DateOnly => "date_only", "a day without a time";
        Epoch => "epoch", "seconds or milliseconds since 1970";
        Serial => "serial", "a spreadsheet's day number";
        Relative => "relative", "counted back from the appeal";
        OtherCalendar => "other_calendar", "from another calendar";
    }
}

rules! {
    /// Something in an appeal that is no clue to the payment and that a person should know of. Its text is not repeated here.
    pub enum Flag {
        LookAlikes => "look_alikes", "letters of another script stand among Latin ones";
        EMail => "e_mail", "an e-mail address";
        Account => "account", "an account number, not a transaction";
        OtherRecord => "other_record", "a number of another record: an order, a withdrawal, a block";
        Picture => "picture", "only a picture: ask for the text in it";
        TestNetwork => "test_network", "a link to a test network, whose coins are worth nothing";
        Secret => "secret", "a secret was removed from the text";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn own_every_code_stands_in_the_glossary() {
        let glossary = include_str!("../../../docs/glossary.md");
        let codes = Rule::ALL.iter().map(|rule| rule.code());
        for code in codes.chain(Flag::ALL.iter().map(|flag| flag.code())) {
            assert!(glossary.contains(&format!("| `{code}` |")), "{code}");
        }
    }

    #[test]
    fn own_codes_are_distinct() {
        let codes: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.code()).collect();
        assert_eq!(codes.len(), Rule::ALL.len());
        let codes: BTreeSet<&str> = Flag::ALL.iter().map(|flag| flag.code()).collect();
        assert_eq!(codes.len(), Flag::ALL.len());
    }
}
