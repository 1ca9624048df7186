//! Spike times in other units than they are read in: refused with the option that reads them, unless
//! sounds are short and trials long.
use crate::support::runs::{Ran, Workplace};
use crate::support::sounds::write_mono;

const SLOW: &str = "--set frontend.min_freq_hz=100 --set frontend.max_freq_hz=900 \
                    --set frontend.bands=5";

/// A folder of one sound of so many milliseconds and its spikes, one line a repeat.
fn cell(place: &Workplace, name: &str, sound_ms: i32, repeats: &[Vec<String>]) {
    let samples: Vec<i32> = (0..2 * sound_ms).map(|n: i32| (n * n) % 977 - 488).collect();
    std::fs::create_dir_all(place.path(name)).unwrap();
    write_mono(&place.path(&format!("{name}/stim1.wav")), 2000, &samples);
    let lines: Vec<String> = repeats.iter().map(|times| times.join(" ") + "\n").collect();
    place.write(&format!("{name}/spike1"), &lines.concat());
}

/// How a time in milliseconds stands in a file.
type Written = Box<dyn Fn(f64) -> String>;

/// Four repeats of spikes every 50 ms, each repeat 7.5 ms after the one before, up to a time.
fn every_50_ms(up_to_ms: f64, written: impl Fn(f64) -> String) -> Vec<Vec<String>> {
    let times = |first: f64| (0..).map(move |n| first + 50.0 * f64::from(n));
    let repeat = |r: i32| times(22.0 + 7.5 * f64::from(r)).take_while(|t| *t < up_to_ms);
    (0..4).map(|r| repeat(r).map(&written).collect()).collect()
}

fn import(place: &Workplace, options: &str) -> Ran {
    place.strf(&format!("import spikes cell --out out.h5 --force {SLOW} {options}"))
}

/// The options that a message names, in its order.
fn options(message: &str) -> Vec<&str> {
    let inside = message.split('(').skip(1).filter_map(|rest| rest.split_once(')'));
    inside.map(|(option, _)| option).filter(|option| option.starts_with("--")).collect()
}

#[test]
fn another_unit_that_fits_is_named_and_obeyed() {
    // 20 spikes a repeat in a clip of a second.
    let samples = |rate: f64| move |t: f64| format!("{:.0}", t * rate / 1000.0);
    let cases: [(&str, Written); 6] = [
        ("--unit s", Box::new(|t| format!("{}", t / 1000.0))),
        ("--unit us", Box::new(|t| format!("{}", 1000.0 * t))),
        ("--rate-hz 20000", Box::new(samples(20_000.0))),
        ("--rate-hz 24414.0625", Box::new(samples(24_414.062_5))),
        ("--rate-hz 25000", Box::new(samples(25_000.0))),
        ("--rate-hz 30000", Box::new(samples(30_000.0))),
    ];
    let place = Workplace::empty();
    cell(&place, "cell", 1000, &every_50_ms(1000.0, |t| t.to_string()));
    assert_eq!(import(&place, "").done().stderr, "");
    let want = strf::dataset::read(&place.path("out.h5")).unwrap().recording;
    for (option, written) in cases {
        std::fs::remove_file(place.path("out.h5")).unwrap();
        cell(&place, "cell", 1000, &every_50_ms(1000.0, written));
        let ran = import(&place, "");
        assert_eq!((ran.status, options(&ran.stderr)[0]), (Some(2), option), "{}", ran.stderr);
        assert!(!place.path("out.h5").exists());
        assert_eq!(import(&place, option).done().stderr, "");
        let found = strf::dataset::read(&place.path("out.h5")).unwrap().recording;
        // Rounded to samples, no spike lies in another bin: all are half a millisecond from an edge.
        assert_eq!(found.clips[0].responses, want.clips[0].responses, "{option}");
    }
}

#[test]
fn all_units_that_fit_are_named_the_best_first() {
    let place = Workplace::empty();
    cell(&place, "cell", 1000, &every_50_ms(1000.0, |t| format!("{:.0}", 30.0 * t)));
    // Of 80 spikes, those before 666.7 ms lie inside at 20 kHz: 13 in each repeat.
    let ran = import(&place, "");
    // Those before 33.3 ms lie inside as milliseconds: 22 and 29.5.
    assert!(ran.stderr.starts_with("strf: cell: as milliseconds, 3 % of 80"), "{}", ran.stderr);
    assert_eq!(
        options(&ran.stderr),
        ["--rate-hz 30000", "--rate-hz 25000", "--rate-hz 24414.0625", "--rate-hz 20000"],
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("as samples at 20000 Hz, 65 % (--rate-hz 20000)"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_unit_given_by_an_option_is_obeyed() {
    let place = Workplace::empty();
    // As milliseconds, all lie in the first bin.
    cell(&place, "cell", 1000, &every_50_ms(1000.0, |t| (t / 1000.0).to_string()));
    assert_eq!(import(&place, "--unit ms").done().stderr, "");
    // As milliseconds, those of the first 33 ms lie inside: 22 and 29.5 ms, of 80.
    cell(&place, "cell", 1000, &every_50_ms(1000.0, |t| format!("{:.0}", 30.0 * t)));
    let ran = import(&place, "--unit ms").done();
    assert_eq!(
        ran.stderr,
        "strf: warning: cell: 98 % of the spikes lie outside of the sounds and are dropped, as they \
         may where sounds are short and trials long: cell/stim1.wav (78 of 80)\n"
    );
    let ran = import(&place, "--rate-hz 0");
    ran.refused("--rate-hz: found 0, expected samples a second, above 0");
}

#[test]
fn short_tones_in_long_trials_are_read_with_a_warning() {
    let place = Workplace::empty();
    for (tone, trial) in [(50, 1000.0), (100, 2000.0), (100, 500.0), (500, 2000.0)] {
        for digits in [0, 1] {
            // Spikes every 50 ms follow each other within a refractory period, were they samples.
            let times = every_50_ms(trial, |t| format!("{t:.digits$}"));
            let denser = times.into_iter().map(|times| {
                let near = |t: String| [format!("{}", t.parse::<f64>().unwrap() + 6.0), t];
                times.into_iter().flat_map(near).collect()
            });
            cell(&place, "cell", tone, &denser.collect::<Vec<_>>());
            let ran = import(&place, "").done();
            let said = "% of the spikes lie outside of the sounds and are dropped";
            assert!(ran.stderr.contains(said), "{tone} {trial} {digits}: {}", ran.stderr);
        }
    }
}

#[test]
fn one_neuron_in_another_unit_is_found_among_others() {
    let place = Workplace::empty();
    cell(&place, "cell/a", 1000, &every_50_ms(1000.0, |t| t.to_string()));
    cell(&place, "cell/b", 1000, &every_50_ms(1000.0, |t| (t / 1000.0).to_string()));
    import(&place, "").refused(
        "cell: as milliseconds, all 80 spikes lie at the very start of the clips of the neuron b, \
         unlike those of others, expected one unit for all; read as seconds, 100 % lie inside \
         (--unit s); import that neuron by itself with the right option, then put both files \
         together with strf import merge, or give --unit ms if it is right for all",
    );
}
