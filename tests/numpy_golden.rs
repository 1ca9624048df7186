//! Models that deepSTRF does not have against values that NumPy computed from their formulas.
use candle_core::{DType, Result, Tensor};
use strf::models::batch::{Batch, Member};
use strf::models::layers::{Carry, Mode};

use crate::support::compare::{Tolerance, assert_close};
use crate::support::golden::Golden;

const CASES: [&str; 4] = ["numpy_cnn1d", "numpy_cnn1d_twice", "numpy_pop_ln", "numpy_gaussian"];

#[test]
fn both_paths_give_what_numpy_computed_from_the_formulas() -> Result<()> {
    for case in CASES {
        let golden = Golden::open(case);
        let (sound, want) = (&golden.io["stimulus"], &golden.io["prediction"]);
        for (dtype, within) in [(DType::F64, 1e-12), (DType::F32, 1e-6)] {
            let tolerance = Tolerance { relative: within, absolute: within };
            let (network, _params) = golden.build(dtype);
            let sound = sound.to_dtype(dtype)?;
            let plain = network.forward(&sound, None, Mode::Eval)?;
            assert_close(&format!("{case}, plain, {dtype:?}"), &plain, want, tolerance);
            for clip in 0..sound.dim(0)? {
                let clip_of = sound.narrow(0, clip, 1)?.contiguous()?;
                let batch = Batch::of(vec![Member::sound_alone(&clip_of)?]);
                let fused = network.responses(&batch)?.remove(0);
                assert_close(
                    &format!("{case}, fused, {dtype:?}"),
                    &fused,
                    &want.get(clip)?,
                    tolerance,
                );
            }
        }
    }
    Ok(())
}

#[test]
fn pieces_of_a_clip_give_what_the_whole_does() -> Result<()> {
    for case in CASES.into_iter().filter(|case| *case != "numpy_gaussian") {
        let golden = Golden::open(case);
        let (network, _params) = golden.build(DType::F64);
        let (sound, want) = (&golden.io["stimulus"], &golden.io["prediction"]);
        let carry = Carry::default();
        let pieces = [(0, 1), (1, 2), (3, 20), (23, 17)];
        let pieces =
            pieces.map(|(from, bins)| network.forward_piece(&sound.narrow(3, from, bins)?, &carry));
        let whole = Tensor::cat(&pieces.into_iter().collect::<Result<Vec<_>>>()?, 2)?;
        assert_close(case, &whole, want, Tolerance { relative: 1e-12, absolute: 1e-12 });
    }
    Ok(())
}
