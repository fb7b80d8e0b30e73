//! Time zones as people name them.

use crate::lexicon::Words;
use jiff::civil;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::sync::LazyLock;

/// Abbreviations and what they may mean, in minutes east of UTC. Several share one: every meaning comes out.
const ABBREVIATIONS: &[(&[i64], &[&str])] = &[
    (
        &[0],
        &["utc", "gmt", "z", "zulu", "wet", "утс", "гмт", "世界时"],
    ),
    (&[60], &["cet", "mez", "west", "wat", "hora de españa"]),
    (&[120], &["cest", "mesz", "eet", "cat", "sast", "киев"]),
    (&[60, 360], &["bst"]),
    (
        &[180],
        &[
            "msk",
            "eest",
            "trt",
            "eat",
            "мск",
            "по москве",
            "по мск",
            "московское",
            "московскому",
            "moscow",
            "moscow time",
            "istanbul",
            "turkey time",
            "ast arabia",
            "توقيت مكة",
        ],
    ),
    (&[210], &["irst"]),
    (
        &[240],
        &["gst", "samt", "dubai time", "dubai", "amt armenia"],
    ),
    (&[300], &["pkt", "uzt", "yekt", "almt"]),
    (&[330, 120, 60], &["ist"]),
    (&[330], &["india", "indian time", "india time"]),
    (&[345], &["npt"]),
    (&[360], &["bdt", "omst", "kgt"]),
    (
        &[420],
        &[
            "ict",
            "wib",
            "krat",
            "bangkok time",
            "giờ việt nam",
            "gio viet nam",
            "vn time",
            "vietnam time",
        ],
    ),
    (&[480, -360, -300], &["cst"]),
    (
        &[480],
        &[
            "sgt",
            "hkt",
            "pht",
            "wita",
            "myt",
            "awst",
            "beijing time",
            "beijing",
            "china time",
            "北京时间",
            "北京時間",
            "中国时间",
            "台北时间",
            "台北時間",
            "香港时间",
            "香港時間",
            "singapore time",
        ],
    ),
    (
        &[540],
        &[
            "jst",
            "kst",
            "wit",
            "日本時間",
            "한국시간",
            "한국 시간",
            "tokyo time",
            "seoul time",
            "korea time",
            "japan time",
        ],
    ),
    (&[600], &["aest"]),
    (&[660], &["aedt"]),
    (&[720], &["nzst"]),
    (&[780], &["nzdt"]),
    (
        &[-180],
        &[
            "brt",
            "art",
            "brasilia",
            "horário de brasília",
            "brazil time",
            "hora de brasilia",
            "adt",
        ],
    ),
    (&[-240, 180], &["ast"]),
    (&[-240], &["edt", "clt", "vet", "bot"]),
    (&[-300], &["est", "cdt", "cot", "pet", "ect"]),
    (
        &[-300, -240],
        &["et", "eastern", "eastern time", "new york time"],
    ),
    (&[-360, -300], &["ct", "central time"]),
    (&[-360], &["mdt", "cdmx"]),
    (&[-420], &["mst", "pdt"]),
    (&[-480, -420], &["pt", "pacific time"]),
    (&[-480], &["pst"]),
    (&[-600], &["hst"]),
];

static ABBREVIATION_WORDS: LazyLock<Words<&'static [i64]>> = LazyLock::new(|| {
    Words::new(
        ABBREVIATIONS
            .iter()
            .flat_map(|(offsets, names)| names.iter().map(move |name| (*name, *offsets))),
    )
});

/// The offsets, in minutes east of UTC, that an abbreviation may mean.
pub(super) fn abbreviation(word: &str) -> Option<&'static [i64]> {
    ABBREVIATION_WORDS.get(word)
}

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A zone by its IANA name, from the data built in; `None` for what is no such name.
pub(super) fn by_name(name: &str) -> Option<TimeZone> {
    let is_plain = name.len() <= 40 && name.is_ascii() && name.contains('/');
    (is_plain || name.eq_ignore_ascii_case("utc"))
        .then(|| DATABASE.get(name).ok())
        .flatten()
}

/// Seconds east of UTC at a time of the zone's own clocks; of the two times that a clock shows when it is put back, the first.
pub(super) fn offset_at(zone: &TimeZone, local_seconds: i64) -> Option<i64> {
    let local = jiff::Timestamp::from_second(local_seconds).ok()?;
    let clock: civil::DateTime = TimeZone::UTC.to_datetime(local);
    let there = zone.to_ambiguous_timestamp(clock).compatible().ok()?;
    Some(local_seconds - there.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_zones_keep_their_summer_time() {
        let berlin = by_name("Europe/Berlin").unwrap();
        let seconds = |text: &str| {
            recover_core::time::Timestamp::parse(text)
                .unwrap()
                .as_seconds()
        };
        assert_eq!(
            offset_at(&berlin, seconds("2025-01-02T12:00:00Z")),
            Some(3600)
        );
        assert_eq!(
            offset_at(&berlin, seconds("2025-07-02T12:00:00Z")),
            Some(7200)
        );
        let kolkata = by_name("Asia/Kolkata").unwrap();
        assert_eq!(
            offset_at(&kolkata, seconds("2025-07-02T12:00:00Z")),
            Some(19_800)
        );
        assert!(by_name("Mars/Olympus").is_none());
        assert!(by_name("yesterday").is_none());
    }
}
