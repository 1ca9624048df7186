//! Whether a picture can be read: everything on the paper, no text over another.

/// A rectangle: left, top, right, bottom.
type Area = [f64; 4];

/// Fails unless every mark of an SVG picture lies on its paper and no two texts overlap.
#[track_caller]
pub fn assert_legible(name: &str, svg: &str) {
    let paper = svg.split("viewBox=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let paper = numbers(paper);
    let [_, _, width, height] = paper[..] else { panic!("{name}: {paper:?}") };
    let elements: Vec<&str> = svg.lines().filter(|line| line.starts_with('<')).collect();
    for element in &elements {
        for [left, top, right, bottom] in areas(element) {
            let inside = left >= -1.0 && top >= -1.0 && right <= width + 1.0;
            assert!(inside && bottom <= height + 1.0, "{name}: off the paper: {element}");
        }
    }
    let texts: Vec<(&str, Area)> =
        elements.iter().filter_map(|element| Some((*element, text(element)?))).collect();
    assert!(texts.len() > 3, "{name}: {} texts", texts.len());
    for (place, (one, a)) in texts.iter().enumerate() {
        for (other, b) in &texts[..place] {
            let apart = a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
            assert!(apart, "{name}: overlap:\n{other}\n{one}");
        }
    }
}

fn numbers(text: &str) -> Vec<f64> {
    text.split([' ', ',']).filter_map(|number| number.parse().ok()).collect()
}

fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split(&format!(" {name}=\"")).nth(1)?.split('"').next()
}

fn number(element: &str, name: &str) -> Option<f64> {
    attribute(element, name)?.parse().ok()
}

/// What an element covers; nothing for what is no mark.
fn areas(element: &str) -> Vec<Area> {
    let get = |name| number(element, name);
    if let Some(points) = attribute(element, "points") {
        return numbers(points).chunks(2).map(|p| [p[0], p[1], p[0], p[1]]).collect();
    }
    if let (Some(x), Some(y), Some(r)) = (get("cx"), get("cy"), get("r")) {
        return vec![[x - r, y - r, x + r, y + r]];
    }
    if let (Some(x), Some(y), Some(width), Some(height)) =
        (get("x"), get("y"), get("width"), get("height"))
    {
        return vec![[x, y, x + width, y + height]];
    }
    text(element).into_iter().collect()
}

/// From the height of a capital letter to below the baseline.
fn text(element: &str) -> Option<Area> {
    let get = |name| number(element, name);
    let (x, y, width, em) = (get("x")?, get("y")?, get("textLength")?, get("font-size")?);
    let start = match attribute(element, "text-anchor")? {
        "start" => 0.0,
        "middle" => -width / 2.0,
        _ => -width,
    };
    let (above, below) = (0.73 * em, 0.2 * em);
    Some(if element.contains("rotate(-90") {
        [x - above, y - start - width, x + below, y - start]
    } else {
        [x + start, y - above, x + start + width, y + below]
    })
}
