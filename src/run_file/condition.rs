//! A condition on an attribute or a quality, such as `"A1"` or `">0.1"`.
use std::fmt;

/// What an attribute or a quality has to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// This, compared as text.
    Is(String),
    /// A number on one side of a limit.
    Compares(Relation, f64),
}

/// On which side of a limit a number has to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
}

/// The longer signs first, so that none is taken for the start of another.
const SIGNS: [(&str, Relation); 4] = [
    (">=", Relation::AtLeast),
    ("<=", Relation::AtMost),
    (">", Relation::Above),
    ("<", Relation::Below),
];

impl Relation {
    /// Whether `number` lies on this side of `limit`; NaN lies on none.
    pub fn holds(self, number: f64, limit: f64) -> bool {
        match self {
            Self::Above => number > limit,
            Self::AtLeast => number >= limit,
            Self::Below => number < limit,
            Self::AtMost => number <= limit,
        }
    }

    fn sign(self) -> &'static str {
        SIGNS.iter().find(|(_, relation)| *relation == self).map_or("", |(sign, _)| sign)
    }
}

impl Condition {
    /// What `text` asks for; none where a sign stands before something that is no finite number.
    pub fn parse(text: &str) -> Option<Self> {
        let Some((sign, relation)) = SIGNS.iter().find(|(sign, _)| text.starts_with(sign)) else {
            return Some(Self::Is(text.to_owned()));
        };
        let limit: f64 = text[sign.len()..].trim().parse().ok()?;
        limit.is_finite().then_some(Self::Compares(*relation, limit))
    }

    /// As a run file has it.
    pub fn text(&self) -> String {
        match self {
            Self::Is(text) => text.clone(),
            Self::Compares(relation, limit) => format!("{}{limit}", relation.sign()),
        }
    }
}

/// As it stands behind a name in a message.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(text) => write!(f, "= {text:?}"),
            Self::Compares(relation, limit) => write!(f, "{} {limit}", relation.sign()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_before_a_number_compares_and_any_other_text_is_text() {
        let compares = |relation, limit| Some(Condition::Compares(relation, limit));
        assert_eq!(Condition::parse(">0.1"), compares(Relation::Above, 0.1));
        assert_eq!(Condition::parse(">= -2e3"), compares(Relation::AtLeast, -2000.0));
        assert_eq!(Condition::parse("<5"), compares(Relation::Below, 5.0));
        assert_eq!(Condition::parse("<=0"), compares(Relation::AtMost, 0.0));
        assert_eq!(Condition::parse("A1 > PEG"), Some(Condition::Is("A1 > PEG".into())));
        for text in [">", ">abc", "<=", "<nan", ">inf", "=>1>", ">=>1"] {
            let want = text.starts_with('=').then(|| Condition::Is(text.into()));
            assert_eq!(Condition::parse(text), want, "{text}");
        }
    }

    #[test]
    fn conditions_read_back_from_their_text() {
        for text in [">0.30000000000000004", "<=-0.0000001", "A1", ">=1", "<2.5"] {
            let condition = Condition::parse(text).unwrap();
            assert_eq!(condition.text(), text);
        }
    }

    #[test]
    fn limits_themselves_are_met_by_two_relations_and_nan_by_none() {
        let holds = |number| SIGNS.map(|(_, relation)| relation.holds(number, 0.5));
        assert_eq!(holds(0.5), [true, true, false, false]);
        assert_eq!(holds(0.6), [true, false, true, false]);
        assert_eq!(holds(0.4), [false, true, false, true]);
        assert_eq!(holds(f64::NAN), [false; 4]);
    }
}
