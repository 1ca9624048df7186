//! The operations with a backward pass of their own: equal to their plain paths, and to finite
//! differences in f64.
use candle_core::{DType, Device, Result, Tensor, Var};
use strf::base::rng;
use strf::models::ops::{
    Length, correlate, correlate_plain, exponential_window, exponential_window_plain,
    gaussian_kernels, gaussian_kernels_plain,
};

use crate::support::compare::{Tolerance, assert_close, flat};

/// Numbers between −1 and 1, drawn for the name.
fn noise(name: &str, shape: &[usize], dtype: DType) -> Result<Var> {
    use rand::Rng;
    let mut rng = rng::generator(7, name);
    let values: Vec<f64> =
        (0..shape.iter().product()).map(|_| rng.random_range(-1.0..1.0)).collect();
    Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(dtype)?)
}

/// Output and gradients of a weighted sum of it by both arguments.
fn run(
    operation: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
    [first, second]: [&Var; 2],
) -> Result<[Tensor; 3]> {
    let y = operation(first, second)?;
    let weights = noise("weights", y.dims(), y.dtype())?;
    let grads = (&y * weights.as_tensor().detach())?.sum_all()?.backward()?;
    // Candle leaves out the gradient of what a result does not depend on.
    let grad = |var: &Var| grads.get(var).cloned().map_or_else(|| var.zeros_like(), Ok);
    Ok([y, grad(first)?, grad(second)?])
}

/// Central differences of the same weighted sum.
fn finite_differences(
    operation: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
    arguments: [&Var; 2],
    which: usize,
) -> Result<Tensor> {
    let step = 1e-5;
    let values = flat(arguments[which]);
    let at = |i: usize, by: f64| {
        let mut moved = values.clone();
        moved[i] += by;
        let moved = Tensor::from_vec(moved, arguments[which].shape(), &Device::Cpu)?;
        let (a, b) = if which == 0 {
            (&moved, arguments[1].as_tensor())
        } else {
            (arguments[0].as_tensor(), &moved)
        };
        let y = operation(a, b)?;
        (&y * noise("weights", y.dims(), DType::F64)?.as_tensor())?.sum_all()?.to_scalar::<f64>()
    };
    let slope = |i| Ok((at(i, step)? - at(i, -step)?) / (2.0 * step));
    let slopes: Vec<f64> = (0..values.len()).map(slope).collect::<Result<_>>()?;
    Tensor::from_vec(slopes, arguments[which].shape(), &Device::Cpu)
}

fn assert_paths_agree(
    what: &str,
    fast: impl Fn(&Tensor, &Tensor) -> Result<Tensor> + Copy,
    plain: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
    shapes: [&[usize]; 2],
    prepare: impl Fn(Var) -> Result<Var>,
) -> Result<()> {
    for (dtype, relative) in [(DType::F32, 2e-5), (DType::F64, 1e-12)] {
        let first = noise("first", shapes[0], dtype)?;
        let second = prepare(noise("second", shapes[1], dtype)?)?;
        let (got, want) = (run(fast, [&first, &second])?, run(&plain, [&first, &second])?);
        for (name, (got, want)) in
            ["output", "gradient 0", "gradient 1"].iter().zip(got.iter().zip(&want))
        {
            let tolerance = Tolerance { relative, absolute: relative * 10.0 };
            assert_close(&format!("{what} {dtype:?} {name}"), got, want, tolerance);
        }
        if dtype == DType::F64 {
            for which in [0, 1] {
                let slopes = finite_differences(fast, [&first, &second], which)?;
                let tolerance = Tolerance { relative: 1e-6, absolute: 1e-7 };
                assert_close(
                    &format!("{what}: by argument {which}"),
                    &got[which + 1],
                    &slopes,
                    tolerance,
                );
            }
        }
    }
    Ok(())
}

#[test]
fn correlation_equals_its_plain_path_and_finite_differences() -> Result<()> {
    // Map (B, C, F, T), kernels (O, C, I, J), zeros on the left.
    let cases: [([usize; 4], [usize; 4], usize); 9] = [
        ([2, 3, 5, 7], [4, 3, 2, 3], 2),
        ([3, 2, 1, 11], [5, 2, 1, 4], 3),
        ([2, 1, 4, 9], [3, 1, 4, 5], 4),
        ([1, 2, 6, 5], [2, 2, 3, 3], 6),
        ([2, 3, 4, 8], [2, 3, 2, 3], 0),
        ([1, 1, 1, 1], [2, 1, 1, 3], 2),
        ([1, 1, 1, 2], [1, 1, 1, 9], 8),
        ([2, 4, 1, 6], [3, 4, 1, 1], 0),
        ([1, 2, 3, 300], [3, 2, 2, 4], 3),
    ];
    for (map, kernels, left) in cases {
        assert_paths_agree(
            &format!("{map:?} * {kernels:?}, {left} on the left"),
            |x, w| correlate(x, w, left),
            |x, w| correlate_plain(x, w, left),
            [&map, &kernels],
            Ok,
        )?;
    }
    Ok(())
}

