//! MATLAB files of every version: what is asked for is read, whatever else lies in the file.
use ndarray::{Array2, Array3};
use strf::dataset::{Recording, read};

use crate::support::mat::{
    CELLS, COMPLEX, DOUBLE, FUNCTION, LETTERS, LOGICAL, Mat5, OBJECT, Order, SPARSE, mat4,
};
use crate::support::runs::{Ran, Workplace};

const ORDERS: [Order; 2] = [Order::Little, Order::Big];
/// Bands of the sound.
pub const F: usize = 2;
/// Bins of both.
pub const T: usize = 5;
/// Neurons of the responses.
pub const N: usize = 3;

/// Counts from 0 to 14, column by column.
pub fn counts() -> Vec<u8> {
    (0..15).collect()
}

/// Sound of `F` bands and `T` bins, column by column.
pub fn levels() -> Vec<f64> {
    (0..10).map(|level| f64::from(level) - 4.5).collect()
}

/// Sound and bin width; the responses are still missing.
fn sound(mat: Mat5) -> Vec<u8> {
    [mat.doubles("spec", &[F, T], &levels()), mat.doubles("dt_ms", &[1, 1], &[5.0])].concat()
}

/// A recording of that sound and those counts.
fn whole(mat: Mat5) -> Vec<u8> {
    let counts: Vec<f64> = counts().into_iter().map(f64::from).collect();
    [sound(mat), mat.doubles("resp", &[N, T], &counts)].concat()
}

/// What an import of these bytes says.
fn import(place: &Workplace, bytes: &[u8], options: &str) -> Ran {
    std::fs::write(place.path("data.mat"), bytes).unwrap();
    place.strf(&format!("import mat data.mat --out out.h5 --force {options}"))
}

/// What an import of these bytes gives.
#[track_caller]
fn imported(place: &Workplace, bytes: &[u8], options: &str) -> Recording {
    import(place, bytes, options).done();
    read(&place.path("out.h5")).unwrap().recording
}

/// Fails unless the sound is that of [`levels`] and the responses those of [`counts`].
#[track_caller]
fn assert_whole(recording: &Recording, what: &str) {
    let clip = &recording.clips[0];
    let sound = Array2::from_shape_fn((F, T), |(f, t)| (f + F * t) as f32 - 4.5);
    let counts = Array3::from_shape_fn((N, 1, T), |(n, _, t)| (n + N * t) as f32);
    assert_eq!((&clip.cochleagram, &clip.responses), (&sound, &counts), "{what}");
    assert!((recording.dt_ms - 5.0).abs() < 1e-12, "{what}");
}

#[test]
fn numbers_of_every_type_in_both_orders_are_read_compressed_or_not() {
    let place = Workplace::empty();
    // Classes of MATLAB from double to uint64, and types of the format: an array of floats is
    // stored as bytes where that is enough.
    for (class, kind) in (6..=15).chain([DOUBLE]).zip([9, 7, 1, 2, 3, 4, 5, 6, 12, 13, 2]) {
        for order in ORDERS {
            let mat = Mat5(order);
            let values = mat.element(kind, &order.stored(kind, &counts()));
            let resp = mat.array(class, &[N, T], "resp", &[values]);
            let what = format!("class {class}, type {kind}, {order:?}");
            let plain = mat.file(&[sound(mat), resp.clone()]);
            assert_whole(&imported(&place, &plain, ""), &what);
            let compressed = mat.file(&[sound(mat), mat.compressed(&resp)]);
            assert_whole(&imported(&place, &compressed, ""), &what);
        }
    }
}

