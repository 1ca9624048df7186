//! The border of a part of an image.
use crate::figures::marks::Rect;
use ndarray::ArrayView2;

/// Largest thickness of the border, inside the part.
const MOST: usize = 3;

/// Lines along every edge between a cell `(F, K)` that is marked by 1 and one that is not; bands grow
/// upward and lags to the left.
pub fn sides(mask: ArrayView2<u8>, cell: impl Fn(usize, usize) -> Rect) -> Vec<Rect> {
    let marked = |band: Option<usize>, lag: Option<usize>| {
        band.zip(lag).and_then(|at| mask.get(at)) == Some(&1)
    };
    let mut sides = Vec::new();
    for ((band, lag), _) in mask.indexed_iter().filter(|(_, mark)| **mark == 1) {
        let area = cell(band, lag);
        let thickness = (area.width.min(area.height) / 4).clamp(1, MOST);
        let (width, height) = (thickness, thickness);
        let (x, y) = (area.right() - width, area.bottom() - height);
        let edges = [
            (marked(Some(band + 1), Some(lag)), Rect { height, ..area }),
            (marked(band.checked_sub(1), Some(lag)), Rect { y, height, ..area }),
            (marked(Some(band), Some(lag + 1)), Rect { width, ..area }),
            (marked(Some(band), lag.checked_sub(1)), Rect { x, width, ..area }),
        ];
        sides.extend(edges.into_iter().filter(|(goes_on, _)| !goes_on).map(|(_, edge)| edge));
    }
    sides
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_border_runs_around_what_is_marked_and_not_through_it() {
        // Two bands, three lags: now and the bin before it are marked in the lower band.
        let mask = array![[1, 1, 0], [0, 0, 0]];
        let cell = |band: usize, lag: usize| Rect {
            x: 100 - 20 * (lag + 1),
            y: 50 - 10 * (band + 1),
            width: 20,
            height: 10,
        };
        let sides = sides(mask.view(), cell);
        let want = [
            Rect { x: 80, y: 40, width: 20, height: 2 },
            Rect { x: 80, y: 48, width: 20, height: 2 },
            Rect { x: 98, y: 40, width: 2, height: 10 },
            Rect { x: 60, y: 40, width: 20, height: 2 },
            Rect { x: 60, y: 48, width: 20, height: 2 },
            Rect { x: 60, y: 40, width: 2, height: 10 },
        ];
        assert_eq!(sides, want);
    }
}
