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

    let json = parsed(&place.strf("compare runs/b runs/a --score mse --json").done().stdout);
    assert_eq!(json[0]["neurons"], NEURONS);
    assert!((json[0]["difference"].as_f64().unwrap() + mean).abs() < 1e-12, "{json}");
    // Three differences: the least probability of any signs is 2 / 8.
    assert!(json[0]["p"].as_f64().unwrap() >= 0.25, "{json}");
    let same = parsed(&place.strf("compare runs/a runs/a --json").done().stdout);
    assert_eq!((&same[0]["difference"], &same[0]["p"]), (&Json::from(0.0), &Json::Null));
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

    place.write_data("other.h5", &recording());
    place.write("c.toml", &run_file(LN, "epochs = 1").replace("data.h5", "other.h5"));
    place.strf("train c.toml --out runs/c").done();
    let said = place.strf("compare runs/a runs/c");
    assert!(said.stderr.contains("runs/c: found data "), "{}", said.stderr);

    place.strf("train a.toml --out runs/d --set data.skip_ms=20").done();
    let said = place.strf("compare runs/a runs/d");
    assert!(said.stderr.contains("runs/d: found skip_ms 20, expected 0"), "{}", said.stderr);

    place.strf("train a.toml --out runs/e --set data.neurons=[\"a1\",\"b2\"]").done();
    let said = place.strf("compare runs/a runs/e");
    assert!(said.stderr.contains("runs/e: found neurons a1, b2, expected a1, "), "{}", said.stderr);
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
    let said = place.strf("eval runs/a --permutations 50");
    assert_eq!(said.status, Some(2));
    assert!(said.stderr.contains("data.h5: found neither enough clips"), "{}", said.stderr);
    assert!(said.stderr.contains("expected either for --permutations"), "{}", said.stderr);
    let said = place.strf("eval runs/a --split all --bootstrap 50 --out sure").done();
    assert!(said.stdout.contains("95 % intervals over clips, 50 bootstraps"), "{}", said.stdout);
    let (low, high) =
        (place.column("sure/scores.csv", "cc_low"), place.column("sure/scores.csv", "cc_high"));
    assert!(low.iter().zip(&high).all(|(low, high)| low < high), "{low:?} {high:?}");
    let json = parsed(&place.read("sure/scores.json"));
    assert_eq!(json["uncertainty"]["bootstrap"]["neurons"]["cc"], NEURONS);
    assert_eq!(place.strf("eval runs/a --per-clip --bootstrap 5").status, Some(2));
    let json = parsed(&place.strf("eval runs/a --split all --per-clip --json").done().stdout);
    assert_eq!(json["run"]["over"], "each clip");
}
