//! The order in which people count: `stim2` before `stim10`.
use std::cmp::Ordering;

/// Compares digits as numbers and all else letter by letter.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (x, rest_a) = token(a);
        let (y, rest_b) = token(b);
        let order = match (number(x), number(y)) {
            (Some(x), Some(y)) => x.len().cmp(&y.len()).then(x.cmp(y)),
            _ => x.cmp(y),
        };
        if order.is_ne() || (x.is_empty() && y.is_empty()) {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
}

/// A run of digits, or one other letter, and what follows.
fn token(text: &str) -> (&str, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let length = match digits {
        0 => text.chars().next().map_or(0, char::len_utf8),
        digits => digits,
    };
    text.split_at(length)
}

/// Digits without zeros in front.
fn number(token: &str) -> Option<&str> {
    token.starts_with(|first: char| first.is_ascii_digit()).then(|| token.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_inside_names_count() {
        let mut names = ["stim10", "stim2", "stim1b", "stim1", "a", "stim02x", "ü"];
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(names, ["a", "stim1", "stim1b", "stim2", "stim02x", "stim10", "ü"]);
    }
}
