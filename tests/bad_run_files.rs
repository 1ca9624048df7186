//! What the program says of run files that are wrong: each line, and the exit status.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::path::Path;

use assert_cmd::Command;
use strf::base::wording::one_of;
use strf::models;
use strf::run_file::RunConfig;

/// A run file without problems, to which tests add some.
const SOUND: &str = "\
[data]
file = \"data.h5\"
[model]
type = \"nrf\"
";

/// Writes a run file, trains with it, and returns what stderr says behind the first line.
fn complaints(text: &str, arguments: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.toml");
    std::fs::write(&file, text).unwrap();
    let mut command = Command::cargo_bin("strf").unwrap();
    let output = command.arg("train").arg(&file).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let stderr = String::from_utf8(output.stderr).unwrap();
    let mut lines = stderr.lines().map(str::to_owned);
    let first = lines.next().unwrap();
    let complaints = lines.map(|line| line.trim_start().to_owned()).filter(|line| !is_mark(line));
    let complaints: Vec<String> = complaints.collect();
    let s = if complaints.len() == 1 { "" } else { "s" };
    assert_eq!(first, format!("strf: {}: {} problem{s}", file.display(), complaints.len()));
    complaints
}

/// Whether this shows a line of the run file, or the mark under it.
fn is_mark(line: &str) -> bool {
    line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().starts_with('|')
}

/// The only complaint about [`SOUND`] with `more` behind it.
fn complaint(more: &str) -> String {
    let complaints = complaints(&format!("{SOUND}{more}"), &[]);
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    complaints.into_iter().next().unwrap()
}

#[test]
fn the_run_file_that_these_tests_start_from_is_sound() {
    RunConfig::parse(SOUND, Path::new("run.toml"), &[]).unwrap();
}

#[test]
fn the_line_is_shown_with_a_mark_under_what_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.toml");
    std::fs::write(&file, format!("{SOUND}[train]\n  epoch = 3\nlr = 7 # fast\n")).unwrap();
    let mut command = Command::cargo_bin("strf").unwrap();
    let words = ["--set", "train.seed=-1"];
    let output = command.arg("train").arg(&file).args(words).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    let wanted = [
        "  6:3 train.epoch: found an unknown key, expected a key of [train] (did you mean epochs?)",
        "    6 |   epoch = 3",
        "      |   ^^^^^",
        "  7:6 train.lr: found 7, expected a number in (0, 1]",
        "    7 | lr = 7 # fast",
        "      |      ^",
        "  --set train.seed=-1: found -1, expected a whole number from 0 to 9223372036854775807",
    ];
    assert_eq!(said.lines().skip(1).collect::<Vec<_>>(), wanted);
}

#[test]
fn a_misspelt_key_is_named_with_the_nearest_known_one() {
    assert_eq!(
        complaint("hiden = 3\n"),
        "5:1 model.hiden: found an unknown key, expected a key of type nrf (did you mean hidden?)"
    );
    assert_eq!(
        complaint("[train]\nepoch = 3\n"),
        "6:1 train.epoch: found an unknown key, expected a key of [train] (did you mean epochs?)"
    );
    assert_eq!(
        complaint("[output]\nsharpness = 3\n"),
        "6:1 output.sharpness: found an unknown key, expected a key of [output] (its keys: folder, \
         tensorboard and tensorboard_pictures)"
    );
}

#[test]
fn a_key_of_another_part_or_section_is_sent_there() {
    assert_eq!(
        complaint("init_tau_ms = 10.0\n"),
        "5:1 model.init_tau_ms: found an unknown key, expected a key of type nrf \
         (init_tau_ms belongs to [model] with type dnet or [prefilter] with type stp)"
    );
    assert_eq!(
        complaint("lr = 0.1\n"),
        "5:1 model.lr: found an unknown key, expected a key of type nrf (lr belongs to [train])"
    );
    assert_eq!(
        complaint("[parameterization]\ntype = \"full\"\nrank = 2\n"),
        "7:1 parameterization.rank: found an unknown key, expected a key of type full \
         (rank belongs to [parameterization] with type separable or gaussian)"
    );
    assert_eq!(
        complaint("[prefilter]\ntype = \"none\"\nrectify = true\n"),
        "7:1 prefilter.rectify: found an unknown key, expected a key of type none \
         (rectify belongs to [prefilter] with type adaptrans or willmore)"
    );
}