/// Things that are no arrays of numbers, or damaged inside, under the name `other`.
fn others(mat: Mat5) -> Vec<(&'static str, Vec<u8>)> {
    let words = |values: &[usize]| mat.0.words(values);
    let short = mat.element(9, &mat.0.doubles(&[1.0]));
    let inner = mat.doubles("", &[1, 1], &[48_000.0]);
    vec![
        ("text in UTF-16", mat.text("other", 4, "ferret 7")),
        ("text in bytes", mat.text("other", 2, "ferret é")),
        ("text in UTF-8", mat.text("other", 16, "ferret é")),
        ("text in UTF-32", mat.text("other", 18, "ferret 7")),
        ("sparse", mat.sparse("other", &[2, 2], &[1], &[0, 0, 1], &[3.0])),
        ("sparse without a value", mat.sparse("other", &[5, 30], &[], &[0; 31], &[])),
        ("empty cells", mat.cells("other", &[1, 2], &[mat.unassigned(), mat.unassigned()])),
        ("no cells", mat.cells("other", &[0, 0], &[])),
        ("a struct", mat.structs("other", &[1, 1], &["fs"], std::slice::from_ref(&inner))),
        ("no struct", mat.structs("other", &[0, 1], &["fs"], &[])),
        ("structs", mat.structs("other", &[1, 2], &["fs"], &[inner.clone(), mat.unassigned()])),
        ("a table", mat.object("other", "table")),
        ("an object", mat.array(OBJECT, &[1, 1], "other", &[mat.element(1, b"inline")])),
        ("a function", mat.array(FUNCTION, &[1, 1], "other", &[inner])),
        ("complex", mat.array(DOUBLE | COMPLEX, &[1, 1], "other", &[short.clone(), short.clone()])),
        ("too few numbers", mat.array(DOUBLE, &[9, 9], "other", std::slice::from_ref(&short))),
        ("a class that is none", mat.array(99, &[1, 1], "other", &[short])),
        ("a size that is none", mat.array(DOUBLE, &[1, 0x8000_0000], "other", &[])),
        ("nothing", mat.array(CELLS, &[1 << 20, 1 << 10], "other", &[])),
        ("a struct of nothing", mat.array(2, &[1 << 20, 1 << 10], "other", &[])),
        ("letters without", mat.array(LETTERS, &[1, 4], "other", &[])),
        ("zeros", mat.element(14, &words(&[0; 12]))),
        ("no array", mat.element(9, &words(&[1, 2]))),
        ("no compression", mat.element(15, &words(&[7; 6]))),
    ]
}

#[test]
fn what_nobody_asks_for_need_not_be_readable() {
    let place = Workplace::empty();
    for order in ORDERS {
        let mat = Mat5(order);
        for (what, other) in others(mat) {
            let bytes = mat.file(&[other.clone(), whole(mat)]);
            assert_whole(&imported(&place, &bytes, ""), what);
            let bytes = mat.file(&[whole(mat), mat.compressed(&other)]);
            assert_whole(&imported(&place, &bytes, ""), what);
        }
    }
}

#[test]
fn damaged_variables_are_told_where_they_are_asked_for() {
    let place = Workplace::empty();
    let mat = Mat5(Order::Little);
    let short = mat.element(9, &mat.0.doubles(&[1.0, 2.0]));
    let said = |resp: &[u8]| {
        let ran = import(&place, &mat.file(&[sound(mat), resp.to_vec()]), "--responses resp");
        assert_eq!(ran.status, Some(2), "{}", ran.stdout);
        ran.stderr
    };
    let damaged = "strf: reading data.mat: resp: it is damaged (copy or save the file again)";
    let array = |dims: &[usize]| mat.array(DOUBLE, dims, "resp", std::slice::from_ref(&short));
    for (resp, cause) in [
        (array(&[3, 5]), "2 numbers for an array (3, 5)"),
        (mat.array(DOUBLE, &[1, 2], "resp", &[]), "failed to fill whole buffer"),
        (mat.array(DOUBLE, &[1, 2], "resp", &[mat.element(8, &[0; 8])]), "numbers of type 8"),
        (mat.array(CELLS, &[1 << 20, 1 << 10], "resp", &[]), "failed to fill whole buffer"),
        (
            mat.sparse("resp", &[3, 5], &[3], &[0, 0, 0, 0, 0, 1], &[1.0]),
            "a sparse array with a value outside of it",
        ),
        (
            mat.sparse("resp", &[1 << 30, 1], &[3], &[0, 1], &[1.0]),
            "a sparse array (1073741824, 1) of 1 values, too large to be filled up",
        ),
    ] {
        let text = said(&resp);
        assert!(text.starts_with(damaged) && text.contains(cause), "{cause}: {text}");
    }
    let mut nested = mat.unassigned();
    (0..40).for_each(|_| nested = mat.cells("", &[1, 1], &[nested.clone()]));
    let text = said(&mat.cells("resp", &[1, 1], &[nested]));
    assert!(text.contains("arrays in arrays, more than 32 deep"), "{text}");

    // Long enough that its end is not yet read when the file is listed.
    let counts: Vec<f64> = (0..30_000).map(|bin: i32| f64::from(bin * bin % 977)).collect();
    let mut resp = mat.compressed(&mat.doubles("resp", &[N, 10_000], &counts));
    *resp.last_mut().unwrap() ^= 1;
    let text = said(&resp);
    assert!(text.starts_with(damaged), "a checksum that is wrong: {text}");

    let text = said(&mat.element(15, &[7; 24]));
    let warned = "1 variable is damaged: not even its name can be read";
    assert!(text.contains(warned) && text.contains("--responses: found \"resp\""), "{text}");
}

