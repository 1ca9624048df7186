//! Scores of earlier programs, whose `cc_max` and `cc_norm_hsu` are what `cc_max_perclip` and
//! `cc_norm_hsu_perclip` are now: read by these names, so that no score stands for another.
use serde_json::Value;

/// What was called otherwise, and what it is called now.
const RENAMED: [(&str, &str); 2] =
    [("cc_max", "cc_max_perclip"), ("cc_norm_hsu", "cc_norm_hsu_perclip")];

/// A score that tables have had since.
const NEW: &str = "cc_max_squared";

/// Gives the columns of a table of scores the names that they have now.
pub fn rename_columns(names: &mut [String]) {
    if names.iter().any(|name| name == NEW) {
        return;
    }
    for name in names {
        if let Some((_, now)) = RENAMED.iter().find(|(earlier, _)| *earlier == name) {
            *name = (*now).to_owned();
        }
    }
}

/// Gives the scores of a summary the names that they have now.
pub fn rename_summary(summary: &mut Value) {
    let Some(scores) = summary["scores"].as_object_mut() else { return };
    if scores.contains_key(NEW) {
        return;
    }
    for (earlier, now) in RENAMED {
        if let Some(found) = scores.remove(earlier) {
            scores.insert(now.to_owned(), found);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scores_that_meant_something_else_are_read_by_the_names_that_they_have_now() {
        let mut names = ["cc", "cc_norm_hsu", "cc_max"].map(str::to_owned);
        rename_columns(&mut names);
        assert_eq!(names, ["cc", "cc_norm_hsu_perclip", "cc_max_perclip"]);
        let mut summary = json!({ "scores": { "cc": 1, "cc_max": 2 } });
        rename_summary(&mut summary);
        assert_eq!(summary, json!({ "scores": { "cc": 1, "cc_max_perclip": 2 } }));

        let mut names = ["cc_max", "cc_max_squared"].map(str::to_owned);
        let mut summary = json!({ "scores": { "cc_max": 2, "cc_max_squared": 4 } });
        let before = (names.clone(), summary.clone());
        rename_columns(&mut names);
        rename_summary(&mut summary);
        assert_eq!((names, summary), before);
    }
}
