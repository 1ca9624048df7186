//! Comparison of tensors, element by element.
use candle_core::{DType, Device, Result, Tensor, Var};

/// How far a value may be from its reference.
#[derive(Clone, Copy)]
pub struct Tolerance {
    /// As a share of the reference.
    pub relative: f64,
    /// Whatever the reference is.
    pub absolute: f64,
}

/// All values in row-major order.
pub fn flat(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// The largest magnitude.
pub fn largest(tensor: &Tensor) -> f64 {
    flat(tensor).into_iter().map(f64::abs).fold(0.0, f64::max)
}

/// Fails with the name, the place and both values of the worst element; NaN equals NaN only.
pub fn assert_close(name: &str, got: &Tensor, want: &Tensor, tolerance: Tolerance) {
    assert_eq!(got.dims(), want.dims(), "{name}: shape");
    let (got, want) = (flat(got), flat(want));
    let excess = |i: usize| match (got[i].is_nan(), want[i].is_nan()) {
        (true, true) => 0.0,
        (false, false) => {
            let allowed = tolerance.absolute + tolerance.relative * want[i].abs();
            (got[i] - want[i]).abs() - allowed
        }
        _ => f64::INFINITY,
    };
    let worst = (0..got.len()).max_by(|&i, &j| excess(i).total_cmp(&excess(j))).unwrap();
    assert!(excess(worst) <= 0.0, "{name}[{worst}]: got {}, want {}", got[worst], want[worst]);
}

/// The slope of `value` by one element of a parameter, over `step` to both sides of its start,
/// where it is left.
pub fn slope(
    value: &impl Fn() -> Result<Tensor>,
    (var, start): (&Var, &Tensor),
    element: usize,
    step: f64,
) -> Result<f64> {
    let at = |by: f64| {
        let mut moved = flat(start);
        moved[element] += by;
        var.set(&Tensor::from_vec(moved, var.shape(), &Device::Cpu)?)?;
        value()?.to_scalar::<f64>()
    };
    let slope = (at(step)? - at(-step)?) / (2.0 * step);
    var.set(start)?;
    Ok(slope)
}