#[test]
fn an_unknown_section_is_named_with_the_nearest_known_one() {
    assert_eq!(
        complaint("[trian]\nlr = 0.1\n"),
        "5:2 trian: found an unknown section, expected [data], [model], [prefilter], \
         [parameterization], [output_gain], [train] or [output] (did you mean train?)"
    );
}

#[test]
fn keys_outside_every_section_are_refused() {
    assert_eq!(
        complaints(&format!("lr = 0.1\nmodle = 3\noutput = \"x\"\n{SOUND}"), &[]),
        [
            "1:1 lr: found 0.1, expected a section such as [train] (lr belongs to [train])",
            "2:1 modle: found 3, expected a section such as [train] (did you mean model?)",
            "3:1 output: found \"x\", expected a section [output]",
        ]
    );
}

#[test]
fn a_wrong_type_is_refused() {
    assert_eq!(
        complaint("hidden = 20.0\n"),
        "5:10 model.hidden: found 20.0, expected a whole number from 1 to 65536"
    );
    assert_eq!(
        complaint("[train]\nlr = \"0.1\"\n"),
        "6:6 train.lr: found \"0.1\", expected a number in (0, 1]"
    );
    assert_eq!(
        complaint("[prefilter]\ntype = \"willmore\"\nrectify = 1\n"),
        "7:11 prefilter.rectify: found 1, expected true or false"
    );
    assert_eq!(
        complaint("[train]\nbest = true\n"),
        "6:8 train.best: found true, expected \"mean\" or \"per_neuron\""
    );
    assert_eq!(
        complaint("[output]\nfolder = [\"runs\"]\n"),
        "6:10 output.folder: found a list, expected a path, relative to the run file"
    );
}

#[test]
fn a_value_out_of_range_is_refused() {
    assert_eq!(
        complaint("hidden = 0\n"),
        "5:10 model.hidden: found 0, expected a whole number from 1 to 65536"
    );
    assert_eq!(
        complaint("window_ms = -45\n"),
        "5:13 model.window_ms: found -45, expected a number in (0, 10000]"
    );
    assert_eq!(
        complaint("[train]\nweight_decay = 1.5\n"),
        "6:16 train.weight_decay: found 1.5, expected a number in [0, 1]"
    );
    assert_eq!(
        complaint("[train]\nseed = 9223372036854775808\n"),
        "6:8 train.seed: found 9223372036854775808, expected a whole number from 0 to \
         9223372036854775807"
    );
}

#[test]
fn nan_and_infinity_are_no_numbers() {
    assert_eq!(
        complaint("[train]\nlr = nan\n"),
        "6:6 train.lr: found nan, expected a number in (0, 1]"
    );
    assert_eq!(
        complaint("[train]\nclip_norm = inf\n"),
        "6:13 train.clip_norm: found inf, expected a number in [0, 1000000000]"
    );
}

#[test]
fn an_unknown_part_is_named_with_the_nearest_and_all_known_ones() {
    assert_eq!(
        complaint("output = \"softpluss\"\n"),
        "5:10 model.output: found \"softpluss\", expected \"identity\", \"relu\", \"sigmoid\", \
         \"softplus\", \"parametric_sigmoid\", \"parametric_softplus\" or \"double_exponential\" \
         (did you mean softplus?)"
    );
    assert_eq!(
        complaint("[prefilter]\ntype = \"adaptran\"\n"),
        "6:8 prefilter.type: found \"adaptran\", expected \"adaptrans\", \"willmore\", \"stp\", \"log\", \"pcen\" or \"none\" \
         (did you mean adaptrans?)"
    );
    assert_eq!(
        complaint("[parameterization]\ntype = 3\n"),
        format!(
            "6:8 parameterization.type: found 3, expected {}",
            one_of(&models::parameterizations::names())
        )
    );
    assert_eq!(
        complaint("[train]\ndevice = \"gpu\"\n"),
        "6:10 train.device: found \"gpu\", expected \"cpu\", \"cuda\" or \"cuda:N\""
    );
}