#[test]
fn a_file_that_is_cut_off_or_no_matlab_file_is_refused() {
    let place = Workplace::empty();
    let mat = Mat5(Order::Big);
    let mut bytes = mat.file(&[whole(mat)]);
    bytes.truncate(bytes.len() - 8);
    let length = bytes.len();
    import(&place, &bytes, "").refused(&format!(
        "data.mat: the file ends in the middle of a variable, after {length} bytes; copy or save \
         it again"
    ));
    let bytes = mat.file(&[whole(mat), vec![0; 16]]);
    let at = bytes.len() - 16;
    import(&place, &bytes, "").refused(&format!(
        "data.mat: found type 0 at byte {at}, expected a variable; copy or save it again"
    ));
    let old = mat4(Order::Little, 0, [N, T], "resp", &[0; 100]);
    import(&place, &old, "").refused(
        "data.mat: the file ends in the middle of a variable, after 125 bytes; copy or save it \
         again",
    );
    let mut old = mat4(Order::Little, 0, [1, 1], "resp", &[0; 8]);
    old.extend([9; 30]);
    import(&place, &old, "").refused(
        "data.mat: found no variable at byte 33, where one should begin; copy or save it again",
    );
}

#[test]
fn sparse_and_logical_arrays_are_read_as_arrays() {
    let place = Workplace::empty();
    for order in ORDERS {
        let mat = Mat5(order);
        // Columns without, with one and with two values.
        let resp = mat.sparse("resp", &[N, T], &[2, 0, 1], &[0, 0, 1, 3, 3, 3], &[7.0, 8.0, 9.0]);
        let recording = imported(&place, &mat.file(&[sound(mat), resp]), "");
        let mut want = Array3::<f32>::zeros((N, 1, T));
        (want[[2, 0, 1]], want[[0, 0, 2]], want[[1, 0, 2]]) = (7.0, 8.0, 9.0);
        assert_eq!(recording.clips[0].responses, want, "{order:?}");

        // Logical ones have bytes for values.
        let parts = [(5, order.words(&[2])), (5, order.words(&[0, 0, 0, 0, 0, 1])), (2, vec![1])];
        let parts = parts.map(|(kind, bytes)| mat.element(kind, &bytes));
        let resp = mat.array(SPARSE | LOGICAL, &[N, T], "resp", &parts);
        let recording = imported(&place, &mat.file(&[sound(mat), resp]), "");
        let mut want = Array3::<f32>::zeros((N, 1, T));
        want[[2, 0, 4]] = 1.0;
        assert_eq!(recording.clips[0].responses, want, "{order:?}");

        let bits: Vec<u8> = (0..15).map(|at| at % 2).collect();
        let resp = mat.array(9 | LOGICAL, &[N, T], "resp", &[mat.element(2, &bits)]);
        let recording = imported(&place, &mat.file(&[sound(mat), resp]), "");
        let want = Array3::from_shape_fn((N, 1, T), |(n, _, t)| ((n + N * t) % 2) as f32);
        assert_eq!(recording.clips[0].responses, want, "{order:?}");
    }
    let mat = Mat5(Order::Little);
    let number = mat.element(9, &mat.0.doubles(&[1.0; 15]));
    let resp = mat.array(DOUBLE | COMPLEX, &[N, T], "resp", &[number.clone(), number]);
    import(&place, &mat.file(&[sound(mat), resp]), "").refused(
        "data.mat: 1 problem\n  resp: found complex numbers, expected numbers, or cells of numbers \
         (in MATLAB, save x = abs(x) or x = real(x))",
    );
}

