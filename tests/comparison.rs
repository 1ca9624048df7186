//! Runs against each other, and uncertainty on the command line.
use serde_json::Value as Json;

use crate::support::runs::{LN, MODELS, NEURONS, Workplace, recording, run_file};

fn parsed(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

/// Two runs of the same data, `runs/a` and `runs/b`.
fn two_runs() -> Workplace {
    let place = Workplace::new();
    place.write("a.toml", &run_file(LN, "epochs = 1"));
    place.write("b.toml", &run_file(MODELS[0].1, "epochs = 4\nlr = 0.02"));
    place.strf("train a.toml --out runs/a").done();
    place.strf("train b.toml --out runs/b").done();
    place
}

#[test]
fn compare_says_how_scores_differ_neuron_by_neuron() {
    let place = two_runs();
    let said = place.strf("compare runs/a runs/b --score mse --csv pairs.csv").done();
    assert!(said.stdout.contains("runs/a -> runs/b"), "{}", said.stdout);
    let (a, b) =
        (place.column("runs/a/scores.csv", "mse"), place.column("runs/b/scores.csv", "mse"));
    let mean = a.iter().zip(&b).map(|(a, b)| b - a).sum::<f64>() / a.len() as f64;
    let got = place.column("pairs.csv", "difference")[0];
    assert!((got - mean).abs() < 1e-12, "{got}, want {mean}");
    let (low, high) = (place.column("pairs.csv", "low")[0], place.column("pairs.csv", "high")[0]);
    assert!(low <= mean && mean <= high && low < high, "{low} {mean} {high}");

    let narrow = "95 % intervals over fewer than 10 neurons are too narrow\nwrote pairs.csv\n";
    assert_eq!(said.stderr, narrow);

    let json = parsed(&place.strf("compare runs/b runs/a --score mse --json").done().stdout);
    assert_eq!(json[0]["too_few_for_interval"], true);
    assert_eq!(json[0]["neurons"], NEURONS);
    assert!((json[0]["difference"].as_f64().unwrap() + mean).abs() < 1e-12, "{json}");
    // Three differences: the least probability of any signs is 2 / 8.
    assert!(json[0]["p"].as_f64().unwrap() >= 0.25, "{json}");
    let same = parsed(&place.strf("compare runs/a runs/a --json").done().stdout);
    for entry in same.as_array().unwrap() {
        let (difference, p) = (&entry["difference"], [&entry["p"], &entry["p_corrected"]]);
        assert_eq!((difference, p), (&Json::from(0.0), [&Json::from(1.0); 2]), "{same}");
    }
    assert_eq!(same.as_array().unwrap().len(), 2, "cc and cc_norm");
}

#[test]
fn compare_refuses_runs_that_were_scored_on_other_responses() {
    let place = two_runs();
    place.strf("eval runs/b --split all --out runs/b --force").done();
    let said = place.strf("compare runs/a runs/b");
    assert_eq!(said.status, Some(2));
    assert!(said.stderr.contains("runs/b: found stimuli "), "{}", said.stderr);
    assert!(said.stderr.contains(" as in runs/a; compare runs"), "{}", said.stderr);

    let mut other = recording();
    other.clips[8].responses[(0, 0, 9)] += 1.0;
    place.write_data("other.h5", &other);
    place.write("c.toml", &run_file(LN, "epochs = 1").replace("data.h5", "other.h5"));
    place.strf("train c.toml --out runs/c").done();
    let said = place.strf("compare runs/a runs/c");
    assert!(said.stderr.contains("runs/c: found responses with the hashes "), "{}", said.stderr);

    place.strf("train a.toml --out runs/d --set data.skip_ms=20").done();
    let said = place.strf("compare runs/a runs/d");
    assert!(said.stderr.contains("runs/d: found skip_ms 20, expected 0"), "{}", said.stderr);

    place.strf("train a.toml --out runs/e --set data.neurons=[\"a1\",\"b2\"]").done();
    place.strf("train a.toml --out runs/f --set data.neurons=[\"c3\"]").done();
    place.strf("compare runs/e runs/f").refused(
        "runs/f: found neurons c3, expected one or more of a1, b2 as in runs/e; compare runs that \
         were scored on the same responses",
    );
}

#[test]
fn runs_that_share_some_neurons_are_compared_on_those() {
    let place = two_runs();
    place.strf("train b.toml --out runs/some --set data.neurons=[\"c3\",\"b2\"]").done();
    let said = place.strf("compare runs/a runs/some --score cc --csv pairs.csv").done();
    let note = "runs/a and runs/some are compared on the 2 neurons that both have, of 3 and 2\n";
    assert_eq!(said.stderr, format!("{note}wrote pairs.csv\n"));
    assert!(said.stdout.contains("2 of 2"), "{}", said.stdout);
    let (all, some) = (place.csv("runs/a/scores.csv"), place.csv("runs/some/scores.csv"));
    let cc = |table: &std::collections::BTreeMap<String, Vec<String>>, id: &str| -> f64 {
        let row = table["neuron"].iter().position(|known| known == id).unwrap();
        table["cc"][row].parse().unwrap()
    };
    let difference = |id: &str| cc(&some, id) - cc(&all, id);
    let want = f64::midpoint(difference("b2"), difference("c3"));
    let got = place.column("pairs.csv", "difference")[0];
    assert!((got - want).abs() < 1e-12, "{got}, want {want}");

    let three = place.strf("compare runs/a runs/b runs/some --score cc --json").done();
    let json = parsed(&three.stdout);
    let of = |place: usize| (json[place]["of"].as_u64(), json[place]["neurons_of_second"].as_u64());
    assert_eq!([of(0), of(1), of(2)], [(Some(3), Some(3)), (Some(2), Some(2)), (Some(2), Some(2))]);
    place.strf("compare runs/a runs/b runs/some --plot three.svg").done();
    assert!(place.read("three.svg").contains("2 of 2 neurons"));
    place.strf("report runs/a runs/some --out both.html").done();
    assert!(place.read("both.html").contains(note.trim()));
}

#[test]
fn p_values_are_corrected_over_pairs_and_scores() {
    let place = two_runs();
    let scores = "--score cc --score mse --score spearman";
    let said = place.strf(&format!("compare runs/a runs/b {scores} --csv pairs.csv")).done();
    assert!(said.stdout.lines().next().unwrap().ends_with("p  corrected"), "{}", said.stdout);
    let (p, corrected) = (place.column("pairs.csv", "p"), place.column("pairs.csv", "p_corrected"));
    let mut order: Vec<usize> = (0..3).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut most = 0.0_f64;
    for (rank, test) in order.into_iter().enumerate() {
        most = most.max((p[test] * (3 - rank) as f64).min(1.0));
        assert!((corrected[test] - most).abs() < 1e-12, "{p:?} {corrected:?}");
    }
}

#[test]
fn scores_of_earlier_programs_stand_for_no_others() {
    let place = two_runs();
    let table = place.csv("runs/b/scores.csv");
    let earlier = ["neuron", "repeats", "bins", "cc", "cc_norm", "cc_max"];
    let row = |row: usize| earlier.map(|name| table[name][row].clone()).join(",");
    let lines = std::iter::once(earlier.join(",")).chain((0..NEURONS).map(row));
    let text: String = lines.map(|line| line + "\n").collect();
    place.write("runs/b/scores.csv", &text);
    place.strf("compare runs/a runs/b --score cc").done();
    place.strf("compare runs/a runs/b --score cc_max").refused(
        "runs/b/scores.csv: found no column cc_max, expected one; write it anew with strf eval \
         runs/b --out runs/b --force",
    );
    place.strf("compare runs/a runs/b --score cc_max_perclip").done();
    let said = place.strf("plot runs/b ceiling --out ceiling.png");
    assert!(said.stderr.contains("whose cc_max is no ceiling of cc; score it anew"), "{said:?}");
}

#[test]
fn compare_refuses_folders_without_scores_and_damaged_ones() {
    let place = two_runs();
    place.write("runs/b/scores.csv", "neuron,repeats,bins,cc\na1,2,30,much\n");
    place.strf("compare runs/a runs/b").refused(
        "runs/b/scores.csv: found a damaged table, expected neuron,repeats,bins and scores; write \
         it anew with strf eval runs/b --out runs/b --force",
    );
    std::fs::remove_file(place.path("runs/b/scores.csv")).unwrap();
    place
        .strf("compare runs/a runs/b")
        .refused("runs/b: found no scores, expected a finished run; go on with it with --resume");
    assert_eq!(place.strf("compare runs/a").status, Some(2));
}

#[test]
fn eval_writes_intervals_and_p_values_beside_the_scores() {
    let place = two_runs();
    // Two test clips, a fraction of a second each.
    let said = place.strf("eval runs/a --permutations 50").done();
    assert!(said.stdout.contains("cc beyond chance, 50 permutations: "), "{}", said.stdout);
    let said = place.strf("eval runs/a --split all --bootstrap 50 --out sure").done();
    assert!(said.stdout.contains("95 % intervals over clips, 50 bootstraps"), "{}", said.stdout);
    let (low, high) =
        (place.column("sure/scores.csv", "cc_low"), place.column("sure/scores.csv", "cc_high"));
    assert!(low.iter().zip(&high).all(|(low, high)| low < high), "{low:?} {high:?}");
    let warning = "the intervals of 3 of 3 neurons are over 9 clips, fewer than 10, and too narrow";
    assert!(said.stderr.contains(&format!("strf: warning: {warning}")), "{}", said.stderr);
    let json = parsed(&place.read("sure/scores.json"));
    let bootstrap = &json["uncertainty"]["bootstrap"];
    assert_eq!(bootstrap["neurons"]["cc"], NEURONS);
    assert!(bootstrap["warning"].as_str().unwrap().starts_with(warning), "{json}");
    assert_eq!(place.strf("eval runs/a --per-clip --bootstrap 5").status, Some(2));
    place.strf("eval runs/a --split all --bootstrap 50 --out runs/a --force").done();
    place.strf("report runs/a --out a.html").done();
    assert!(place.read("a.html").contains(&format!("caution: {warning}")));
    let json = parsed(&place.strf("eval runs/a --split all --per-clip --json").done().stdout);
    assert_eq!(json["run"]["over"], "each clip");
}

#[test]
fn a_refused_permutation_does_not_spoil_the_bootstrap_beside_it() {
    let place = two_runs();
    let mut short = recording();
    for (index, clip) in short.clips.iter_mut().enumerate() {
        // One bin of each clip: nothing can be shifted.
        let kept = clip.responses.slice(ndarray::s![.., .., 20 + index]).to_owned();
        clip.responses.fill(f32::NAN);
        clip.responses.slice_mut(ndarray::s![.., .., 20 + index]).assign(&kept);
    }
    place.write_data("short.h5", &short);
    let said = place.strf("eval runs/a --data short.h5 --permutations 50");
    assert_eq!(said.status, Some(2));
    let found = "short.h5: found no neuron whose responses can be shifted in a circle in 20 ways";
    assert!(said.stderr.contains(found), "{}", said.stderr);
    let both = "eval runs/a --data short.h5 --permutations 50 --bootstrap 20 --out sure";
    let said = place.strf(both).done();
    let note = "3 of 3 neurons have no p: their responses can be shifted in fewer than 20 ways";
    assert!(said.stdout.contains(note), "{}", said.stdout);
    assert!(!said.stdout.contains("beyond chance"), "{}", said.stdout);
    assert!(place.column("sure/scores.csv", "cc_low").iter().all(|low| low.is_finite()));
    assert!(place.csv("sure/scores.csv")["p"].iter().all(|p| p == "NaN"));
}
