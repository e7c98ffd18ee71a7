//! How long something lasts, as a scenario says it: `500ms`, `2s`, `1m`, `1h30m`.
//!
//! In: the text. Out: a duration. A number without a unit is refused.

use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

/// A length of time written with its units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, JsonSchema)]
#[schemars(with = "String", extend("pattern" = r"^([0-9]{1,9}(ms|s|m|h))+$", "x-unit" = true,
    "x-expected" = "a duration such as 500ms, 2s or 1h30m", "examples" = ["500ms", "2s", "1h30m"]))]
pub struct Lasting(pub Duration);

/// The text is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration such as `500ms`, `2s` or `1m30s`")]
pub struct NotADuration(String);

impl FromStr for Lasting {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotADuration(text.to_owned());
        let mut rest = text;
        let mut total = Duration::ZERO;
        while !rest.is_empty() {
            let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?);
            let (unit, after) = after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
            let number: u32 = number.parse().map_err(|_| wrong())?;
            let unit = match unit {
                "ms" => Duration::from_millis(1),
                "s" => Duration::from_secs(1),
                "m" => Duration::from_secs(60),
                "h" => Duration::from_secs(3600),
                _ => return Err(wrong()),
            };
            total = total.saturating_add(unit.saturating_mul(number));
            rest = after;
        }
        if text.is_empty() { Err(wrong()) } else { Ok(Self(total)) }
    }
}

impl<'de> Deserialize<'de> for Lasting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit_and_may_be_joined() {
        for (text, millis) in [("500ms", 500), ("2s", 2000), ("1m30s", 90_000), ("1h", 3_600_000), ("0s", 0)] {
            assert_eq!(text.parse(), Ok(Lasting(Duration::from_millis(millis))), "{text}");
        }
        for text in ["", "5", "s", "1d", "-1s", "1.5s", "99999999999s"] {
            assert!(text.parse::<Lasting>().is_err(), "{text}");
        }
    }
}