#[test]
fn files_of_version_4_are_read_in_both_orders() {
    let place = Workplace::empty();
    for order in ORDERS {
        let spec = mat4(order, 0, [F, T], "spec", &order.doubles(&levels()));
        let dt_ms = mat4(order, 0, [1, 1], "dt_ms", &order.doubles(&[5.0]));
        // Codes of letters column by column: the names a, bc and d.
        let letters = order.doubles(&b"abd c ".map(f64::from));
        let names = mat4(order, 1, [3, 2], "neuron_ids", &letters);
        let start = [spec, dt_ms, names].concat();
        for (digits, kind) in [(0, 9), (10, 7), (20, 5), (30, 3), (40, 4), (50, 2)] {
            let resp = mat4(order, digits, [N, T], "resp", &order.stored(kind, &counts()));
            let recording = imported(&place, &[start.clone(), resp].concat(), "");
            assert_whole(&recording, &format!("type {digits}, {order:?}"));
            assert_eq!(recording.neuron_ids(), ["a", "bc", "d"]);
        }
        // Rows of row, column and value, both from 1, and the size at the end.
        let entries = [3.0, 1.0, 3.0, 2.0, 5.0, 5.0, 7.0, 8.0, 0.0];
        let resp = mat4(order, 2, [3, 3], "resp", &order.doubles(&entries));
        let recording = imported(&place, &[start.clone(), resp].concat(), "");
        let mut want = Array3::<f32>::zeros((N, 1, T));
        (want[[2, 0, 1]], want[[0, 0, 4]]) = (7.0, 8.0);
        assert_eq!(recording.clips[0].responses, want, "{order:?}");

        let outside = [4.0, 3.0, 2.0, 5.0, 7.0, 0.0];
        let resp = mat4(order, 2, [2, 3], "resp", &order.doubles(&outside));
        let ran = import(&place, &[start.clone(), resp].concat(), "");
        assert_eq!(ran.status, Some(2));
        assert!(ran.stderr.contains("a value outside of it"), "{}", ran.stderr);
    }
}

#[test]
fn names_in_cells_and_in_rows_of_letters_are_read() {
    let place = Workplace::empty();
    let mat = Mat5(Order::Big);
    let text = |kind, text| mat.text("", kind, text);
    let ids = [text(16, "é"), text(4, "日本"), text(18, "c")];
    let bytes = mat.file(&[whole(mat), mat.cells("neuron_ids", &[3, 1], &ids)]);
    assert_eq!(imported(&place, &bytes, "").neuron_ids(), ["é", "日本", "c"]);
    // Three rows of two letters, filled up with blanks.
    let rows = mat.array(LETTERS, &[3, 2], "neuron_ids", &[mat.element(2, b"abd c ")]);
    let bytes = mat.file(&[whole(mat), rows]);
    assert_eq!(imported(&place, &bytes, "").neuron_ids(), ["a", "bc", "d"]);
}

#[test]
fn fields_of_structs_in_structs_are_found() {
    let place = Workplace::empty();
    let mat = Mat5(Order::Little);
    let counts: Vec<f64> = counts().into_iter().map(f64::from).collect();
    let (spec, resp) = (mat.doubles("", &[F, T], &levels()), mat.doubles("", &[N, T], &counts));
    let inner = mat.structs("", &[1, 1], &["fs", "resp"], &[mat.text("", 4, "x"), resp.clone()]);
    let fields = ["note", "spec", "in"];
    let values = [mat.object("", "string"), spec, inner];
    let bytes = mat.file(&[mat.structs("data", &[1, 1], &fields, &values)]);
    assert_whole(&imported(&place, &bytes, "--dt-ms 5"), "fields");
    import(&place, &bytes, "--dt-ms 5 --responses data.in").refused(
        "data.mat: 1 problem\n  --responses: found \"data.in\", expected the name of an array (the \
         file holds data.note: MATLAB strings (an object of class string), data.spec: numbers (2, \
         5), data.in.fs: text, data.in.resp: numbers (3, 5))",
    );

    // An array of structs is a cell of each: two stimuli.
    let spec = || mat.doubles("", &[F, T], &levels());
    let values = [spec(), resp.clone(), spec(), resp];
    let data = mat.structs("data", &[1, 2], &["spec", "resp"], &values);
    let axes = "--dt-ms 5 --axes stimulus,neuron,time";
    let recording = imported(&place, &mat.file(&[data]), axes);
    assert_eq!(recording.clips.len(), 2);
    assert_whole(&recording, "an array of structs");
}

