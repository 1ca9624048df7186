//! Which share of each pixel a line covers.
use super::canvas::Point;

/// Shares of the pixels of a rectangle.
pub struct Coverage {
    left: i32,
    top: i32,
    columns: usize,
    shares: Vec<f32>,
}

impl Coverage {
    /// Of a line of so many pixels with round ends and joints; nothing where a point is not finite.
    pub fn of_line(points: &[Point], width: f32) -> Self {
        let finite = points.iter().all(|(x, y)| x.is_finite() && y.is_finite());
        let mut coverage = Self::around(if finite { points } else { &[] }, width);
        if finite {
            for ends in points.windows(2) {
                coverage.add(ends[0], ends[1], width / 2.0);
            }
        }
        coverage
    }

    /// Nothing yet, in the rectangle that holds the line.
    fn around(points: &[Point], width: f32) -> Self {
        let edge = width / 2.0 + 1.0;
        let least = |pick: fn(&Point) -> f32| points.iter().map(pick).fold(f32::MAX, f32::min);
        let most = |pick: fn(&Point) -> f32| points.iter().map(pick).fold(f32::MIN, f32::max);
        if points.is_empty() {
            return Self { left: 0, top: 0, columns: 0, shares: Vec::new() };
        }
        let (left, right) = (pixel(least(|p| p.0) - edge), pixel(most(|p| p.0) + edge) + 1);
        let (top, bottom) = (pixel(least(|p| p.1) - edge), pixel(most(|p| p.1) + edge) + 1);
        let size = |from: i32, to: i32| usize::try_from(to - from).unwrap_or(0);
        let columns = size(left, right);
        Self { left, top, columns, shares: vec![0.0; columns * size(top, bottom)] }
    }

    /// A straight part; where it lies over another, the larger share counts.
    fn add(&mut self, from: Point, to: Point, radius: f32) {
        let near = Self::around(&[from, to], 2.0 * radius);
        let right = near.left + i32::try_from(near.columns).unwrap_or(0);
        let rows = i32::try_from(near.shares.len() / near.columns.max(1)).unwrap_or(0);
        let lines = near.top..near.top + rows;
        for (y, x) in lines.flat_map(|y| (near.left..right).map(move |x| (y, x))) {
            let middle = (x as f32 + 0.5, y as f32 + 0.5);
            let share = (radius + 0.5 - distance(middle, from, to)).clamp(0.0, 1.0);
            if let Some(known) = self.at(x, y) {
                *known = known.max(share);
            }
        }
    }

    fn at(&mut self, x: i32, y: i32) -> Option<&mut f32> {
        let column = usize::try_from(x - self.left).ok()?;
        let row = usize::try_from(y - self.top).ok()?;
        self.shares.get_mut(row * self.columns + column)
    }

    /// Column, line and share of each pixel that is covered.
    pub fn pixels(&self) -> impl Iterator<Item = (f32, f32, f32)> {
        let covered = self.shares.iter().enumerate().filter(|(_, share)| **share > 0.0);
        covered.map(|(at, share)| {
            let (row, column) = (at / self.columns, at % self.columns);
            (self.left as f32 + column as f32, self.top as f32 + row as f32, *share)
        })
    }
}

fn pixel(at: f32) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let pixel = at.floor() as i32;
    pixel
}

/// From a point to the straight line between two others.
fn distance(point: Point, from: Point, to: Point) -> f32 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (px, py) = (point.0 - from.0, point.1 - from.1);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 { ((px * dx + py * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (px - along * dx).hypot(py - along * dy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(points: &[Point], width: f32) -> f32 {
        Coverage::of_line(points, width).pixels().map(|(.., share)| share).sum()
    }

    #[test]
    fn a_line_covers_its_length_times_its_width() {
        let flat = covered(&[(10.0, 20.5), (110.0, 20.5)], 3.0);
        assert!((flat - 300.0).abs() < 10.0, "{flat}");
        let steep = covered(&[(10.0, 10.0), (70.0, 90.0)], 2.0);
        assert!((steep - 200.0).abs() < 8.0, "{steep}");
    }

    #[test]
    fn a_joint_is_covered_once_and_a_dot_is_round() {
        let bent = covered(&[(10.0, 10.0), (60.0, 10.0), (60.0, 60.0)], 2.0);
        assert!((bent - 200.0).abs() < 8.0, "{bent}");
        let dot = covered(&[(30.0, 30.0), (30.0, 30.0)], 20.0);
        assert!((dot - std::f32::consts::PI * 100.0).abs() < 6.0, "{dot}");
        assert!(covered(&[(f32::NAN, 0.0), (1.0, 1.0)], 2.0).abs() < 1e-9);
    }
}
