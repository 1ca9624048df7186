//! Colours that people with any colour vision tell apart.

/// A colour: red, green, blue.
pub type Rgb = [u8; 3];

/// The colour of the paper.
pub const WHITE: Rgb = [255, 255, 255];
/// The colour of titles and axis labels.
pub const INK: Rgb = [26, 26, 26];
/// The colour of what stands beside: tick labels, remarks, frames.
pub const GREY: Rgb = [96, 96, 96];
/// The colour of bars and lines: the blue of Okabe & Ito.
pub const BLUE: Rgb = [0, 114, 178];
/// The colour of a second curve: the vermilion of Okabe & Ito.
pub const VERMILION: Rgb = [213, 94, 0];
/// The colour of a value that is not a number.
pub const NOT_A_NUMBER: Rgb = [176, 176, 176];

/// Colours from −1 to 1: `RdBu` of `ColorBrewer`, reversed, with pure white in its middle. Even
/// steps of lightness on both sides, and told apart by people with any colour vision.
///
/// Source: Harrower & Brewer (2003), Cartogr. J. 40(1):27-37, doi:10.1179/000870403235002042.
const STOPS: [Rgb; 11] = [
    [5, 48, 97],
    [33, 102, 172],
    [67, 147, 195],
    [146, 197, 222],
    [209, 229, 240],
    WHITE,
    [253, 219, 199],
    [244, 165, 130],
    [214, 96, 77],
    [178, 24, 43],
    [103, 0, 31],
];

/// Colours from 0 to 1: `viridis`. Even steps of lightness, and told apart by people with any
/// colour vision.
///
/// Source: Smith & van der Walt (2015), matplotlib 1.5.
const RISING: [Rgb; 11] = [
    [68, 1, 84],
    [72, 36, 117],
    [65, 68, 135],
    [53, 95, 141],
    [42, 120, 142],
    [33, 145, 140],
    [34, 168, 132],
    [68, 191, 112],
    [122, 209, 81],
    [189, 223, 38],
    [253, 231, 37],
];

/// The colour of `value` between `low` and `high`.
pub fn rising(value: f32, (low, high): (f32, f32)) -> Rgb {
    let share = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
    if value.is_finite() { between(&RISING, share) } else { NOT_A_NUMBER }
}

/// The colour of `value` where the full colours stand for `peak` and −`peak`.
pub fn diverging(value: f32, peak: f32) -> Rgb {
    if !value.is_finite() {
        return NOT_A_NUMBER;
    }
    let share = if peak > 0.0 { (value / peak).clamp(-1.0, 1.0) } else { 0.0 };
    between(&STOPS, f32::midpoint(share, 1.0))
}

/// The colour at a share of the way along a list of colours.
fn between(stops: &[Rgb; 11], share: f32) -> Rgb {
    let place = share * (stops.len() - 1) as f32;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 10")]
    let below = (place as usize).min(stops.len() - 2);
    mix(stops[below], stops[below + 1], place - below as f32)
}

/// A mixture of two colours: `from` at a share of 0, `to` at 1.
pub fn mix(from: Rgb, to: Rgb, share: f32) -> Rgb {
    std::array::from_fn(|i| {
        let mixed = f32::from(from[i]) * (1.0 - share) + f32::from(to[i]) * share;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
        let byte = mixed.round() as u8;
        byte
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_white_and_the_peaks_are_the_ends() {
        assert_eq!(diverging(0.0, 3.0), WHITE);
        assert_eq!(diverging(3.0, 3.0), STOPS[10]);
        assert_eq!(diverging(-3.0, 3.0), STOPS[0]);
        assert_eq!(diverging(-7.0, 3.0), STOPS[0]);
        assert_eq!(diverging(0.6, 3.0), STOPS[6]);
        assert_eq!(diverging(0.0, 0.0), WHITE);
        assert_eq!(diverging(f32::NAN, 3.0), NOT_A_NUMBER);
    }

    #[test]
    fn rising_colours_go_from_the_first_to_the_last() {
        assert_eq!(rising(-1.0, (-1.0, 3.0)), RISING[0]);
        assert_eq!(rising(1.0, (-1.0, 3.0)), RISING[5]);
        assert_eq!(rising(9.0, (-1.0, 3.0)), RISING[10]);
        assert_eq!(rising(2.0, (2.0, 2.0)), RISING[0]);
        assert_eq!(rising(f32::NAN, (-1.0, 3.0)), NOT_A_NUMBER);
    }
}
