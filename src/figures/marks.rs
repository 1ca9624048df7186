//! What a picture is made of: shapes, texts, and where they lie.
use super::colour::Rgb;

/// Height of a capital letter of `DejaVu Sans` in em.
const CAPITAL_EM: f32 = 0.729;

/// Something that was drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// A filled rectangle.
    Fill(Rect, Rgb),
    /// A line through points, with round ends and joints.
    Line { points: Vec<Position>, width: f32, colour: Rgb },
    /// A filled circle.
    Dot { centre: Position, radius: f32, colour: Rgb },
    /// The pixels of a rectangle, line by line.
    Image { area: Rect, pixels: Vec<Rgb> },
    /// A text.
    Text(Text),
}

/// A text at a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// What is written.
    pub letters: String,
    /// How the letters look.
    pub style: TextStyle,
    /// Where the anchor and the baseline of the text lie.
    pub at: (usize, usize),
    /// Which point of the text lies at [`Text::at`].
    pub anchor: Anchor,
    /// Which way the text runs.
    pub direction: Direction,
    /// Pixels that the text takes along its baseline.
    pub width: usize,
}

/// A rectangle of whole pixels; `x` and `y` count from the upper left corner of the paper, right
/// and down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

impl Rect {
    /// A rectangle with `edge` more pixels on every side.
    pub fn grow(self, edge: usize) -> Self {
        let Self { x, y, width, height } = self;
        Self { x: x - edge, y: y - edge, width: width + 2 * edge, height: height + 2 * edge }
    }

    /// First column to the right of the rectangle.
    pub fn right(self) -> usize {
        self.x + self.width
    }

    /// First line below the rectangle.
    pub fn bottom(self) -> usize {
        self.y + self.height
    }

    /// Column of the middle of the rectangle.
    pub fn centre_x(self) -> usize {
        self.x + self.width / 2
    }

    /// Line of the middle of the rectangle.
    pub fn centre_y(self) -> usize {
        self.y + self.height / 2
    }

    /// What of the rectangle lies in another; empty where they do not meet.
    pub fn within(self, other: Self) -> Self {
        let x = self.x.clamp(other.x, other.right());
        let y = self.y.clamp(other.y, other.bottom());
        let (right, bottom) = (self.right().min(other.right()), self.bottom().min(other.bottom()));
        Self { x, y, width: right.saturating_sub(x), height: bottom.saturating_sub(y) }
    }
}

/// A place on the paper: pixels from the upper left corner, right and down.
pub type Position = (f32, f32);

/// Which point of a text is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    Left,
    Centre,
    Right,
}

/// Which way a text runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Right,
    Up,
}

/// Thickness of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Regular,
    Bold,
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextStyle {
    pub weight: Weight,
    /// Pixels of one em.
    pub em: f32,
    pub colour: Rgb,
}

impl TextStyle {
    /// Pixels of a capital letter above its baseline.
    pub fn capital(self) -> usize {
        whole(self.em * CAPITAL_EM)
    }
}

/// The pixel that `pixels` lies in.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
pub fn whole(pixels: f32) -> usize {
    pixels as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_another_rectangle_is_cut_off() {
        let paper = Rect { x: 0, y: 0, width: 100, height: 50 };
        let over = Rect { x: 90, y: 10, width: 20, height: 60 };
        assert_eq!(over.within(paper), Rect { x: 90, y: 10, width: 10, height: 40 });
        let beside = Rect { x: 120, y: 10, width: 20, height: 60 }.within(paper);
        assert_eq!((beside.width, beside.height), (0, 40));
    }
}
