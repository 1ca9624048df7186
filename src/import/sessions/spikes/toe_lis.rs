//! `toe_lis`, the format of spike times of the Margoliash laboratory: the number of channels, that
//! of trials, the number of the line at which the block of each channel begins; in a block a count for
//! each trial, then all times, one a line. Read as one line a repeat it would be all repeats of one
//! spike, so that a file which begins so is read as what it is or refused.
use std::ops::Range;

/// Lines in front of those that say where blocks begin.
const HEAD: usize = 2;

/// The lines, from 0, of each trial of the only channel; nothing where it is no such file.
///
/// # Errors
/// It begins as one but goes on otherwise, or has several channels; says what was found and what
/// was expected.
pub fn trials(lines: &[&str]) -> Option<Result<Vec<Range<usize>>, String>> {
    let filled = lines.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
    let lines = &lines[..filled];
    let whole = |line: usize| lines.get(line)?.trim().parse::<usize>().ok();
    let (channels, trials) = (whole(0)?, whole(1)?);
    let single = lines.iter().all(|line| line.split_whitespace().count() == 1);
    let begins = channels.checked_add(HEAD).is_some_and(|head| whole(HEAD) == Some(head + 1));
    if channels == 0 || trials == 0 || !begins || !single {
        return None;
    }
    if channels > 1 {
        let what = "expected one, since a folder is a neuron; write each channel to a folder of \
                    its own";
        return Some(Err(format!("found {channels} channels, {what}")));
    }
    Some(blocks(lines, trials, whole))
}

fn blocks(
    lines: &[&str],
    trials: usize,
    whole: impl Fn(usize) -> Option<usize>,
) -> Result<Vec<Range<usize>>, String> {
    let counts = HEAD + 1;
    let mut from = counts.saturating_add(trials);
    let mut blocks = Vec::new();
    // No more than there are lines: a damaged number of trials may be huge.
    for line in counts..from.min(lines.len() + 1) {
        let count = whole(line).ok_or_else(|| {
            let found = lines.get(line).map_or("the end of the file", |line| line.trim());
            format!("line {} is {found:?}, expected the number of spikes of a trial", line + 1)
        })?;
        let to = from.saturating_add(count);
        blocks.push(from..to);
        from = to;
    }
    if from != lines.len() {
        let found = format!("its counts end at line {from}, the file at line {}", lines.len());
        return Err(format!("{found}, expected both at one; write the file again"));
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Result<Vec<Range<usize>>, String>> {
        trials(&text.lines().collect::<Vec<_>>())
    }

    #[test]
    fn the_trials_of_a_channel_are_blocks_of_lines() {
        let text = "1\n3\n4\n2\n0\n1\n11.5\n20.25\n7.5\n";
        assert_eq!(read(text), Some(Ok(vec![6..8, 8..8, 8..9])));
        assert_eq!(read("1\n2\n4\n0\n0\n\n"), Some(Ok(vec![5..5, 5..5])));
    }

    #[test]
    fn other_lists_of_numbers_are_none() {
        for text in
            ["", "1\n2\n3\n", "10\n40000\n1.5\n", "1\n2\n4\n2 3\n", "1.5\n2\n4\n", "0\n2\n3\n"]
        {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_begins_so_and_goes_on_otherwise_is_refused() {
        let refused = |text: &str| read(text).unwrap().unwrap_err();
        assert!(refused("2\n1\n5\n7\n1\n3.5\n1\n4.5\n").starts_with("found 2 channels"));
        let cut = refused("1\n2\n4\n2\n1\n11.5\n20.5\n");
        assert_eq!(
            cut,
            "its counts end at line 8, the file at line 7, expected both at one; write the file again"
        );
        let text = refused("1\n2\n4\n2\n1.5\n11.5\n20.5\n");
        assert_eq!(text, "line 5 is \"1.5\", expected the number of spikes of a trial");
        assert!(refused("1\n99999999999\n4\n0\n").contains("the end of the file"));
    }
}
