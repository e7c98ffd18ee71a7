//! What a plain scalar means in YAML 1.2's core schema.
//!
//! In: a scalar without quotes. Out: nothing, true or false, a number or text; or the words why it is none that JSON and
//! Airflow could hold. `yes`, `no`, `on`, `off` are text, as YAML 1.2 says.

use serde_json::Number;

use super::tree::NodeValue;
use crate::diagnostic::{Code, quote};
use crate::json::is_exact;

/// A plain scalar that has no value: its code, the words and the way out.
#[derive(Debug, PartialEq)]
pub(super) struct NoValue {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) help: String,
}

/// The value of a plain scalar.
pub(super) fn value_of(text: &str) -> Result<NodeValue, NoValue> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(NodeValue::Null),
        "true" | "True" | "TRUE" => return Ok(NodeValue::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(NodeValue::Bool(false)),
        _ => {}
    }
    if is_not_finite(text) {
        return Err(NoValue {
            code: Code::WRONG_TYPE,
            message: format!("{} is not a number that can be sent", quote(text)),
            help: format!("write a finite number, or \"{text}\" if text is meant"),
        });
    }
    match number_of(text) {
        Numeric::Number(number) => Ok(NodeValue::Number(number)),
        Numeric::TooLarge => Err(NoValue {
            code: Code::OUT_OF_RANGE,
            message: format!("the number {} is too large", quote(text)),
            help: "put it in quotes if text is meant".to_owned(),
        }),
        Numeric::TooFine => Err(NoValue {
            code: Code::OUT_OF_RANGE,
            message: format!("the number {} has more digits than can be kept", quote(text)),
            help: "round it, or put it in quotes if text is meant".to_owned(),
        }),
        Numeric::Text => Ok(NodeValue::String(text.to_owned())),
    }
}

fn is_not_finite(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// A plain scalar read as a number.
enum Numeric {
    /// It is not written like one.
    Text,
    /// It is one.
    Number(Number),
    /// It is one that no JSON reader would give back unchanged.
    TooLarge,
    /// It is one that would lose digits.
    TooFine,
}

impl From<Option<Number>> for Numeric {
    fn from(number: Option<Number>) -> Self {
        number.map_or(Self::TooLarge, Self::Number)
    }
}

fn number_of(text: &str) -> Numeric {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let all = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
            return if all { u64::from_str_radix(digits, radix).ok().map(Number::from).into() } else { Numeric::Text };
        }
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        let signed = text.strip_prefix('+').unwrap_or(text);
        let whole = signed.parse::<u64>().map(Number::from).or_else(|_| signed.parse::<i64>().map(Number::from));
        return whole.ok().into();
    }
    if !is_decimal(unsigned) {
        return Numeric::Text;
    }
    match text.parse::<f64>().ok().and_then(Number::from_f64) {
        Some(_) if !is_exact(text) => Numeric::TooFine,
        number => number.into(),
    }
}

/// `[0-9]* ( . [0-9]* )? ( [eE] [-+]? [0-9]+ )?` with a digit before the exponent.
fn is_decimal(unsigned: &str) -> bool {
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_is_good = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    digits(whole) && digits(fraction) && whole.len() + fraction.len() > 0 && exponent_is_good
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn json_of(text: &str) -> Value {
        let node = super::super::tree::Node {
            span: crate::source::Span::default(),
            value: value_of(text).expect("it has a value"),
        };
        node.to_json()
    }

    #[test]
    fn plain_scalars_are_typed_by_the_core_schema() {
        for (text, value) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("NULL", json!(null)),
            ("nUll", json!("nUll")),
            ("true", json!(true)),
            ("FALSE", json!(false)),
            ("yes", json!("yes")),
            ("off", json!("off")),
            ("0", json!(0)),
            ("007", json!(7)),
            ("-12", json!(-12)),
            ("+12", json!(12)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("0b11", json!("0b11")),
            ("0x", json!("0x")),
            ("-0x1", json!("-0x1")),
            ("1_000", json!("1_000")),
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("1.5", json!(1.5)),
            (".5", json!(0.5)),
            ("-1.", json!(-1.0)),
            ("1e3", json!(1000.0)),
            ("1e", json!("1e")),
            (".", json!(".")),
            ("-", json!("-")),
            ("e3", json!("e3")),
            (".e3", json!(".e3")),
            ("1.2.3", json!("1.2.3")),
            ("2026-10-01", json!("2026-10-01")),
            ("12:30", json!("12:30")),
            ("inf", json!("inf")),
            ("nan", json!("nan")),
        ] {
            assert_eq!(json_of(text), value, "{text:?}");
        }
    }

    #[test]
    fn numbers_that_json_cannot_hold_are_refused() {
        for (text, code) in [
            (".inf", Code::WRONG_TYPE),
            ("-.INF", Code::WRONG_TYPE),
            (".nan", Code::WRONG_TYPE),
            ("18446744073709551616", Code::OUT_OF_RANGE),
            ("-9223372036854775809", Code::OUT_OF_RANGE),
            ("0xFFFFFFFFFFFFFFFFF", Code::OUT_OF_RANGE),
            ("1e999", Code::OUT_OF_RANGE),
            ("0.1234567890123456789", Code::OUT_OF_RANGE),
            ("9007199254740993.0", Code::OUT_OF_RANGE),
            ("1e-999", Code::OUT_OF_RANGE),
        ] {
            assert_eq!(value_of(text).map_err(|error| error.code), Err(code), "{text}");
        }
    }
}