#[test]
fn an_output_nonlinearity_of_the_linear_model_is_sent_to_ln() {
    let text = "[data]\nfile = \"x.h5\"\n[model]\ntype = \"linear\"\noutput = \"relu\"\n";
    assert_eq!(
        complaints(text, &[]),
        ["5:10 model.output: found \"relu\", expected \"identity\" \
          (none: with an output nonlinearity this model is called ln)"]
    );
}

#[test]
fn a_missing_section_or_key_is_asked_for() {
    let models = one_of(&strf::models::names());
    assert_eq!(
        complaints("", &[]),
        [
            "data.file: found nothing, expected a path, relative to the run file".to_owned(),
            format!("model.type: found nothing, expected {models}"),
        ]
    );
    assert_eq!(
        complaints("[data]\nskip_ms = 5.0\n  [model]\nhidden = 3\n[prefilter]\n", &[]),
        [
            "1:2 data.file: found nothing, expected a path, relative to the run file".to_owned(),
            format!("3:4 model.type: found nothing, expected {models}"),
            "5:2 prefilter.type: found nothing, expected \"adaptrans\", \"willmore\", \"stp\", \"log\", \"pcen\" or \"none\""
                .to_owned(),
        ]
    );
}

#[test]
fn a_key_or_section_that_stands_twice_is_refused_beside_all_else() {
    assert_eq!(
        complaint("type = \"ln\"\n"),
        "5:1 model.type: found a second one, expected each key once"
    );
    assert_eq!(
        complaints(&format!("{SOUND}hidden = 0\n[data]\nskip_ms = 5.0\n"), &[]),
        [
            "5:10 model.hidden: found 0, expected a whole number from 1 to 65536",
            "6:2 data: found a second one, expected each key once",
        ]
    );
}

#[test]
fn text_that_is_not_toml_is_refused_with_the_words_of_the_parser() {
    assert_eq!(
        complaints("[train]\nlr = \nlr = 1\nbest = \"mean\nseed = 1 2\n[data\n", &[]),
        [
            "2:6 syntax: found nothing, expected TOML \
             (string values must be quoted, expected literal string)",
            "3:1 train.lr: found a second one, expected each key once",
            "4:13 syntax: found nothing, expected TOML (invalid basic string, expected `\"`)",
            "5:8 syntax: found \"1 2\", expected TOML \
             (string values must be quoted, expected literal string)",
            "6:6 syntax: found nothing, expected TOML (unclosed table, expected `]`)",
        ]
    );
}

#[test]
fn columns_count_characters_not_bytes() {
    assert_eq!(
        complaints(&format!("train = {{ device = \"größe\", lr = 7 }}\n{SOUND}"), &[]),
        [
            "1:20 train.device: found \"größe\", expected \"cpu\", \"cuda\" or \"cuda:N\"",
            "1:34 train.lr: found 7, expected a number in (0, 1]",
        ]
    );
}

#[test]
fn a_split_that_makes_no_sense_is_refused() {
    let refused = |split: &str| {
        let text = format!("[data]\nfile = \"x.h5\"\nsplit = {split}\n[model]\ntype = \"ln\"\n");
        complaints(&text, &[]).join("\n")
    };
    assert_eq!(
        refused("{ train = 0.7, valid = 0.2, test = 0.2 }"),
        "3:9 data.split: found a sum of 1.1, expected fractions that sum to 1"
    );
    assert_eq!(
        refused("{ train = [\"a\"], valid = [\"b\"], test = [\"a\"] }"),
        "3:9 data.split: found \"a\" in two lists, expected each stimulus in one"
    );
    assert_eq!(
        refused("{ train = 0.7, vald = 0.15, test = 0.15 }"),
        "3:9 data.split: found the unknown key vald, expected train, valid, test and seed \
         (did you mean valid?)"
    );
}