#[test]
fn exponential_windows_equal_their_plain_path_and_finite_differences() -> Result<()> {
    let lengths = [0, 1, 2, 3, 5, 8, 13, 40].map(Length::Bins);
    for length in lengths.into_iter().chain([Length::Unlimited]) {
        for shape in [[2, 3, 13], [3, 1, 1], [1, 2, 33]] {
            assert_paths_agree(
                &format!("{length:?} over {shape:?}"),
                |x, a| exponential_window(x, a, length),
                |x, a| exponential_window_plain(x, a, length),
                [&shape, &shape[1..2]],
                |a| Var::from_tensor(&((a.as_tensor().detach() * 0.49)? + 0.5)?),
            )?;
        }
    }
    Ok(())
}

#[test]
fn exponential_windows_are_the_sum_that_defines_them() -> Result<()> {
    let (x, a) =
        (noise("x", &[2, 3, 17], DType::F64)?, Tensor::new(&[0.0, 0.6, 1.0], &Device::Cpu)?);
    for length in [1, 4, 17, 90] {
        let y = exponential_window(&x, &a, Length::Bins(length))?.to_vec3::<f64>()?;
        let (x, a) = (x.to_vec3::<f64>()?, a.to_vec1::<f64>()?);
        for (b, c, t) in
            (0..2).flat_map(|b| (0..3).flat_map(move |c| (0..17).map(move |t| (b, c, t))))
        {
            let terms = (0..length.min(t + 1))
                .map(|k| a[c].powi(i32::try_from(k).unwrap()) * x[b][c][t - k]);
            let want: f64 = terms.sum();
            assert!(
                (y[b][c][t] - want).abs() < 1e-12,
                "{length}: {b} {c} {t}: {} {want}",
                y[b][c][t]
            );
        }
    }
    Ok(())
}

#[test]
fn a_very_long_memory_keeps_its_precision() -> Result<()> {
    let x = noise("x", &[1, 1, 5000], DType::F32)?;
    let a = Tensor::new(&[0.999_9f32], &Device::Cpu)?;
    for length in [Length::Bins(650), Length::Unlimited] {
        let fast = exponential_window(&x, &a, length)?;
        let exact =
            exponential_window_plain(&x.to_dtype(DType::F64)?, &a.to_dtype(DType::F64)?, length)?;
        assert_close("long memory", &fast, &exact, Tolerance { relative: 1e-5, absolute: 1e-5 });
    }
    Ok(())
}

#[test]
fn gaussian_kernels_equal_their_plain_path() -> Result<()> {
    // Outputs, channels, Gaussians, and the grid.
    let cases = [(3, 2, 4, [7, 5]), (1, 1, 1, [1, 1]), (5, 1, 8, [34, 9]), (2, 3, 2, [1, 6])];
    for ((o, c, g, grid), dtype) in
        cases.into_iter().flat_map(|case| [DType::F32, DType::F64].map(|dtype| (case, dtype)))
    {
        let within = if dtype == DType::F32 { 1e-5 } else { 1e-11 };
        let tolerance = Tolerance { relative: within, absolute: within };
        let scaled = |name: &str, by: f64| {
            let values = noise(name, &[2, o, c, g], dtype)?;
            Var::from_tensor(&(values.as_tensor().detach() * by)?)
        };
        let (positions, widths) = (scaled("positions", 6.0)?, scaled("widths", 2.0)?);
        let weight = noise("weight", &[o, c, g], dtype)?;
        let fast = gaussian_kernels(&positions, &widths, &weight, grid)?;
        let plain = gaussian_kernels_plain(&positions, &widths, &weight, grid)?;
        assert_close("kernels", &fast, &plain, tolerance);
        let factors = noise("weights", fast.dims(), dtype)?;
        let gradients = |y: &Tensor| (y * factors.as_tensor().detach())?.sum_all()?.backward();
        let (fast, plain) = (gradients(&fast)?, gradients(&plain)?);
        for (name, var) in [("P", &positions), ("SIG", &widths), ("weight", &weight)] {
            let (got, want) = (fast.get(var).unwrap(), plain.get(var).unwrap());
            assert_close(&format!("gradient of {name} on {grid:?}"), got, want, tolerance);
        }
    }
    Ok(())
}
