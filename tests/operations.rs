//! Operations by themselves: windows against the sums that define them, Gaussian kernels against
//! their plain path.
use candle_core::{DType, Device, Result, Tensor, Var};
use strf::base::rng;
use strf::models::layers::exponential_window;
use strf::models::ops::leaky::Leak;
use strf::models::ops::{Length, gaussian_kernels, gaussian_kernels_plain};

use crate::support::compare::{Tolerance, assert_close};

/// Numbers between −1 and 1, drawn for the name.
fn noise(name: &str, shape: &[usize], dtype: DType) -> Result<Var> {
    use rand::Rng;
    let mut rng = rng::generator(7, name);
    let values: Vec<f64> =
        (0..shape.iter().product()).map(|_| rng.random_range(-1.0..1.0)).collect();
    Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(dtype)?)
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
    let (bins, tau) = (5000, 10_000.0);
    let x = noise("x", &[bins], DType::F32)?.to_vec1::<f32>()?;
    for memory in [Length::Bins(650), Length::Unlimited] {
        let mut got = vec![0_f32; bins];
        let leak = Leak { memory, scaled: false };
        leak.forward(&[1e4_f32], &[&x], &mut [&mut got]);
        // Before the clip lies its first value.
        let (decay, length) = (1.0 - 1.0 / tau, memory.within(200_000));
        let exact = |t: usize| -> f64 {
            (0..length)
                .map(|k| f64::powf(decay, k as f64) * f64::from(x[t.saturating_sub(k)]))
                .sum()
        };
        for t in [0, 1, 649, 650, 2345, 4999] {
            let (got, want) = (f64::from(got[t]), exact(t));
            assert!((got - want).abs() < 1e-5 + 1e-5 * want.abs(), "{memory:?} {t}: {got}, {want}");
        }
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