#[test]
fn frequencies_the_wrong_way_round_are_refused() {
    assert_eq!(
        complaint("[prefilter]\ntype = \"adaptrans\"\nmin_freq_hz = 3e4\n"),
        "7:15 prefilter.min_freq_hz: found 30000.0, expected less than max_freq_hz = 20000.0"
    );
}

#[test]
fn combinations_that_make_no_sense_are_refused_with_their_reason() {
    assert_eq!(
        complaint("output = \"identity\"\n[train]\nloss = \"poisson\"\n"),
        "7:8 train.loss: found \"poisson\", expected \"mse\" with model.output = \"identity\" \
         (poisson of a negative rate is undefined, and identity can be negative)"
    );
    assert_eq!(
        complaint("[train]\nbest = \"per_neuron\"\n"),
        "6:8 train.best: found \"per_neuron\", expected \"mean\" (neurons of nrf share weights)"
    );
    let cnn2d = "[data]\nfile = \"x.h5\"\n[model]\ntype = \"cnn2d\"\n";
    assert_eq!(
        complaints(&format!("{cnn2d}[parameterization]\ntype = \"dcls\"\n"), &[]),
        ["6:8 parameterization.type: found \"dcls\", expected \"full\" with model.type = \
          \"cnn2d\" (its kernels are small filters, not STRFs)"]
    );
    let ln = "[data]\nfile = \"x.h5\"\n[model]\ntype = \"ln\"\n[train]\nbest = \"per_neuron\"\n";
    assert_eq!(
        complaints(&format!("{ln}[prefilter]\ntype = \"adaptrans\"\n"), &[]),
        ["6:8 train.best: found \"per_neuron\", expected \"mean\" (neurons share the prefilter's \
          weights, unless prefilter.learnable = false)"]
    );
}

#[test]
fn problems_of_several_prefilters_name_the_one_that_is_meant() {
    let second = "[[prefilter]]\ntype = \"willmore\"\n[[prefilter]]\n";
    assert_eq!(
        complaint(&format!("{second}type = \"adaptrans\"\nscale = \"meel\"\n")),
        "9:9 prefilter[2].scale: found \"meel\", expected \"file\", \"mel\", \"greenwood\", \
         \"erb\" or \"log\" (did you mean mel?)"
    );
    assert_eq!(
        complaint(&format!("{second}rectify = true\n").replace("rectify", "type")),
        "8:8 prefilter[2].type: found true, expected \"adaptrans\", \"willmore\", \"stp\", \"log\", \"pcen\" or \"none\""
    );
    assert_eq!(
        complaint(second),
        "7:3 prefilter[2].type: found nothing, expected \"adaptrans\", \"willmore\", \"stp\", \"log\", \"pcen\" or \"none\""
    );
    assert_eq!(
        complaint("[[prefilter]]\ntype = \"willmore\"\nrectify = 1\n"),
        "7:11 prefilter.rectify: found 1, expected true or false"
    );
    assert_eq!(
        complaint("[[train]]\nlr = 0.1\n"),
        "5:3 train: found a list, expected a section [train]"
    );
    assert_eq!(
        complaints(&format!("prefilter = [{{ type = \"willmore\" }}, 3]\n{SOUND}"), &[]),
        ["1:37 prefilter: found 3, expected [[prefilter]]"]
    );
}