#[test]
fn empty_cells_are_missing_responses_and_are_counted() {
    let place = Workplace::empty();
    let mat = Mat5(Order::Little);
    let spec = || mat.doubles("", &[F, T], &levels());
    let resp = |first: f64| mat.doubles("", &[1, T], &[first, 1.0, 0.0, 2.0, 0.0]);
    let empty = mat.doubles("", &[0, 0], &[]);
    // Two stimuli and three neurons, column by column.
    let cells = [resp(1.0), empty, mat.unassigned(), resp(4.0), resp(5.0), resp(6.0)];
    let bytes = |cells: &[Vec<u8>]| {
        let spec = mat.cells("spec", &[2, 1], &[spec(), spec()]);
        mat.file(&[spec, mat.cells("resp", &[2, 3], cells)])
    };
    let ran = import(&place, &bytes(&cells), "--dt-ms 5").done();
    let said = "inferred: 2 of 6 cells of resp are empty: not recorded, NaN\n";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    let recording = read(&place.path("out.h5")).unwrap().recording;
    let first = |s: usize, n: usize| recording.clips[s].responses[[n, 0, 0]].to_string();
    assert_eq!([first(0, 0), first(0, 1), first(0, 2)], ["1", "NaN", "5"]);
    assert_eq!([first(1, 0), first(1, 1), first(1, 2)], ["NaN", "4", "6"]);

    let none = [mat.unassigned(), mat.unassigned()].concat();
    import(&place, &bytes(&[none.clone(), none.clone(), none]), "--dt-ms 5").refused(
        "data.mat: 1 problem\n  resp: found only empty cells, expected an array that holds \
         something",
    );
    let silent = mat.cells("spec", &[2, 1], &[spec(), mat.unassigned()]);
    let resp = mat.cells("resp", &[2, 1], &[resp(1.0), resp(2.0)]);
    import(&place, &mat.file(&[silent, resp]), "--dt-ms 5 --axes stimulus,repeat,time").refused(
        "data.mat: 1 problem\n  spec: found empty cells in place 2, expected the cochleagram of \
         each stimulus (leave these stimuli out of both arrays)",
    );
    let nothing = [sound(mat), mat.doubles("resp", &[0, 0], &[])];
    import(&place, &mat.file(&nothing), "").refused(
        "data.mat: 1 problem\n  resp: found an empty array, expected an array that holds something",
    );
}

#[test]
fn spike_times_in_cells_are_no_responses() {
    let place = Workplace::empty();
    let mat = Mat5(Order::Little);
    let spec = || mat.doubles("", &[F, 40], &[0.5; 2 * 40]);
    let specs = || mat.cells("spec", &[2, 1], &[spec(), spec()]);
    let times = |times: &[f64]| mat.doubles("", &[1, times.len()], times);
    let cells = [times(&[-3.5, 1.25, 8.0, 30.5]), times(&[2.0, 9.5, 9.75, 101.0, 180.0])];
    let bytes = mat.file(&[specs(), mat.cells("spikes", &[2, 1], &cells)]);
    let message = "data.mat: 1 problem\n  spikes: found cells of shape (2, 1), the first an array \
                   of shape (1, 4), with rising numbers from -3.5 to 180, as of spike times, \
                   expected a count or rate for each bin of the sound (give --spike-times spikes in \
                   place of --responses, or count them in the bins of the sound)";
    for options in ["", "--axes stimulus,time", "--axes stimulus,time --trim"] {
        import(&place, &bytes, &format!("--dt-ms 5 {options}")).refused(message);
    }
    // Two stimuli and two repeats, one without a spike.
    let cells = [cells[0].clone(), cells[1].clone(), mat.unassigned(), cells[0].clone()];
    let bytes = mat.file(&[specs(), mat.cells("spikes", &[2, 2], &cells)]);
    let ran = import(&place, &bytes, "--dt-ms 5 --axes stimulus,repeat,time --trim");
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("--spike-times spikes"), "{}", ran.stderr);
}

#[test]
fn objects_are_named_and_refused() {
    let place = Workplace::empty();
    let mat = Mat5(Order::Little);
    for (class, said) in [
        (
            "table",
            "a MATLAB table (an object of class table), expected numbers, or cells of numbers (in \
             MATLAB, save its columns as arrays, x = table2array(x))",
        ),
        (
            "myStore",
            "a MATLAB object (an object of class myStore), expected numbers, or cells of numbers \
             (in MATLAB, save what it holds as arrays)",
        ),
    ] {
        let bytes = mat.file(&[sound(mat), mat.object("resp", class)]);
        import(&place, &bytes, "").refused(&format!("data.mat: 1 problem\n  resp: found {said}"));
    }
    let bytes = mat.file(&[whole(mat), mat.object("ids", "string")]);
    import(&place, &bytes, "--neuron-ids ids").refused(
        "data.mat: 1 problem\n  --neuron-ids ids: found MATLAB strings (an object of class string), \
         expected a list of 3",
    );
    let handle = mat.array(FUNCTION, &[1, 1], "resp", &[]);
    import(&place, &mat.file(&[sound(mat), handle]), "").refused(
        "data.mat: 1 problem\n  resp: found a function handle, expected numbers, or cells of \
         numbers",
    );
}