#[test]
fn a_prefilter_takes_as_many_channels_as_the_one_in_front_of_it_gives() {
    for name in ["adaptrans", "willmore"] {
        assert_eq!(
            complaint(&format!(
                "[[prefilter]]\ntype = \"adaptrans\"\n[[prefilter]]\ntype = \"{name}\"\n"
            )),
            format!(
                "8:8 prefilter[2].type: found \"{name}\", expected a prefilter that takes 2 \
                 channels ({name} takes a single channel, and adaptrans in front of it gives 2)"
            )
        );
    }
    let ln = "[data]\nfile = \"x.h5\"\n[model]\ntype = \"ln\"\n[train]\nbest = \"per_neuron\"\n";
    let stack = "[[prefilter]]\ntype = \"willmore\"\n[[prefilter]]\ntype = \"adaptrans\"\n";
    assert_eq!(
        complaints(&format!("{ln}{stack}"), &[]),
        ["6:8 train.best: found \"per_neuron\", expected \"mean\" (neurons share the prefilter's \
          weights, unless prefilter[2].learnable = false)"]
    );
}

#[test]
fn overrides_of_a_prefilter_that_is_not_there_are_refused() {
    let single = format!("{SOUND}[prefilter]\ntype = \"willmore\"\n");
    for number in ["0", "3", "x", "-1", ""] {
        let set = format!("prefilter[{number}].scale=mel");
        assert_eq!(
            complaints(&single, &["--set", &set]),
            [format!(
                "--set {set}: found prefilter[{number}], expected prefilter[1] to prefilter[2]"
            )]
        );
    }
    assert_eq!(
        complaints(&single, &["--set=prefilter[2].scale=mel"]),
        ["--set prefilter[2].scale=mel: found nothing, expected \"adaptrans\", \"willmore\", \
          \"stp\", \"log\", \"pcen\" or \"none\""]
    );
    assert_eq!(
        complaints(SOUND, &["--set=train[1].lr=0.1"]),
        [
            "--set train[1].lr=0.1: found an unknown section, expected [data], [model], [prefilter], \
          [parameterization], [output_gain], [train] or [output] (did you mean train?)"
        ]
    );
}

#[test]
fn all_problems_are_reported_at_once_in_the_order_of_the_file() {
    let text = "\
[train]
epochs = -1
lrr = 0.1
[modle]
[model]
type = \"nrff\"
hiden = 3
[data]
neurons = []
";
    assert_eq!(
        complaints(text, &[]),
        [
            "2:10 train.epochs: found -1, expected a whole number from 0 to 1000000",
            "3:1 train.lrr: found an unknown key, expected a key of [train] (did you mean lr?)",
            "4:2 modle: found an unknown section, expected [data], [model], [prefilter], \
             [parameterization], [output_gain], [train] or [output] (did you mean model?)",
            &format!(
                "6:8 model.type: found \"nrff\", expected {} (did you mean nrf?)",
                one_of(&strf::models::names())
            ),
            "8:2 data.file: found nothing, expected a path, relative to the run file",
            "9:11 data.neurons: found an empty list, expected at least one id",
        ]
    );
}

#[test]
fn problems_of_overrides_name_the_option() {
    let arguments = [
        "--set=train.lr=7",
        "--set=train.device=gpu",
        "--set=train.lrr=0.1",
        "--set=foo",
        "--set=trian.lr=1",
        "--set=model.type=ln",
    ];
    assert_eq!(
        complaints(&format!("{SOUND}hidden = 3\n"), &arguments),
        [
            "5:1 model.hidden: found an unknown key, expected a key of type ln \
             (hidden belongs to [model] with type nrf, dnet or cnn2d)",
            "--set foo: found \"foo\", expected SECTION.KEY=VALUE",
            "--set trian.lr=1: found an unknown section, expected [data], [model], [prefilter], \
             [parameterization], [output_gain], [train] or [output] (did you mean train?)",
            "--set train.lrr=0.1: found an unknown key, expected a key of [train] (did you mean \
             lr?)",
            "--set train.lr=7: found 7, expected a number in (0, 1]",
            "--set train.device=gpu: found \"gpu\", expected \"cpu\", \"cuda\" or \"cuda:N\"",
        ]
    );
}

#[test]
fn a_run_file_that_cannot_be_read_is_named_with_the_cause() {
    let mut command = Command::cargo_bin("strf").unwrap();
    let output = command.args(["train", "no/such/run.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "strf: reading no/such/run.toml\n  because No such file or directory (os error 2)\n"
    );
}
